"""Whatever people, files and forms do, in whatever order: an issue goes to current consent only."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from mailer.audience import subscribers
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

_SPOTS = 3
_counter = itertools.count(1)
_PLACES = st.sampled_from([0, 0, 0, 1, 1, 2])  # mostly one of them
# What is rare in life is rare here, so that long stories get far.
_DEED = st.sampled_from(
    2 * ["sign up", "sign up with work", "confirm", "leave", "import subscribed"]
    + 2 * ["ask to move", "confirm move"]
    + ["take back", "import unsubscribed", "undo", "tick", "untick", "pause", "resume"]
    + ["suppress", "lift", "bounce", "complain", "erase", "lapse"]
    + ["wait a week", "wait a season"]
)
_Story = Sequence[tuple[str, int]]
_DEEDS = st.lists(st.tuples(_DEED, _PLACES), max_size=16)
_NOW_AND_THEN = st.sampled_from([False] * 5 + [True])


def _story(deeds: str) -> list[tuple[str, int]]:
    """What was done at the first address, or at the one that a number names."""
    told = (deed.rpartition(" @") for deed in deeds.split(", "))
    return [(deed, int(place)) if deed else (place, 0) for deed, _, place in told]


def _mailed(world: World, issue_id: int) -> set[str]:
    """Who gets the issue now: what a worker that leases its batch would hand over."""
    with transaction(world.engine) as session:
        batch = ledger.lease(session, worker="w", now=world.now, seconds=60, issue_id=issue_id)
        if batch is None:
            return set()
        ids = sorted(batch.subscriber_ids)
        found = load(session, world.newsletter_id, ids, with_fields=False, now=world.now)
        return {one.address for one in found.recipients.values()}


@pytest.fixture
def mailer(sqlite_engine: Engine) -> Mailer:
    return mailer_of(sqlite_engine)


@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(_story("sign up, confirm, leave, confirm"), [], OptIn.DOUBLE, False)
@example(_story("sign up, confirm"), _story("leave, sign up"), OptIn.DOUBLE, False)
@example(_story("sign up, confirm"), _story("pause"), OptIn.SINGLE, False)
@example(_story("sign up, confirm, pause, wait a season"), [], OptIn.SINGLE, False)
@example(_story("sign up with work, erase, sign up with work"), [], OptIn.SINGLE, False)
@example(_story("sign up, suppress, confirm, lift"), [], OptIn.DOUBLE, False)
# The link of somebody who was erased confirms nobody else.
@example([], _story("sign up, erase, sign up @1, confirm"), OptIn.SINGLE, False)
# Moving: in time, too late, after leaving, after erasure, to where somebody is, and back.
@example(_story("sign up, confirm"), _story("ask to move, confirm move"), OptIn.DOUBLE, False)
@example(
    _story("sign up, confirm, ask to move, wait a week, confirm move"), [], OptIn.DOUBLE, False
)
@example(_story("sign up, confirm, ask to move, leave, confirm move"), [], OptIn.DOUBLE, False)
@example(_story("sign up, confirm, ask to move, erase, confirm move"), [], OptIn.DOUBLE, False)
@example(
    _story("sign up, confirm, ask to move, import subscribed @1, confirm move"),
    [],
    OptIn.DOUBLE,
    False,
)
@example(
    _story("sign up, confirm, ask to move, confirm move, import subscribed, take back"),
    _story("import subscribed @1"),
    OptIn.DOUBLE,
    True,
)
@example(
    _story("sign up, confirm, ask to move, suppress @1, confirm move, lift @1, confirm move"),
    [],
    OptIn.DOUBLE,
    False,
)
@example(_story("sign up, confirm"), _story("bounce, import subscribed"), OptIn.DOUBLE, True)
@example(_story("sign up, confirm"), _story("complain, lift, sign up"), OptIn.DOUBLE, False)
# Somebody else at an address that was given up: their complaint outlives their erasure.
@example(
    _story("sign up, confirm, ask to move, confirm move, sign up, suppress, erase, sign up"),
    _story("confirm"),
    OptIn.DOUBLE,
    False,
)
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
    spots = [Spot(f"p{n}.{slug}@readers.test") for n in range(_SPOTS)]
    world = World(mailer, tmp_path, slug, newsletter_id, opt_in, spots)
    for deed, place in before:
        world.do(deed, place)
    if moves_house:
        world.change_house()
    with transaction(world.engine) as session:
        issue_id = add_issue(session, session.get_one(Newsletter, newsletter_id)).id
    frozen = {one for _, one in world.people if one.state == "subscribed"}
    with transaction(world.engine) as session:
        try:
            lifecycle.start(session, issue_id, version=1, batch_size=10, now=world.now)
        except Conflict:
            assert not frozen
    for deed, place in after:
        world.do(deed, place)

    mailed = _mailed(world, issue_id)

    reachable = {spot.address for spot, one in world.people if one in frozen}
    assert mailed == world.agreeing() & reachable
    with reading(world.engine) as session:
        page = subscribers.page(session, session.get_one(Newsletter, newsletter_id))
        states = {one.subscriber.address: one.subscription.state.value for one in page}
    words = {"subscribed": "confirmed", "left": "unsubscribed", "pending": "pending"}
    assert states == {spot.address: words[one.state] for spot, one in world.people}
