"""Whatever people, files and forms do, in whatever order: an issue goes to current consent only."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from mailer.addresses import key_of
from mailer.audience import segments, subscribers, targeting
from mailer.bootstrap import Mailer
from mailer.database.engine import reading, transaction
from mailer.database.tables import Newsletter, OptIn
from mailer.delivering import ledger, lifecycle
from mailer.delivering.recipients import load
from mailer.errors import Conflict
from tests.support.consenting import Spot
from tests.support.consenting_people import World
from tests.support.factories import add_issue, add_newsletter
from tests.support.site import mailer_of

_counter = itertools.count(1)
_PLACES = st.sampled_from([0, 0, 0, 1, 1, 2])  # mostly one of them
# What is rare in life is rare here, so that long stories get far.
_DEED = st.sampled_from(
    2 * ["sign up", "sign up with work", "confirm", "leave", "import subscribed"]
    + 2 * ["ask to move", "confirm move"]
    + ["take back", "import unsubscribed", "undo", "tick", "untick", "pause", "resume"]
    + ["import pending", "import cleaned", "add", "add elsewhere"]
    + ["suppress", "lift", "suppress domain", "lift domain", "bounce", "complain", "erase", "lapse"]
    + ["wait a week", "wait a season"]
)
_Story = Sequence[tuple[str, int]]
_DEEDS = st.lists(st.tuples(_DEED, _PLACES), max_size=16)
_NOW_AND_THEN = st.sampled_from([False] * 5 + [True])


def _story(deeds: str) -> list[tuple[str, int]]:
    """What was done at the first address, or at the one that a number names."""
    told = (deed.rpartition(" @") for deed in deeds.split(", ") if deed)
    return [(deed, int(place)) if deed else (place, 0) for deed, _, place in told]


def _told(
    before: str, after: str = "", opt_in: OptIn = OptIn.DOUBLE, *, moves_house: bool = False
) -> example:
    """A story to try each time."""
    return example(_story(before), _story(after), opt_in, moves_house)


def _start(world: World, *, by_segment: bool) -> int | None:
    """An issue to everybody, perhaps by a segment that everybody is in; ``None``: to nobody."""
    with transaction(world.engine) as session:
        issue = add_issue(session, session.get_one(Newsletter, world.newsletter_id))
        if by_segment:
            segments.add(session, world.slug, "joined before 2099-01-01", now=world.now)
            targeting.choose(session, issue.id, include=[world.slug], now=world.now)
    with suppress(Conflict), transaction(world.engine) as session:
        lifecycle.start(session, issue.id, version=issue.version, batch_size=10, now=world.now)
        return issue.id
    return None


def _mailed(world: World, issue_id: int) -> set[str]:
    """Who gets the issue now: what a worker that leases its batch would hand over."""
    with transaction(world.engine) as session:
        batch = ledger.lease(session, worker="w", now=world.now, seconds=60, issue_id=issue_id)
        if batch is None:
            return set()
        ids = sorted(batch.subscriber_ids)
        found = load(session, world.newsletter_id, ids, with_fields=False, now=world.now)
        return {key_of(one.address) for one in found.recipients.values()}


def _spots(story: str) -> list[Spot]:
    """Three addresses, each spelled in two ways; two of them have their domain in common."""
    return [
        Spot((f"p0@{story}.test", f"P0@{story.upper()}.TEST")),
        Spot((f"p1@bücher.{story}.test", f"P1@XN--bcher-kva.{story}.test")),
        Spot((f"Pø2@{story}.test", f"pØ2@{story}.test")),
    ]


@pytest.fixture
def mailer(sqlite_engine: Engine) -> Mailer:
    return mailer_of(sqlite_engine)


@settings(max_examples=30)
@_told("sign up, confirm, leave, confirm")
@_told("sign up, confirm", "leave, sign up")
@_told("sign up, confirm", "pause", OptIn.SINGLE)
@_told("sign up, confirm, pause, wait a season", "", OptIn.SINGLE)
@_told("sign up with work, erase, sign up with work", "", OptIn.SINGLE)
@_told("sign up with work, leave, sign up with work", "", OptIn.SINGLE)
@_told("sign up, suppress, confirm, lift")
# The link of somebody who was erased confirms nobody else.
@_told("", "sign up, erase, sign up @1, confirm", OptIn.SINGLE)
# Moving: in time, too late, after leaving, after erasure, to where somebody is, and back.
@_told("sign up, confirm", "ask to move, confirm move")
@_told("sign up, confirm, ask to move, wait a week, confirm move")
@_told("sign up, confirm, ask to move, leave, confirm move")
@_told("sign up, confirm, ask to move, erase, confirm move")
@_told("sign up, confirm, ask to move, import subscribed @1, confirm move")
@_told(
    "sign up, confirm, ask to move, confirm move, import subscribed, take back",
    "import subscribed @1",
    moves_house=True,
)
@_told("sign up, confirm, ask to move, suppress @1, confirm move, lift @1, confirm move")
# A link to move that another one has overtaken.
@_told("add, ask to move, confirm move, ask to move @1, confirm move @1", "confirm move")
@_told("sign up, confirm", "bounce, import subscribed", moves_house=True)
@_told("sign up, confirm", "complain, lift, sign up")
# Somebody else at an address that was given up: their complaint outlives their erasure.
@_told("add, ask to move, confirm move, sign up, suppress, erase, sign up", "confirm")
# Whole domains; files that say who is gone; what staff adds; another newsletter.
@_told("add, add @1, add @2", "suppress domain")
@_told("suppress domain, import subscribed @2, add, sign up, lift domain", "", OptIn.SINGLE)
@_told("import subscribed", "import cleaned")
@_told("import cleaned, import subscribed, add, lift, sign up")
@_told("import unsubscribed, add, import pending @1, add @1, add @2", "", OptIn.SINGLE)
@_told("add elsewhere, add", "import unsubscribed")
@_told("add elsewhere", "add", OptIn.SINGLE)
# Whoever left, was erased or suppressed under one spelling of an address is so under all.
@_told("add, leave, wait a week, add, add @1, erase @1, import subscribed @1, add @1")
@_told("import cleaned @2, add @2, wait a week, import subscribed @2", "lift @2, add @2")
@given(before=_DEEDS, after=_DEEDS, opt_in=st.sampled_from(OptIn), moves_house=_NOW_AND_THEN)
def test_no_sequence_of_events_mails_somebody_without_a_current_consent(
    mailer: Mailer,
    tmp_path: Path,
    before: _Story,
    after: _Story,
    opt_in: OptIn,
    moves_house: bool,
) -> None:
    """Who agrees when the audience is frozen and still agrees when it is sent gets it, nobody else."""
    slug = f"n{next(_counter)}"
    with transaction(mailer.engine) as session:
        newsletter_id = add_newsletter(session, slug, opt_in=opt_in).id
        other = add_newsletter(session, f"other-{slug}").slug
    world = World(mailer, tmp_path, slug, other, newsletter_id, opt_in, _spots(slug))
    for deed, place in before:
        world.do(deed, place)
    if moves_house:
        world.change_house()
    frozen = {one for _, one in world.people if one.state == "subscribed"}
    issue_id = _start(world, by_segment=opt_in is OptIn.SINGLE)
    assert issue_id or not frozen
    for deed, place in after:
        world.do(deed, place)

    mailed = _mailed(world, issue_id) if issue_id else set()

    reachable = {spot.key for spot, one in world.people if one in frozen}
    assert mailed == world.agreeing() & reachable
    with reading(world.engine) as session:
        page = subscribers.page(session, session.get_one(Newsletter, newsletter_id))
        states = {one.subscriber.address_key: one.subscription.state.value for one in page}
    words = {"subscribed": "confirmed", "left": "unsubscribed", "pending": "pending"}
    assert states == {
        spot.key: words[one.state] for spot, one in world.people if one.state in words
    }
