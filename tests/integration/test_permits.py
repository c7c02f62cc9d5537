"""Rates hold over all workers together, for everybody and for single domains."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from mailer.database.engine import open_engine, transaction
from mailer.delivering.permits import EVERYBODY, Limits, reserve
from mailer.rates import parse_rates
from tests.support.factories import add_issue, add_newsletter, add_readers
from tests.support.sending import a_worker, audited, run_until, start
from tests.support.sink import Sink, running

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


def an_issue(engine: Engine, readers: int) -> int:
    with transaction(engine) as session:
        newsletter = add_newsletter(session)
        add_readers(session, newsletter, readers)
        return add_issue(session, newsletter).id


def test_permits_are_spent_once_for_all(engine: Engine) -> None:
    limits = Limits(parse_rates("100/hour"), {"a.test": parse_rates("3/hour")})
    with transaction(engine) as session:
        first = reserve(session, limits, {EVERYBODY: 70, "a.test": 2}, now=NOW)
    with transaction(engine) as session:
        second = reserve(session, limits, {EVERYBODY: 70, "a.test": 2}, now=NOW)

    assert first.permits == {EVERYBODY: 70, "a.test": 2}
    assert second.permits == {EVERYBODY: 30, "a.test": 1}


def test_three_workers_share_one_rate(engine: Engine, database_url: str) -> None:
    """60 a second over all: a second and a half must not see more than 90, a burst and rounding."""
    issue_id = an_issue(engine, 400)
    start(engine, issue_id, batch_size=20)
    limits = Limits(parse_rates("60/second"))

    async def run(sink: Sink, seconds: float) -> None:
        stop = asyncio.Event()
        engines = [open_engine(database_url) for _ in range(3)]
        workers = [a_worker(one, sink, limits=limits) for one in engines]
        tasks = [asyncio.create_task(worker.run(stop)) for worker in workers]
        await asyncio.sleep(seconds)
        stop.set()
        await asyncio.gather(*tasks)
        for one in engines:
            one.dispose()

    with running(Sink()) as sink:
        started = time.monotonic()
        asyncio.run(run(sink, 2.0))
        took = time.monotonic() - started

    assert 40 <= sum(sink.counts.values()) <= 60 * took + 10
    assert max(sink.counts.values()) == 1
    assert audited(engine, issue_id).balanced


def test_a_slow_domain_does_not_hold_up_the_others(engine: Engine) -> None:
    issue_id = an_issue(engine, 140)  # a seventh of them at readers0.test
    start(engine, issue_id, batch_size=50)
    limits = Limits(domains={"readers0.test": parse_rates("10/second")})

    with running(Sink()) as sink:
        stopped = asyncio.Event()

        async def run() -> None:
            task = asyncio.create_task(a_worker(engine, sink, limits=limits).run(stopped))
            await asyncio.sleep(1.0)
            stopped.set()
            await task

        asyncio.run(run())
        slow = sum(n for address, n in sink.counts.items() if address.endswith("@readers0.test"))
        others = sum(sink.counts.values()) - slow
        assert others == 120
        assert slow < 20
        result = run_until(a_worker(engine, sink, limits=limits), engine, issue_id)

    assert result.accepted == 140
    assert max(sink.counts.values()) == 1


def test_a_spent_quota_waits_for_its_next_window(sqlite_engine: Engine) -> None:
    issue_id = an_issue(sqlite_engine, 30)
    start(sqlite_engine, issue_id)
    now = datetime.now(UTC)
    limits = Limits(parse_rates("20/day"))

    async def run(sink: Sink, days: int) -> None:
        stop = asyncio.Event()
        worker = a_worker(
            sqlite_engine, sink, limits=limits, clock=lambda: now + timedelta(days=days)
        )
        task = asyncio.create_task(worker.run(stop))
        await asyncio.sleep(0.8)
        stop.set()
        await task

    with running(Sink()) as sink:
        asyncio.run(run(sink, 0))
        assert sum(sink.counts.values()) == 20
        asyncio.run(run(sink, 1))
        assert sum(sink.counts.values()) == 30
