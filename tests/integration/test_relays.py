"""With several relays, one that is away leaves its work to the others."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine

from mailer.clock import utc_now
from mailer.database.engine import transaction
from mailer.delivering.lanes import LaneOptions
from mailer.delivering.worker import Worker, WorkerOptions
from mailer.relays import parse_relays
from tests.support.factories import add_issue, add_newsletter, add_readers
from tests.support.sending import SIGNER, run_until, start
from tests.support.sink import Sink, running


def a_worker(engine: Engine, urls: str, *, messages: int = 5) -> Worker:
    return Worker(
        engine,
        SIGNER,
        parse_relays(urls),
        WorkerOptions(
            lanes=LaneOptions(4, messages, 5.0, "us.test"),
            base_url="http://mail.test",
            lease_seconds=30.0,
            retry_schedule=(timedelta(seconds=1),),
        ),
        clock=utc_now,
    )


def test_two_relays_share_the_work_and_one_does_all_when_the_other_is_away(
    sqlite_engine: Engine,
) -> None:
    with transaction(sqlite_engine) as session:
        newsletter = add_newsletter(session)
        addresses = add_readers(session, newsletter, 120)
        both, alone = add_issue(session, newsletter).id, add_issue(session, newsletter).id

    with running(Sink(delay=0.002)) as first:
        with running(Sink(delay=0.002)) as second:
            urls = f"smtp://127.0.0.1:{first.port} smtp://127.0.0.1:{second.port}"
            start(sqlite_engine, both)
            run_until(a_worker(sqlite_engine, urls), sqlite_engine, both)
            assert first.counts + second.counts == dict.fromkeys(addresses, 1)
            assert min(sum(first.counts.values()), sum(second.counts.values())) > 10
            first.accepted.clear()
        start(sqlite_engine, alone)
        worker = a_worker(sqlite_engine, urls)
        result = run_until(worker, sqlite_engine, alone)

    assert first.counts == dict.fromkeys(addresses, 1)
    assert result.accepted == 120
    assert worker.problem == ""


def test_a_relay_gets_connections_by_its_weight(sqlite_engine: Engine) -> None:
    with transaction(sqlite_engine) as session:
        newsletter = add_newsletter(session)
        addresses = add_readers(session, newsletter, 200)
        issue_id = add_issue(session, newsletter).id
    start(sqlite_engine, issue_id)

    with running(Sink(delay=0.02)) as heavy, running(Sink(delay=0.02)) as light:
        urls = f"smtp://127.0.0.1:{heavy.port}?weight=3 smtp://127.0.0.1:{light.port}"
        run_until(a_worker(sqlite_engine, urls, messages=1000), sqlite_engine, issue_id)

    assert (heavy.most_open, light.most_open) == (3, 1)
    assert heavy.counts + light.counts == dict.fromkeys(addresses, 1)
