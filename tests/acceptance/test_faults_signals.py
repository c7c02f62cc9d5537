"""A worker that is asked to end finishes what is in flight and hands the rest back, at once."""

from __future__ import annotations

import signal
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from mailer.clock import utc_now
from mailer.database.engine import reading, transaction
from mailer.database.tables import Batch, IssueState, Newsletter
from mailer.delivering import lifecycle
from mailer.errors import Unavailable
from tests.support import sink as smtp
from tests.support.accounting import (
    account,
    issue_under_way,
    standing_at,
    wait_for_bodies,
    wait_until,
    wait_until_sent,
)
from tests.support.databases import mostly_sqlite
from tests.support.factories import NOON
from tests.support.processes import PATIENT, installation
from tests.support.sending import audited, state_of
from tests.support.sink import Sink, running
from tests.support.site import mailer_of

HOUR = timedelta(hours=1)


def lease_ends(engine: Engine) -> list[datetime | None]:
    with reading(engine) as session:
        return list(session.scalars(select(Batch.leased_until).where(Batch.open.is_(True))))


def leases(engine: Engine) -> list[int]:
    with reading(engine) as session:
        return list(
            session.scalars(
                select(Batch.id).where(Batch.open.is_(True), Batch.leased_until.is_not(None))
            )
        )


@mostly_sqlite
@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_a_signal_ends_a_worker_within_ten_seconds_and_nobody_is_in_doubt(
    engine: Engine, database_url: str, tmp_path: Path, number: signal.Signals
) -> None:
    issue_id, addresses = issue_under_way(engine, 300, batch_size=100)

    with (
        running(Sink(delay=0.005)) as sink,
        installation(tmp_path, database_url, sink.port) as site,
    ):
        worker = site.worker({"lease_seconds": "600"})
        wait_for_bodies(sink, 80)
        assert worker.end(number)[0] == 0, worker.words  # else it says that it took too long
        assert leases(engine) == []
        left = audited(engine, issue_id)
        assert left.balanced
        assert (left.accepted, left.uncertain) == (sink.bodies, 0)

        site.worker(PATIENT)
        wait_until_sent(engine, issue_id)  # no lease is waited for
        result = account(engine, issue_id, sink, addresses)

    assert (result.doubled, result.uncertain.total()) == ({}, 0)


def test_a_signal_ends_the_command_line_while_the_relay_hangs(
    sqlite_engine: Engine, sqlite_url: str, tmp_path: Path
) -> None:
    issue_id, addresses = issue_under_way(sqlite_engine, 40, batch_size=100)

    with (
        running(Sink(delay=60)) as sink,
        installation(tmp_path, sqlite_url, sink.port) as site,
    ):
        worker = site.command("worker", changes={**PATIENT, "smtp_timeout": "300"})
        wait_for_bodies(sink, 4)
        assert worker.end()[0] == 0, worker.words  # else it says that it took too long
        assert leases(sqlite_engine) == []
        left = audited(sqlite_engine, issue_id)
        assert (left.waiting, left.uncertain) == (40, 4)

        sink.delay = 0
        site.worker()
        wait_until_sent(sqlite_engine, issue_id)
        account(sqlite_engine, issue_id, sink, addresses)


def test_a_signal_ends_a_scheduler_while_an_issue_and_a_single_mail_hang(
    sqlite_engine: Engine, sqlite_url: str, tmp_path: Path
) -> None:
    issue_id, _ = issue_under_way(sqlite_engine, 40, batch_size=100)
    with transaction(sqlite_engine) as session:
        newsletter = session.scalars(select(Newsletter)).one()
        mailer_of(sqlite_engine).notifier.notify(
            session, "test", to="ann@single.test", values={}, newsletter=newsletter, now=NOON
        )

    with (
        running(Sink(delay=60)) as sink,
        installation(tmp_path, sqlite_url, sink.port) as site,
    ):
        scheduler = site.command("schedule", changes={**PATIENT, "smtp_timeout": "300"})
        wait_for_bodies(sink, 5)
        assert scheduler.end()[0] == 0, scheduler.words

    assert leases(sqlite_engine) == []
    left = audited(sqlite_engine, issue_id)
    assert (left.waiting, left.uncertain) == (40, 4)


@pytest.mark.slow
def test_a_signal_ends_a_worker_whose_database_does_not_answer(
    sqlite_engine: Engine, sqlite_url: str, tmp_path: Path
) -> None:
    issue_id, addresses = issue_under_way(sqlite_engine, 300, batch_size=100)

    with (
        running(Sink(delay=0.005)) as sink,
        installation(tmp_path, sqlite_url, sink.port) as site,
    ):
        worker = site.command("worker", changes={**PATIENT, "lease_seconds": "5"})
        wait_for_bodies(sink, 50)
        with transaction(sqlite_engine) as session:  # which somebody else writes, for long
            session.execute(text("SELECT 1"))
            status, _ = worker.end()
        assert status == Unavailable.exit_status, worker.words
        assert "did not end within 7 seconds" in worker.words
        assert audited(sqlite_engine, issue_id).balanced

        site.worker(PATIENT)  # when its lease has ended
        wait_until_sent(sqlite_engine, issue_id)
        account(sqlite_engine, issue_id, sink, addresses)


