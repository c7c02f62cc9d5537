"""A small world of people and addresses, lived through in the program and told beside it.

Here: time, what staff does, what comes back; `consenting_lists` and `consenting_people` have the rest.

What is told (`Spot`, `Person`) knows no database: it is a second opinion on who agrees to what.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.addresses import parse_address
from mailer.audience import subscribers, suppressions
from mailer.bootstrap import Mailer
from mailer.bouncing.suppressing import Rules
from mailer.bouncing.taking import Intake
from mailer.database.engine import open_engine, transaction
from mailer.database.tables import OptIn
from mailer.joining.lapsing import remove_unconfirmed
from mailer.keeping.archiving import archive
from mailer.keeping.erasing import erase
from mailer.keeping.restoring import restore
from tests.support.factories import NOON
from tests.support.returned import complaint, dsn, recipient, verp
from tests.support.site import mailer_of

STEP = timedelta(hours=6)  # between two deeds: limits on mails are no part of this promise
PAUSE = timedelta(days=90)
LINKS_LAST = timedelta(days=7)


@dataclass(eq=False, slots=True)
class Person:
    """Somebody known, wherever they are now."""

    number: int
    state: str  # pending, subscribed, left; nothing: known for another newsletter only
    elsewhere: bool = False  # has to do with the other newsletter
    by_form: bool = False  # how they are pending
    undoable: bool = False
    paused_until: datetime = NOON
    linked: bool = False  # a mail with the link to their page has reached them
    before: set[str] = field(default_factory=set)  # addresses that they gave up


@dataclass(eq=False, slots=True)
class Spot:
    """One address: who is there, whether it may be written to, which links lie in its mailbox."""

    spellings: tuple[str, str]  # of one and the same address
    person: Person | None = None
    suppressed: bool = False
    closed: bool = False  # its whole domain is suppressed
    own: bool = False  # known as erased or given up: only its reader's own confirmation lifts it
    asked: bool = False  # a sign-up waits for its button
    token: str = ""
    token_until: datetime = NOON
    move: tuple[str, Person, Spot, Spot, datetime] | None = None  # link, who, from, to, until
    back: tuple[str, Person, datetime] | None = None  # to this address

    @property
    def key(self) -> str:
        return parse_address(self.spellings[0]).key

    @property
    def domain(self) -> str:
        return self.key.rpartition("@")[2]

    @property
    def shut(self) -> bool:
        """Whether nothing goes there that is not lifted by somebody else."""
        return self.suppressed or self.closed


@dataclass(slots=True)
class House:
    """One installation with two newsletters, and what is known of people outside of it.

    The story is that of one newsletter; the other one gets what it is given.
    """

    mailer: Mailer
    folder: Path
    slug: str
    other: str
    newsletter_id: int
    opt_in: OptIn
    spots: list[Spot]
    now: datetime = NOON
    steps: int = 0

    @property
    def engine(self) -> Engine:
        return self.mailer.engine

    @property
    def people(self) -> Iterator[tuple[Spot, Person]]:
        return ((spot, spot.person) for spot in self.spots if spot.person is not None)

    def agreeing(self) -> set[str]:
        """Where an issue may go now, by key."""
        return {
            spot.key
            for spot, one in self.people
            if one.state == "subscribed"
            and one.paused_until <= self.now
            and not (spot.shut or spot.own)
        }

    def do(self, deed: str, place: int) -> None:
        """Live through one deed at one address, and tell it."""
        self.now += STEP
        self.steps += 1
        getattr(self, "_" + deed.replace(" ", "_"))(self.spots[place])

    def written(self, spot: Spot) -> str:
        """The address as it is spelled this time."""
        return spot.spellings[self.steps % 2]

    # Time, and a new house.

    def _wait_a_week(self, _spot: Spot) -> None:
        self.now += LINKS_LAST

    def _wait_a_season(self, _spot: Spot) -> None:
        self.now += PAUSE

    def change_house(self) -> None:
        """Everything goes into an archive, and is read back elsewhere."""
        path = self.folder / f"{self.slug}.zip"
        archive(self.engine, path, now=self.now)
        engine = open_engine(f"sqlite:///{self.folder}/{self.slug}.db")
        restore(engine, path)
        self.mailer = mailer_of(engine)

    # What staff does.

    def _suppress(self, spot: Spot) -> None:
        with transaction(self.engine) as session:
            suppressions.add(session, self.written(spot), reason="r", source="s", now=self.now)
        spot.suppressed = True

    def _lift(self, spot: Spot) -> None:
        with transaction(self.engine) as session:
            self._take_off(session, self.written(spot))
        spot.suppressed = spot.own = False

    def _suppress_domain(self, spot: Spot) -> None:
        with transaction(self.engine) as session:
            suppressions.add(session, spot.domain, reason="r", source="s", now=self.now)
        self._close(spot.domain, closed=True)

    def _lift_domain(self, spot: Spot) -> None:
        with transaction(self.engine) as session:
            self._take_off(session, spot.domain)
        self._close(spot.domain, closed=False)

    def _take_off(self, session: Session, target: str) -> None:
        suppressions.remove(session, target, self.mailer.signer, by="s", now=self.now)

    def _close(self, domain: str, *, closed: bool) -> None:
        for one in self.spots:
            if one.domain == domain:
                one.closed = closed

    def _erase(self, spot: Spot) -> None:
        if spot.person is None:
            return
        with transaction(self.engine) as session:
            erase(session, self.written(spot), self.mailer.signer, source="s", now=self.now)
        before, spot.person = spot.person.before, None
        spot.own, spot.asked = not spot.suppressed, False
        for other in self.spots:
            if other.key in before and other.person is None:
                other.asked = False

    def _lapse(self, _spot: Spot) -> None:
        with transaction(self.engine) as session:
            remove_unconfirmed(session, self.now)
        for spot in self.spots:
            waiting = spot.person and spot.person.state == "pending" and spot.person.by_form
            if spot.person and spot.asked and waiting:
                spot.person.state = "nothing"
                if not spot.person.elsewhere:
                    spot.person = None
            spot.asked = False

    # What comes back.

    def _bounce(self, spot: Spot) -> None:
        if spot.person is not None:
            to = verp(0, spot.person.number, self.mailer.signer)
            self._take(dsn(recipient(spot.spellings[0]), to=to, Message_ID=self._report))
            spot.suppressed = True

    def _complain(self, spot: Spot) -> None:
        if spot.person is not None:
            token = self.mailer.signer.sign(0, spot.person.number)
            ours = f"To: redacted\nList-Unsubscribe: <https://mail.test/u/{token}>\n"
            self._take(complaint(ours, Message_ID=self._report))
            self._left(spot)
            spot.suppressed = True

    @property
    def _report(self) -> str:
        return f"<{self.slug}.{self.steps}@mx.test>"

    def _take(self, source: bytes) -> None:
        intake = Intake(self.engine, self.mailer.signer, Rules(), lambda: self.now)
        assert not intake.take(source).known

    def _left(self, spot: Spot) -> None:
        if spot.person is not None and spot.person.state in ("pending", "subscribed"):
            spot.person.state, spot.person.undoable = "left", True

    def _arrived(self, spot: Spot, state: str) -> Person:
        with transaction(self.engine) as session:
            number = subscribers.get(session, spot.spellings[0]).id
        spot.person = Person(number, state)
        return spot.person
