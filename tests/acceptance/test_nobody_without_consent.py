"""Whatever people, files and forms do, in whatever order: an issue goes to current consent only."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.addresses import parse_address
from mailer.audience import preferences, subscribers, suppressions
from mailer.audience.importing import inspect, run
from mailer.audience.preferences import Preferences
from mailer.audience.readers import Visit, find_visit
from mailer.bootstrap import Mailer
from mailer.database.engine import reading, transaction
from mailer.database.tables import Newsletter, OptIn
from mailer.delivering import ledger, lifecycle
from mailer.delivering.recipients import load
from mailer.errors import Conflict, ExpiredToken
from mailer.joining import signing_up
from mailer.joining.lapsing import remove_unconfirmed
from mailer.joining.office import Asked, Trace
from mailer.keeping.erasing import erase
from mailer.tokens import Reader
from tests.support.factories import NOON, add_issue, add_newsletter
from tests.support.notices import link_to
from tests.support.site import mailer_of

_PEOPLE = 2
_STEP = timedelta(hours=6)  # between two steps: limits on mails are no part of this promise
_counter = itertools.count(1)
_WHO = st.sampled_from([0, 0, 0, 1])  # mostly one of them
# What is rare in life is rare here, so that long stories get far.
_DEED = st.sampled_from(
    2 * ["sign up", "sign up with work", "confirm", "leave", "import subscribed"]
    + ["import unsubscribed", "undo", "tick", "untick", "pause", "resume"]
    + ["suppress", "lift", "erase", "lapse"]
)
_DEEDS = st.lists(st.tuples(_DEED, _WHO), max_size=14)


def _story(deeds: str) -> list[tuple[str, int]]:
    """What one person did."""
    return [(deed, 0) for deed in deeds.split(", ")]


@dataclass(slots=True)
class Person:
    """What one person and others did, told without a database: a second opinion."""

    address: str
    state: str = "unknown"  # unknown, pending, subscribed, left
    by_form: bool = False  # how they are pending
    undoable: bool = False
    paused: bool = False
    erased: bool = False
    suppressed: bool = False
    asked: bool = False  # a link waits for its button
    token: str = ""

    @property
    def agrees(self) -> bool:
        """Whether an issue may reach them now."""
        barred = self.paused or self.erased or self.suppressed
        return self.state == "subscribed" and not barred


@dataclass(slots=True)
class World:
    """One installation with one newsletter, and what is known of its people outside of it."""

    mailer: Mailer
    folder: Path
    slug: str
    newsletter_id: int
    opt_in: OptIn
    people: list[Person]
    now: datetime = NOON
    steps: int = 0

    @property
    def engine(self) -> Engine:
        return self.mailer.engine

    def do(self, deed: str, person: Person) -> None:
        self.now += _STEP
        self.steps += 1
        if deed.startswith("import"):
            self._import(person, deed.removeprefix("import "))
        elif deed.startswith("sign up"):
            self._sign_up(person, proved=deed.endswith("work"))
        else:
            with transaction(self.engine) as session:
                getattr(self, f"_{deed}")(session, person)

    def _import(self, person: Person, word: str) -> None:
        path = self.folder / f"{self.slug}.csv"
        path.write_text(f"email,status,step\n{person.address},{word},{self.steps}\n")
        run(self.engine, inspect(path), self.slug, signer=self.mailer.signer, now=self.now)
        if word == "unsubscribed" and not (person.state == "unknown" and self._barred(person)):
            person.undoable |= person.state in ("subscribed", "pending")
            person.state = "left"
        elif word == "subscribed" and not self._barred(person) and person.state != "left":
            person.state, person.by_form = "subscribed", False

    def _barred(self, person: Person) -> bool:
        return person.suppressed or person.erased

    def _sign_up(self, person: Person, *, proved: bool) -> None:
        with transaction(self.engine) as session:
            signing_up.ask(
                session,
                self.mailer.office,
                session.get_one(Newsletter, self.newsletter_id),
                Asked(parse_address(person.address), Trace("page"), proved=proved),
                self.now,
            )
        if person.suppressed or person.state == "subscribed":
            return
        single = self.opt_in is OptIn.SINGLE and proved
        if person.state == "unknown" and single and not person.erased:
            person.state = "subscribed"
            return
        if person.state == "unknown":
            person.state, person.by_form = "pending", True
        person.asked = True
        person.token = link_to(self.engine, "/confirm/", to=person.address)

    def _confirm(self, session: Session, person: Person) -> None:
        if not person.token:
            return
        office, trace = self.mailer.office, Trace("confirm")
        try:
            signing_up.confirm(session, office, person.token, trace, self.now)
        except (Conflict, ExpiredToken):
            assert person.suppressed or not person.asked
            return
        if person.asked:
            person.asked, person.erased, person.state = False, False, "subscribed"

    def _leave(self, session: Session, person: Person) -> None:
        visit = self._visit(session, person)
        if visit is not None:
            preferences.leave(session, visit, method="one-click", now=self.now)
        if person.state in ("subscribed", "pending"):
            person.state, person.undoable = "left", True

    def _undo(self, session: Session, person: Person) -> None:
        visit = self._visit(session, person)
        if visit is not None:
            preferences.come_back(session, visit, now=self.now)
        if person.state == "left" and person.undoable:
            person.state = "subscribed"

    def _untick(self, session: Session, person: Person) -> None:
        self._tick(session, person, wanted=False)

    def _tick(self, session: Session, person: Person, *, wanted: bool = True) -> None:
        visit = self._visit(session, person)
        ours = frozenset({self.newsletter_id})
        if visit is not None:
            form = Preferences("", None, None, ours, ours if wanted else frozenset())
            preferences.save(session, visit, form, now=self.now)
        if wanted and person.state in ("pending", "left"):
            person.state = "subscribed"
        elif not wanted and person.state == "subscribed":
            person.state, person.undoable = "left", True

    def _pause(self, session: Session, person: Person) -> None:
        self._rest(session, person, self.now + timedelta(days=90))

    def _resume(self, session: Session, person: Person) -> None:
        self._rest(session, person, None)

    def _rest(self, session: Session, person: Person, until: datetime | None) -> None:
        visit = self._visit(session, person)
        if visit is not None:
            preferences.pause(session, visit, until, now=self.now)
            person.paused = until is not None

    def _suppress(self, session: Session, person: Person) -> None:
        suppressions.add(session, person.address, reason="r", source="s", now=self.now)
        person.suppressed = True

    def _lift(self, session: Session, person: Person) -> None:
        suppressions.remove(session, person.address, self.mailer.signer)
        person.suppressed = person.erased = False

    def _erase(self, session: Session, person: Person) -> None:
        if subscribers.find(session, person.address) is None:
            return
        erase(session, person.address, self.mailer.signer, source="s", now=self.now)
        kept = person.suppressed
        person.__init__(person.address, token=person.token, erased=True, suppressed=kept)  # type: ignore[misc]

    def _lapse(self, session: Session, _person: Person) -> None:
        remove_unconfirmed(session, self.now)
        for one in self.people:
            one.asked = False
            if one.state == "pending" and one.by_form:
                one.state, one.paused = "unknown", False

    def _visit(self, session: Session, person: Person) -> Visit | None:
        subscriber = subscribers.find(session, person.address)
        return find_visit(session, Reader(0, subscriber.id)) if subscriber else None

    def mailed(self, issue_id: int) -> set[str]:
        """Who gets the issue now: what a worker that leases its batch would hand over."""
        with transaction(self.engine) as session:
            batch = ledger.lease(session, worker="w", now=self.now, seconds=60, issue_id=issue_id)
            if batch is None:
                return set()
            ids = sorted(batch.subscriber_ids)
            found = load(session, self.newsletter_id, ids, with_fields=False, now=self.now)
            return {one.address for one in found.recipients.values()}


@pytest.fixture
def mailer(sqlite_engine: Engine) -> Mailer:
    return mailer_of(sqlite_engine)


@settings(
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(before=_story("sign up, confirm, leave, confirm"), after=[], opt_in=OptIn.DOUBLE)
@example(before=_story("sign up, confirm"), after=_story("leave, sign up"), opt_in=OptIn.DOUBLE)
@example(before=_story("sign up, confirm"), after=_story("pause"), opt_in=OptIn.SINGLE)
@example(
    before=_story("sign up with work, erase, sign up with work"), after=[], opt_in=OptIn.SINGLE
)
@example(before=_story("sign up, suppress, confirm, lift"), after=[], opt_in=OptIn.DOUBLE)
# The link of somebody who was erased confirms nobody else.
@example(
    before=[],
    after=[("sign up", 0), ("erase", 0), ("sign up", 1), ("confirm", 0)],
    opt_in=OptIn.SINGLE,
)
@given(before=_DEEDS, after=_DEEDS, opt_in=st.sampled_from(OptIn))
def test_no_sequence_of_events_mails_somebody_without_a_current_consent(
    mailer: Mailer,
    tmp_path: Path,
    before: Sequence[tuple[str, int]],
    after: Sequence[tuple[str, int]],
    opt_in: OptIn,
) -> None:
    """Who agrees when the audience is frozen and still agrees when it is sent gets it, nobody else."""
    slug = f"n{next(_counter)}"
    with transaction(mailer.engine) as session:
        newsletter_id = add_newsletter(session, slug, opt_in=opt_in).id
    people = [Person(f"p{n}.{slug}@readers.test") for n in range(_PEOPLE)]
    world = World(mailer, tmp_path, slug, newsletter_id, opt_in, people)
    for deed, who in before:
        world.do(deed, people[who])
    with transaction(world.engine) as session:
        issue_id = add_issue(session, session.get_one(Newsletter, newsletter_id)).id
    frozen = {one.address for one in people if one.state == "subscribed"}
    with transaction(world.engine) as session:
        try:
            lifecycle.start(session, issue_id, version=1, batch_size=10, now=world.now)
        except Conflict:
            assert not frozen
    for deed, who in after:
        world.do(deed, people[who])

    agreeing = {one.address for one in people if one.agrees}
    mailed = world.mailed(issue_id)

    assert mailed <= agreeing
    if not after:
        assert mailed == agreeing & frozen
    with reading(world.engine) as session:
        page = subscribers.page(session, session.get_one(Newsletter, newsletter_id))
        states = {one.subscriber.address: one.subscription.state.value for one in page}
    assert states == {
        one.address: {"subscribed": "confirmed", "left": "unsubscribed"}.get(one.state, one.state)
        for one in people
        if one.state != "unknown"
    }