@mostly_sqlite
def test_pause_acts_within_a_second_and_resume_goes_on(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    issue_id, addresses = issue_under_way(engine, 600, batch_size=100)

    with (
        running(Sink(delay=0.02)) as sink,
        installation(tmp_path, database_url, sink.port) as site,
    ):
        worker = site.worker(PATIENT)
        for moment in (40, 280):
            with standing_at(sink, moment), transaction(engine) as session:
                lifecycle.pause(session, issue_id)
            wait_until(lambda: leases(engine) == [])
            paused_at = sink.bodies
            assert paused_at - moment < 200, "so many go in a second, were the machine idle"
            time.sleep(0.5)
            assert sink.bodies == paused_at, worker.words
            with transaction(engine) as session:
                lifecycle.resume(session, issue_id)
        wait_until_sent(engine, issue_id)
        result = account(engine, issue_id, sink, addresses)

    assert (result.doubled, result.uncertain.total()) == ({}, 0)


def test_nothing_goes_again_after_a_pause_when_the_relay_drops_its_connections(
    sqlite_engine: Engine, sqlite_url: str, tmp_path: Path
) -> None:
    issue_id, addresses = issue_under_way(sqlite_engine, 40, batch_size=100)

    with (
        running(Sink(stands_at=1, on_body=lambda _address, _number: smtp.DROP)) as sink,
        installation(tmp_path, sqlite_url, sink.port) as site,
    ):
        site.worker({"lease_seconds": "3"})
        wait_for_bodies(sink, 4)
        with transaction(sqlite_engine) as session:
            lifecycle.pause(session, issue_id)
        for _ in range(2):  # between two renewals of its lease the worker hears of the pause
            ends = lease_ends(sqlite_engine)
            wait_until(lambda ends=ends: lease_ends(sqlite_engine) != ends)  # type: ignore[misc]
        sink.stands_at = None
        wait_until(lambda: leases(sqlite_engine) == [])
        time.sleep(0.5)
        assert sink.bodies == 4

        sink.on_body = lambda _address, _number: None
        with transaction(sqlite_engine) as session:
            lifecycle.resume(session, issue_id)
        wait_until_sent(sqlite_engine, issue_id)
        result = account(sqlite_engine, issue_id, sink, addresses)

    assert len(result.doubled) == 4


@mostly_sqlite
def test_cancel_acts_at_once_and_whoever_waited_is_skipped(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    issue_id, _ = issue_under_way(engine, 400, batch_size=100)

    with (
        running(Sink(delay=0.02)) as sink,
        installation(tmp_path, database_url, sink.port) as site,
    ):
        site.worker(PATIENT)
        with standing_at(sink, 60), transaction(engine) as session:
            lifecycle.cancel(session, issue_id)
        wait_until(lambda: leases(engine) == [])
        cancelled_at = sink.bodies
        wait_until(lambda: audited(engine, issue_id).waiting == 0)

    left = audited(engine, issue_id)
    assert state_of(engine, issue_id) is IssueState.CANCELLED
    assert sink.bodies == cancelled_at
    assert left.balanced
    assert (left.accepted, left.uncertain) == (cancelled_at, 0)
    assert left.skipped_reasons == {"cancelled": 400 - cancelled_at}


def test_a_newsletter_may_change_while_an_issue_of_it_is_sent(
    sqlite_engine: Engine, sqlite_url: str, tmp_path: Path
) -> None:
    """Its sender, its return path, its hours: whoever is sent to afterwards is sent to once."""
    issue_id, addresses = issue_under_way(sqlite_engine, 300, batch_size=50)

    with running(Sink(delay=0.005)) as sink, installation(tmp_path, sqlite_url, sink.port) as site:
        first = site.worker(PATIENT)
        with standing_at(sink, 60), transaction(sqlite_engine) as session:
            newsletter = session.scalars(select(Newsletter)).one()
            newsletter.from_name, newsletter.from_address = "New name", "new@river.test"
            newsletter.return_path = "bounces@river.test"
            now = utc_now()
            newsletter.sending_hours = f"{now + HOUR:%H:%M}-{now + 2 * HOUR:%H:%M}"
        wait_until(lambda: leases(sqlite_engine) == [])
        resting_at = sink.bodies
        time.sleep(0.5)
        assert sink.bodies == resting_at, "outside its hours nothing is sent"
        with transaction(sqlite_engine) as session:
            session.scalars(select(Newsletter)).one().sending_hours = None
        wait_for_bodies(sink, resting_at + 50)
        assert first.end()[0] == 0, first.words
        site.worker(PATIENT)
        wait_until_sent(sqlite_engine, issue_id)
        result = account(sqlite_engine, issue_id, sink, addresses)

    assert (result.doubled, result.uncertain.total()) == ({}, 0)
    assert {"From: River Watch <news@river.test>", "From: New name <new@river.test>"} == {
        f"From: {sink.message(address)['From']}" for address in addresses
    }


@pytest.mark.slow
def test_settings_may_change_while_an_issue_is_sent(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    issue_id, addresses = issue_under_way(engine, 300, batch_size=100)
    changes = [
        {"connections": "1", "messages_per_connection": "7"},
        {"connections": "20", "batch_size": "3", "retry_schedule": "0.1s"},
        {"lease_seconds": "30", "base_url": "https://elsewhere.test/mail"},
    ]

    with (
        running(Sink(delay=0.002)) as sink,
        installation(tmp_path, database_url, sink.port) as site,
    ):
        for number, change in enumerate(changes, start=1):
            worker = site.worker({**PATIENT, **change})
            wait_for_bodies(sink, 60 * number)
            assert worker.end()[0] == 0, worker.words
        site.worker(PATIENT)
        wait_until_sent(engine, issue_id)
        result = account(engine, issue_id, sink, addresses)

    assert (result.doubled, result.uncertain.total()) == ({}, 0)
