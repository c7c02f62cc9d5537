"""A small world of people and addresses, lived through in the program and told beside it.

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
from mailer.audience import preferences, subscribers, suppressions
from mailer.audience.importing import inspect, run
from mailer.audience.preferences import Preferences
from mailer.audience.readers import Visit, find_visit
from mailer.bootstrap import Mailer
from mailer.bouncing.suppressing import Rules
from mailer.bouncing.taking import Intake
from mailer.database.engine import open_engine, transaction
from mailer.database.tables import Newsletter, OptIn
from mailer.errors import Conflict, ExpiredToken
from mailer.joining import moving, signing_up
from mailer.joining.lapsing import remove_unconfirmed
from mailer.joining.office import Asked, Trace
from mailer.keeping.archiving import archive
from mailer.keeping.erasing import erase
from mailer.keeping.restoring import restore
from mailer.tokens import Reader
from tests.support.factories import NOON
from tests.support.notices import link_to
from tests.support.returned import complaint, dsn, recipient, verp
from tests.support.site import mailer_of

STEP = timedelta(hours=6)  # between two deeds: limits on mails are no part of this promise
_PAUSE = timedelta(days=90)
_LINKS_LAST = timedelta(days=7)
_CLICK = Trace("confirm")


@dataclass(eq=False, slots=True)
class Person:
    """Somebody known, wherever they are now."""

    number: int
    state: str  # pending, subscribed, left
    by_form: bool = False  # how they are pending
    undoable: bool = False
    paused_until: datetime = NOON
    linked: bool = False  # a mail with the link to their page has reached them
    before: set[str] = field(default_factory=set)  # addresses that they gave up


@dataclass(eq=False, slots=True)
class Spot:
    """One address: who is there, whether it may be written to, which links lie in its mailbox."""

    address: str
    person: Person | None = None
    suppressed: bool = False
    own: bool = False  # known as erased or given up: only its reader's own confirmation lifts it
    asked: bool = False  # a sign-up waits for its button
    token: str = ""
    token_until: datetime = NOON
    move: tuple[str, Person, Spot, Spot, datetime] | None = None  # link, who, from, to, until
    back: tuple[str, Person, datetime] | None = None  # to this address


@dataclass(slots=True)
class World:
    """One installation with one newsletter, and what is known of its people outside of it."""

    mailer: Mailer
    folder: Path
    slug: str
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
        """Where an issue may go now."""
        return {
            spot.address
            for spot, one in self.people
            if one.state == "subscribed"
            and one.paused_until <= self.now
            and not (spot.suppressed or spot.own)
        }

    def do(self, deed: str, place: int) -> None:
        """Live through one deed at one address, and tell it."""
        self.now += STEP
        self.steps += 1
        getattr(self, "_" + deed.replace(" ", "_"))(self.spots[place])

    # Time, and a new house.

    def _wait_a_week(self, _spot: Spot) -> None:
        self.now += _LINKS_LAST

    def _wait_a_season(self, _spot: Spot) -> None:
        self.now += _PAUSE

    def change_house(self) -> None:
        """Everything goes into an archive, and is read back elsewhere."""
        path = self.folder / f"{self.slug}.zip"
        archive(self.engine, path, now=self.now)
        engine = open_engine(f"sqlite:///{self.folder}/{self.slug}.db")
        restore(engine, path)
        self.mailer = mailer_of(engine)

    # Lists, and what staff does.

    def _import_subscribed(self, spot: Spot) -> None:
        self._import(spot, "subscribed")
        barred = spot.suppressed or spot.own
        if barred or (spot.person and spot.person.state == "left"):
            return
        person = spot.person or self._arrived(spot, "subscribed")
        person.state, person.by_form = "subscribed", False

    def _import_unsubscribed(self, spot: Spot) -> None:
        self._import(spot, "unsubscribed")
        if spot.person is None and (spot.suppressed or spot.own):
            return
        person = spot.person or self._arrived(spot, "left")
        person.undoable |= person.state != "left"
        person.state = "left"

    def _import(self, spot: Spot, word: str) -> None:
        path = self.folder / f"{self.slug}.csv"
        path.write_text(f"email,status,step\n{spot.address},{word},{self.steps}\n")
        run(self.engine, inspect(path), self.slug, signer=self.mailer.signer, now=self.now)

    def _suppress(self, spot: Spot) -> None:
        with transaction(self.engine) as session:
            suppressions.add(session, spot.address, reason="r", source="s", now=self.now)
        spot.suppressed = True

    def _lift(self, spot: Spot) -> None:
        with transaction(self.engine) as session:
            suppressions.remove(session, spot.address, self.mailer.signer)
        spot.suppressed = spot.own = False

    def _erase(self, spot: Spot) -> None:
        if spot.person is None:
            return
        with transaction(self.engine) as session:
            erase(session, spot.address, self.mailer.signer, source="s", now=self.now)
        before, spot.person = spot.person.before, None
        spot.own, spot.asked = not spot.suppressed, False
        for other in self.spots:
            if other.address in before and other.person is None:
                other.asked = False

    def _lapse(self, _spot: Spot) -> None:
        with transaction(self.engine) as session:
            remove_unconfirmed(session, self.now)
        for spot in self.spots:
            waiting = spot.person and spot.person.state == "pending" and spot.person.by_form
            if spot.asked and waiting:
                spot.person = None
            spot.asked = False

    # Forms, and the links of their mails.

    def _sign_up(self, spot: Spot, *, proved: bool = False) -> None:
        with transaction(self.engine) as session:
            signing_up.ask(
                session,
                self.mailer.office,
                session.get_one(Newsletter, self.newsletter_id),
                Asked(parse_address(spot.address), Trace("page"), proved=proved),
                self.now,
            )
        if spot.suppressed:
            return
        if spot.person and spot.person.state == "subscribed":
            spot.person.linked = True  # the mail that says so
            return
        at_once = self.opt_in is OptIn.SINGLE and proved and not spot.own
        if spot.person is None and at_once:
            self._arrived(spot, "subscribed").linked = True
            return
        if spot.person is None:
            self._arrived(spot, "pending").by_form = True
        spot.asked, spot.token_until = True, self.now + _LINKS_LAST
        spot.token = link_to(self.engine, "/confirm/", to=spot.address)

    def _sign_up_with_work(self, spot: Spot) -> None:
        self._sign_up(spot, proved=True)

    def _confirm(self, spot: Spot) -> None:
        if not spot.token:
            return
        try:
            with transaction(self.engine) as session:
                signing_up.confirm(session, self.mailer.office, spot.token, _CLICK, self.now)
        except (Conflict, ExpiredToken):
            assert spot.suppressed or not spot.asked or self.now >= spot.token_until
            return
        if spot.asked:
            spot.asked = spot.own = False
            person = spot.person or self._arrived(spot, "subscribed")
            person.state, person.linked = "subscribed", True

    # What people do on their own page, and with the links that move them.

    def _leave(self, spot: Spot) -> None:
        with transaction(self.engine) as session:
            if visit := self._visit(session, spot):
                preferences.leave(session, visit, method="one-click", now=self.now)
                self._left(spot)

    def _undo(self, spot: Spot) -> None:
        with transaction(self.engine) as session:
            if visit := self._visit(session, spot):
                preferences.come_back(session, visit, now=self.now)
                if spot.person and spot.person.state == "left" and spot.person.undoable:
                    spot.person.state = "subscribed"

    def _tick(self, spot: Spot) -> None:
        if self._save(spot, wanted=True) and spot.person:
            spot.person.state = "subscribed"

    def _untick(self, spot: Spot) -> None:
        if self._save(spot, wanted=False) and spot.person and spot.person.state == "subscribed":
            self._left(spot)

    def _save(self, spot: Spot, *, wanted: bool) -> bool:
        ours = frozenset({self.newsletter_id})
        form = Preferences("", None, None, ours, ours if wanted else frozenset())
        with transaction(self.engine) as session:
            visit = self._visit(session, spot)
            if visit is not None:
                preferences.save(session, visit, form, now=self.now)
        return visit is not None

    def _pause(self, spot: Spot) -> None:
        self._rest(spot, self.now + _PAUSE)

    def _resume(self, spot: Spot) -> None:
        self._rest(spot, None)

    def _rest(self, spot: Spot, until: datetime | None) -> None:
        with transaction(self.engine) as session:
            visit = self._visit(session, spot)
            if visit is not None and spot.person is not None:
                preferences.pause(session, visit, until, now=self.now)
                spot.person.paused_until = until or self.now

    def _ask_to_move(self, spot: Spot) -> None:
        new = self.spots[(self.spots.index(spot) + 1) % len(self.spots)]
        with transaction(self.engine) as session:
            visit, office = self._visit(session, spot), self.mailer.office
            if visit is None or spot.person is None:
                return
            address = parse_address(new.address)
            moving.ask_to_move(session, office, visit.subscriber_id, address, self.now)
        if not new.suppressed:
            token = link_to(self.engine, "/address/", to=new.address)
            spot.move = (token, spot.person, spot, new, self.now + _LINKS_LAST)

    def _confirm_move(self, spot: Spot) -> None:
        if spot.move is None:
            return
        token, person, old, new, until = spot.move
        possible = old.person is person and self.now < until
        if self._follow(token, new, person, possible=possible) and old is not new:
            told = not (old.suppressed or old.own)
            self._moved(person, old, new)
            if told:
                link = link_to(self.engine, "/address/", to=old.address)
                old.back = (link, person, self.now + _LINKS_LAST)

    def _take_back(self, spot: Spot) -> None:
        if spot.back is None:
            return
        token, person, until = spot.back
        now_at = next((one for one, who in self.people if who is person), None)
        possible = now_at is not None and self.now < until
        if self._follow(token, spot, person, possible=possible) and now_at is not None:
            self._moved(person, now_at, spot)

    def _follow(self, token: str, new: Spot, person: Person, *, possible: bool) -> bool:
        """Whether pressing the button of a link that moves somebody moved them."""
        try:
            with transaction(self.engine) as session:
                moving.move(session, self.mailer.office, token, _CLICK, self.now)
        except (Conflict, ExpiredToken):
            assert new.suppressed or new.person is not None or not possible
            return False
        assert new.person is person or (possible and new.person is None and not new.suppressed)
        return new.person is not person

    def _moved(self, person: Person, old: Spot, new: Spot) -> None:
        old.person, new.person = None, person
        old.own |= not old.suppressed
        new.own = False
        person.before.add(old.address)

    # What comes back.

    def _bounce(self, spot: Spot) -> None:
        if spot.person is not None:
            to = verp(0, spot.person.number, self.mailer.signer)
            self._take(dsn(recipient(spot.address), to=to, Message_ID=self._report))
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
        if spot.person is not None and spot.person.state != "left":
            spot.person.state, spot.person.undoable = "left", True

    def _arrived(self, spot: Spot, state: str) -> Person:
        with transaction(self.engine) as session:
            number = subscribers.get(session, spot.address).id
        spot.person = Person(number, state)
        return spot.person

    def _visit(self, session: Session, spot: Spot) -> Visit | None:
        """Their page, by a link that they have, or that is mailed to them now."""
        if spot.person is None:
            return None
        if not spot.person.linked:
            office, address = self.mailer.office, parse_address(spot.address)
            moving.send_link(session, office, address, None, self.now)
            spot.person.linked = not (spot.suppressed or spot.own)
        if not spot.person.linked:
            return None
        return find_visit(session, Reader(0, spot.person.number))
