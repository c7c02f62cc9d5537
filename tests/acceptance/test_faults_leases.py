"""Leases under pause, loss, a kill and a clock set back: nobody is sent to without one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, update

from mailer.clock import utc_now
from mailer.database.engine import reading, transaction
from mailer.database.tables import Batch, Fate, IssueState
from mailer.delivering import ledger, lifecycle
from mailer.delivering.worker import Worker
from tests.support import sink as smtp
from tests.support.accounting import account, issue_under_way
from tests.support.sending import a_worker, audited, run_until, work
from tests.support.sink import Sink, running

HOUR = timedelta(hours=1)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running(Sink()) as server:
        yield server


def take_over(engine: Engine, *, by: str = "another") -> ledger.Leased:
    """Lease a batch as if its worker had been silent for longer than its lease."""
    with transaction(engine) as session:
        session.execute(update(Batch).values(leased_until=utc_now() - HOUR))
        leased = ledger.lease(session, worker=by, now=utc_now(), seconds=30)
    assert leased is not None
    return leased


def all_others_decided(engine: Engine, issue_id: int) -> bool:
    """Whether nobody waits but those held for a person."""
    with reading(engine) as session:
        return lifecycle.only_held_wait(session, issue_id)


async def turns(worker: Worker, number: int) -> None:
    for _ in range(number):
        await worker._turn()


def test_what_is_granted_in_the_turn_that_sees_a_pause_is_not_handed_over(
    engine: Engine, sink: Sink
) -> None:
    issue_id, _ = issue_under_way(engine, 20)
    worker = a_worker(engine, sink)

    async def scenario() -> None:
        await turns(worker, 1)
        with transaction(engine) as session:
            lifecycle.pause(session, issue_id)
        await turns(worker, 3)

    asyncio.run(scenario())
    assert not worker._desk.ready
    with reading(engine) as session:
        assert session.scalars(select(Batch.leased_until)).all() == [None]
        assert session.scalars(select(Batch.handed)).all() == [0]


def test_what_is_granted_in_the_turn_that_sees_the_batch_lost_is_dropped_with_it(
    engine: Engine, sink: Sink
) -> None:
    issue_under_way(engine, 20)
    worker = a_worker(engine, sink)

    async def scenario() -> None:
        await turns(worker, 1)
        take_over(engine)
        await turns(worker, 3)

    asyncio.run(scenario())
    assert not worker._desk.ready
    assert not worker._held


def test_uncertain_ones_still_wait_for_a_person_after_pause_and_resume(
    engine: Engine, sink: Sink
) -> None:
    issue_id, addresses = issue_under_way(engine, 200)

    def drop_one(address: str, _number: int) -> str | None:
        if address != addresses[3]:
            return None
        with transaction(engine) as session:
            lifecycle.pause(session, issue_id)
        return smtp.DROP

    sink.on_body = drop_one
    sink.delay = 0.01
    run_until(a_worker(engine, sink, hold_uncertain=True), engine, issue_id, IssueState.PAUSED)
    assert audited(engine, issue_id).waiting > 1
    with transaction(engine) as session:
        lifecycle.resume(session, issue_id)
    work(
        a_worker(engine, sink, hold_uncertain=True),
        until=lambda: all_others_decided(engine, issue_id),
        rest=0.5,
    )

    assert sink.counts == dict.fromkeys(addresses, 1)
    assert (audited(engine, issue_id).waiting, audited(engine, issue_id).uncertain) == (1, 1)


def test_whom_a_person_let_go_again_no_restart_holds_up_a_second_time(
    engine: Engine, sink: Sink
) -> None:
    issue_id, addresses = issue_under_way(engine, 3)
    sink.on_body = lambda _address, _number: smtp.DROP
    work(
        a_worker(engine, sink, hold_uncertain=True),
        until=lambda: all_others_decided(engine, issue_id),
    )
    sink.on_body = lambda _address, _number: None
    with transaction(engine) as session:
        assert lifecycle.release_held(session, issue_id) == 1
        later = utc_now() + timedelta(seconds=1)  # it is due a moment after it was tried
        leased = ledger.lease(session, worker="restarted", now=later, seconds=30)
        assert leased is not None
        ledger.release(session, leased.batch_id, leased.lease)

    run_until(a_worker(engine, sink, hold_uncertain=True), engine, issue_id)

    result = account(engine, issue_id, sink, addresses)
    assert (result.audit.accepted, len(result.doubled)) == (3, 3)


def test_whom_a_killed_worker_may_have_sent_to_is_uncertain_when_the_issue_is_cancelled(
    engine: Engine,
) -> None:
    issue_id, _ = issue_under_way(engine, 20)
    with transaction(engine) as session:
        leased = ledger.lease(session, worker="killed", now=utc_now() - HOUR, seconds=30)
        assert leased is not None
        progress = ledger.Progress(leased.batch_id, issue_id, leased.lease, 1, handed=7)
        assert ledger.report(session, progress, worker="killed", now=utc_now() - HOUR, seconds=30)
        lifecycle.cancel(session, issue_id)
        assert lifecycle.settle(session, now=utc_now()) == 20

    left = audited(engine, issue_id)
    assert left.balanced
    assert (left.skipped, left.uncertain) == (20, 7)


def test_a_retry_leaves_out_whom_a_late_worker_has_reached_meanwhile(
    engine: Engine, sink: Sink
) -> None:
    issue_id, addresses = issue_under_way(engine, 3)
    now = utc_now()
    with transaction(engine) as session:
        late = ledger.lease(session, worker="late", now=now - HOUR, seconds=30)
        assert late is not None
    other = take_over(engine)
    with transaction(engine) as session:
        retry = ledger.Later(other.subscriber_ids, attempt=2, due_at=now)
        progress = ledger.Progress(
            other.batch_id, issue_id, other.lease, 1, 3, complete=True, later=[retry]
        )
        assert ledger.report(session, progress, worker="other", now=now, seconds=30)
    reached = {Fate.ACCEPTED: {late.subscriber_ids[0]: "250 Ok"}}
    with transaction(engine) as session:
        progress = ledger.Progress(late.batch_id, issue_id, late.lease, 1, 1, reached)
        assert not ledger.report(session, progress, worker="late", now=now, seconds=30)

    result = run_until(a_worker(engine, sink), engine, issue_id)

    assert sink.counts == dict.fromkeys(addresses[1:], 1)
    assert (result.accepted, result.balanced) == (3, True)


def test_a_worker_with_shorter_leases_leaves_another_ones_longer_lease_alone(
    engine: Engine,
) -> None:
    issue_under_way(engine, 20)
    with transaction(engine) as session:
        assert ledger.lease(session, worker="patient", now=utc_now(), seconds=300) is not None
        assert ledger.lease(session, worker="hasty", now=utc_now(), seconds=1) is None


def test_a_clock_set_back_an_hour_holds_up_neither_a_lost_workers_batch_nor_retries(
    engine: Engine, sink: Sink
) -> None:
    issue_id, addresses = issue_under_way(engine, 60, batch_size=20)
    before = utc_now() + HOUR
    with transaction(engine) as session:
        assert ledger.lease(session, worker="killed", now=before, seconds=30) is not None
        leased = ledger.lease(session, worker="done", now=before, seconds=30)
        assert leased is not None
        retry_at = before + timedelta(milliseconds=50)
        later = [ledger.Later(leased.subscriber_ids, attempt=2, due_at=retry_at)]
        progress = ledger.Progress(
            leased.batch_id, issue_id, leased.lease, 1, handed=20, complete=True, later=later
        )
        assert ledger.report(session, progress, worker="done", now=before, seconds=30)

    run_until(a_worker(engine, sink, lease_seconds=2), engine, issue_id)

    result = account(engine, issue_id, sink, addresses)
    assert sink.counts == dict.fromkeys(addresses, 1)
    assert (result.audit.accepted, result.audit.uncertain) == (60, 0)


def test_a_clock_set_back_while_a_worker_sends_stops_it_no_longer_than_a_moment(
    engine: Engine, sink: Sink
) -> None:
    issue_id, addresses = issue_under_way(engine, 300, batch_size=20)
    behind = [timedelta(0)]

    def set_back(_address: str) -> None:
        behind[0] = HOUR if len(sink.accepted) > 100 else behind[0]

    sink.on_rcpt = set_back
    worker = a_worker(engine, sink, clock=lambda: utc_now() - behind[0])
    run_until(worker, engine, issue_id)

    assert behind == [HOUR]
    result = account(engine, issue_id, sink, addresses)
    assert (result.doubled, result.audit.accepted) == ({}, 300)
