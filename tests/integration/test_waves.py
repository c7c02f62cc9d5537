"""To all at once, in each reader's own time, or to some first; only at a newsletter's hours."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, update

from mailer.clock import Clock
from mailer.database.engine import reading, transaction
from mailer.database.tables import Batch, IssueState
from mailer.delivering import lifecycle
from mailer.delivering.waves import AFTER_CANARY, AT_ONCE, let_others_follow
from mailer.errors import InvalidInput
from mailer.sending_hours import parse_sending_hours
from tests.support.factories import NOON, add_issue, add_newsletter, add_readers, add_subscriber
from tests.support.sending import a_worker, audited, run_until, start, state_of, work
from tests.support.sink import Sink, running


def test_in_local_time_each_zone_has_its_own_hour(engine: Engine) -> None:
    with transaction(engine) as session:
        newsletter = add_newsletter(session, time_zone="Europe/Lisbon")
        for zone in ("Asia/Tokyo", "America/New_York", "Europe/Lisbon", "Mars/Olympus", None):
            add_subscriber(session, f"{zone}@a.test", newsletter=newsletter, time_zone=zone)
        seven = datetime(2026, 12, 1, 7, tzinfo=UTC)  # Lisbon's clocks show UTC in winter
        issue_id = add_issue(session, newsletter, local_time=True, scheduled_at=seven).id

    assert start(engine, issue_id) == 5

    with reading(engine) as session:
        due: Counter[datetime] = Counter()
        for at, size in session.execute(select(Batch.due_at, Batch.size)):
            due[at] += size
    assert due == {
        datetime(2026, 11, 30, 22, tzinfo=UTC): 1,  # Tokyo, nine hours ahead
        seven: 3,  # Lisbon, and whose zone is not known
        datetime(2026, 12, 1, 12, tzinfo=UTC): 1,  # New York, five hours behind
    }


def a_canary(engine: Engine, *, readers: int = 1000, percent: float = 2.0) -> int:
    """An issue that has started at noon: a share goes first, the others a quarter later."""
    with transaction(engine) as session:
        newsletter = add_newsletter(session)
        add_readers(session, newsletter, readers)
        values = {"canary_percent": percent, "canary_minutes": 15}
        issue_id = add_issue(session, newsletter, **values).id
    assert start(engine, issue_id, batch_size=400) == readers
    return issue_id


def others_follow_at(engine: Engine) -> datetime | None:
    """When the others go; ``None`` while they have no time yet."""
    with reading(engine) as session:
        [at] = set(session.scalars(select(Batch.due_at).where(Batch.due_at != AT_ONCE)))
    return None if at == AFTER_CANARY else at


def at(minutes: int) -> Clock:
    return lambda: NOON + timedelta(minutes=minutes)


def test_a_canary_goes_first_and_the_others_wait(engine: Engine) -> None:
    issue_id = a_canary(engine)

    with running(Sink()) as sink:
        work(a_worker(engine, sink, clock=at(1)), until=lambda: bool(others_follow_at(engine)))
        assert others_follow_at(engine) == at(16)()
        work(a_worker(engine, sink, clock=at(15)), until=lambda: True, rest=0.7)
        assert sum(sink.counts.values()) == 20
        assert state_of(engine, issue_id) is IssueState.SENDING
        result = run_until(a_worker(engine, sink, clock=at(17)), engine, issue_id)

    assert result.accepted == 1000
    assert max(sink.counts.values()) == 1


def test_the_others_wait_for_a_canary_that_is_held_up(engine: Engine) -> None:
    """By a relay that takes nothing for an hour: then it is too early to judge."""
    issue_id = a_canary(engine)
    away = "421 4.3.2 not now"

    with running(Sink(on_connect=lambda _number: away)) as sink:
        work(a_worker(engine, sink, clock=at(60)), until=lambda: sink.connections >= 8)
        with reading(engine) as session:
            touched = select(Batch.size).where(Batch.lease > 0)
            assert session.scalars(touched).all() == [20]
        assert others_follow_at(engine) is None

        sink.on_connect = lambda _number: None
        work(a_worker(engine, sink, clock=at(90)), until=lambda: bool(others_follow_at(engine)))
        assert sum(sink.counts.values()) == 20
        assert others_follow_at(engine) == at(105)()
        result = run_until(a_worker(engine, sink, clock=at(106)), engine, issue_id)

    assert result.accepted == 1000
    assert max(sink.counts.values()) == 1


def test_whoever_is_deferred_in_a_canary_holds_up_nobody(engine: Engine) -> None:
    issue_id = a_canary(engine)

    with running(Sink(on_rcpt=lambda _address: "451 4.7.1 come back tomorrow")) as sink:
        work(a_worker(engine, sink, clock=at(1)), until=lambda: first_attempts_are_over(engine))

    left = audited(engine, issue_id)
    assert (left.deferred, left.waiting, left.balanced) == (20, 1000, True)


def first_attempts_are_over(engine: Engine) -> bool:
    with reading(engine) as session:
        return AFTER_CANARY not in session.scalars(select(Batch.due_at)).all()


def test_the_others_do_not_follow_a_canary_while_the_issue_is_paused(engine: Engine) -> None:
    issue_id = a_canary(engine)
    with transaction(engine) as session:
        session.execute(update(Batch).where(Batch.due_at == AT_ONCE).values(open=False))
        lifecycle.pause(session, issue_id)
        let_others_follow(session, now=NOON)
        assert AFTER_CANARY in session.scalars(select(Batch.due_at)).all()
        lifecycle.resume(session, issue_id)
        let_others_follow(session, now=NOON)
    assert others_follow_at(engine) == at(15)()


def test_a_clock_set_back_after_a_canary_does_not_hold_up_the_others(engine: Engine) -> None:
    a_canary(engine)
    with transaction(engine) as session:
        session.execute(update(Batch).where(Batch.due_at == AT_ONCE).values(open=False))
        let_others_follow(session, now=NOON + timedelta(hours=1))
        let_others_follow(session, now=NOON)
    assert others_follow_at(engine) == at(15)()


@pytest.mark.parametrize(
    ("readers", "percent", "first"), [(5, 1.0, 1), (150, 1.0, 2), (1000, 40.0, 400)]
)
def test_a_canary_is_the_share_that_was_said_and_never_nobody(
    engine: Engine, readers: int, percent: float, first: int
) -> None:
    a_canary(engine, readers=readers, percent=percent)
    with reading(engine) as session:
        sizes = session.scalars(select(Batch.size).where(Batch.due_at == AT_ONCE)).all()
    assert sum(sizes) == first


def test_a_newsletter_is_sent_at_its_hours_only(engine: Engine) -> None:
    with transaction(engine) as session:
        newsletter = add_newsletter(
            session, sending_hours="08:00-20:00", time_zone="America/New_York"
        )
        add_readers(session, newsletter, 20)
        issue_id = add_issue(session, newsletter).id
    start(engine, issue_id)

    with running(Sink()) as sink:
        begun = time.monotonic()  # seven in the morning there
        early = a_worker(engine, sink, clock=lambda: NOON)
        work(early, until=lambda: time.monotonic() - begun > 0.7)
        assert sink.counts == {}
        run_until(a_worker(engine, sink, clock=lambda: NOON + timedelta(hours=2)), engine, issue_id)

    assert sum(sink.counts.values()) == 20


def test_sending_stops_when_the_hours_end(engine: Engine) -> None:
    with transaction(engine) as session:
        newsletter = add_newsletter(session, sending_hours="08:00-20:00")
        add_readers(session, newsletter, 600)
        issue_id = add_issue(session, newsletter).id
    start(engine, issue_id)

    with running(Sink(delay=0.02)) as sink:

        def clock() -> datetime:
            late = sum(sink.counts.values()) >= 50
            return NOON.replace(hour=21 if late else 19, minute=59)

        work(a_worker(engine, sink, clock=clock), until=lambda: nobody_holds_a_batch(engine, sink))
        assert 50 <= sum(sink.counts.values()) < 550

    assert audited(engine, issue_id).balanced


def nobody_holds_a_batch(engine: Engine, sink: Sink) -> bool:
    """Whether what was begun has been given back."""
    with reading(engine) as session:
        return sink.bodies >= 50 and session.scalars(select(Batch.leased_until)).all() == [None]


@pytest.mark.parametrize(
    ("text", "hour", "is_open"),
    [
        ("08:00-20:00", 8, True),
        ("08:00-20:00", 20, False),
        ("22:00 - 06:00", 23, True),
        ("22:00-6:00", 5, True),
        ("22:00-06:00", 12, False),
    ],
)
def test_hours_may_go_over_midnight(text: str, hour: int, is_open: bool) -> None:
    assert parse_sending_hours(text).open_at(NOON.replace(hour=hour), "UTC") is is_open


@pytest.mark.parametrize("text", ["always", "8-20", "25:00-26:00", "08:00-08:00"])
def test_what_are_no_hours_says_how_to_write_them(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_sending_hours(text)
