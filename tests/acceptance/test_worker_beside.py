"""Whatever sends is a worker of its own beside it: it ends with it, and is replaced when it is killed."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from sqlalchemy import Engine

from mailer.database.engine import transaction
from mailer.delivering import lifecycle
from tests.support.accounting import (
    account,
    issue_under_way,
    wait_for_bodies,
    wait_until,
    wait_until_sent,
)
from tests.support.databases import mostly_sqlite
from tests.support.processes import PATIENT, Process, installation
from tests.support.sending import audited
from tests.support.sink import Sink, running

SENDER = re.compile(r"worker \S+:(\d+):\S+ started")


def worker_of(process: Process, number: int = 1) -> int:
    """The pid of the worker that was started as the *number*-th beside it."""
    wait_until(lambda: len(SENDER.findall(process.words)) >= number)
    return int(SENDER.findall(process.words)[number - 1])


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@mostly_sqlite
def test_a_scheduler_whose_worker_is_killed_goes_on_with_another(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    issue_id, addresses = issue_under_way(engine, 300, batch_size=100)

    with (
        running(Sink(delay=0.01)) as sink,
        installation(tmp_path, database_url, sink.port) as site,
    ):
        scheduler = site.command("schedule")
        wait_for_bodies(sink, 50)
        first = worker_of(scheduler)
        assert first != scheduler.pid
        os.kill(first, signal.SIGKILL)
        wait_until_sent(engine, issue_id)
        second = worker_of(scheduler, 2)
        result = account(engine, issue_id, sink, addresses)
        assert scheduler.end()[0] == 0, scheduler.words
        assert not is_alive(second)

    assert result.audit.accepted == 300


def test_a_worker_does_not_outlive_a_scheduler_that_is_killed(
    sqlite_engine: Engine, sqlite_url: str, tmp_path: Path
) -> None:
    issue_id, _ = issue_under_way(sqlite_engine, 400, batch_size=100)

    with (
        running(Sink(delay=0.02)) as sink,
        installation(tmp_path, sqlite_url, sink.port) as site,
    ):
        scheduler = site.command("schedule", changes=PATIENT)
        wait_for_bodies(sink, 10)
        worker = worker_of(scheduler)
        scheduler.kill()
        wait_until(lambda: not is_alive(worker))

    left = audited(sqlite_engine, issue_id)
    assert (left.accepted, left.uncertain) == (sink.bodies, 0), "it ended in good order"


def test_a_scheduler_whose_worker_cannot_work_ends_and_says_why(
    sqlite_url: str, tmp_path: Path
) -> None:
    with running(Sink()) as sink, installation(tmp_path, sqlite_url, sink.port) as site:
        scheduler = site.command("schedule")
        worker = worker_of(scheduler)
        (scheduler.log.parent / "mailer.toml").write_text("speed = 3\n")  # read by the next one
        os.kill(worker, signal.SIGKILL)
        assert scheduler.status() == 6
        assert "speed" in scheduler.words
        assert "Sending cannot go on" in scheduler.words


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sending_in_the_foreground_ends_in_good_order_and_goes_on_where_it_was(
    sqlite_engine: Engine, sqlite_url: str, tmp_path: Path, number: signal.Signals
) -> None:
    issue_id, addresses = issue_under_way(sqlite_engine, 300, batch_size=100)

    with running(Sink(delay=0.1)) as sink, installation(tmp_path, sqlite_url, sink.port) as site:
        sending = site.command("issue", "send", str(issue_id), changes=PATIENT)
        wait_for_bodies(sink, 20)
        assert sending.end(number)[0] == 1, sending.words
        assert "Not everybody is decided" in sending.words
        left = audited(sqlite_engine, issue_id)
        assert (left.accepted, left.uncertain, left.balanced) == (sink.bodies, 0, True)

        sink.delay = 0
        again = site.command("issue", "send", str(issue_id), changes=PATIENT)
        assert again.status() == 0, again.words
        result = account(sqlite_engine, issue_id, sink, addresses)

    assert "300 accepted" in again.words
    assert (result.doubled, result.uncertain.total()) == ({}, 0)


def test_sending_in_the_foreground_says_what_holds_it_up(
    sqlite_engine: Engine, sqlite_url: str, tmp_path: Path
) -> None:
    issue_id, _ = issue_under_way(sqlite_engine, 20)
    away = "421 4.3.2 not now"

    with running(Sink()) as sink, installation(tmp_path, sqlite_url, sink.port) as site:
        # The first connection only tries whether the relay is there.
        sink.on_connect = lambda connection: away if connection in range(2, 6) else None
        sending = site.command("issue", "send", str(issue_id), changes=PATIENT)
        assert sending.status() == 0, sending.words

    assert "421" in sending.words
    assert "20 accepted" in sending.words


def test_what_others_ended_while_the_worker_was_starting_is_no_failure_of_it(
    sqlite_engine: Engine, sqlite_url: str, tmp_path: Path
) -> None:
    issue_id, _ = issue_under_way(sqlite_engine, 20)

    with running(Sink(delay=10)) as sink, installation(tmp_path, sqlite_url, sink.port) as site:
        sending = site.command("issue", "send", str(issue_id), "--json", changes=PATIENT)
        children = Path(f"/proc/{sending.pid}/task/{sending.pid}/children")
        wait_until(lambda: bool(children.read_text().split()))
        with transaction(sqlite_engine) as session:
            lifecycle.cancel(session, issue_id)
        status = sending.status()

    assert status == 1, sending.words
    assert '"state": "cancelled"' in sending.words
