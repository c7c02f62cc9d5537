"""The database goes away or its disk is full: workers keep what they know, wait, and go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from mailer.clock import utc_now
from mailer.database.engine import database_file, open_engine
from mailer.database.upgrading import upgrade
from mailer.delivering import ledger
from tests.support.accounting import (
    account,
    in_doubt,
    issue_under_way,
    until_still,
    wait_for_bodies,
    wait_until,
    wait_until_sent,
)
from tests.support.databases import Databases
from tests.support.postgresql import Server
from tests.support.processes import PATIENT, Process, installation
from tests.support.sending import a_worker, audited, run_until
from tests.support.sink import Sink, running


@pytest.mark.parametrize(
    "moments", [(300,), pytest.param((100, 500, 900, 1300, 1700), marks=pytest.mark.slow)]
)
def test_kill_9_of_postgresql_and_its_restart(
    server: Server, tmp_path: Path, moments: tuple[int, ...]
) -> None:
    with opened(server.url) as engine:
        upgrade(engine)
        kill_and_restart(engine, server, tmp_path, moments)


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def kill_and_restart(
    engine: Engine, server: Server, folder: Path, moments: tuple[int, ...]
) -> None:
    readers = 300 + moments[-1]
    issue_id, addresses = issue_under_way(engine, readers, batch_size=200)

    with (
        running(Sink(delay=0.002)) as sink,
        installation(folder, server.url, sink.port) as site,
    ):
        # Longer than the restart takes. A lease whose answer was lost at the kill has to end.
        workers = [site.worker({"lease_seconds": "40"}) for _ in range(2)]
        for moment in moments:
            wait_for_bodies(sink, moment)
            server.kill()
            waiting = until_still(sink)
            time.sleep(0.5)
            assert sink.bodies == waiting, "nobody is sent to whom the ledger does not know"
            server.start()
        engine.dispose()
        wait_until_sent(engine, issue_id)
        result = account(engine, issue_id, sink, addresses)
        for worker in workers:
            assert "The database does not answer" in worker.words
            assert worker.end()[0] == 0, worker.words

    assert result.audit.accepted == readers
    assert (result.doubled, result.uncertain.total()) == ({}, 0)


def test_a_disk_that_gets_full_stops_sending_until_there_is_room(
    sqlite_engine: Engine, sqlite_url: str, tmp_path: Path
) -> None:
    issue_id, addresses = issue_under_way(sqlite_engine, 1500, batch_size=200)

    with running(Sink(delay=0.002)) as sink, installation(tmp_path, sqlite_url, sink.port) as site:
        worker = site.worker(PATIENT)
        wait_for_bodies(sink, 200)
        fill_the_disk(worker, sqlite_engine)
        waiting = until_still(sink)
        time.sleep(1.0)
        assert sink.bodies == waiting, "nobody is sent to whom the ledger does not know"
        assert audited(sqlite_engine, issue_id).balanced

        worker.limit_files(None)
        wait_until_sent(sqlite_engine, issue_id)
        result = account(sqlite_engine, issue_id, sink, addresses)

    assert result.audit.accepted == 1500
    assert (result.doubled, result.uncertain.total()) == ({}, 0)


@pytest.mark.slow
def test_a_worker_killed_while_the_disk_is_full_leaves_its_messages_uncertain(
    sqlite_engine: Engine, sqlite_url: str, tmp_path: Path
) -> None:
    issue_id, addresses = issue_under_way(sqlite_engine, 1500, batch_size=200)

    with running(Sink(delay=0.002)) as sink, installation(tmp_path, sqlite_url, sink.port) as site:
        worker = site.worker()
        wait_for_bodies(sink, 200)
        fill_the_disk(worker, sqlite_engine)
        worker.kill()
        most_uncertain = in_doubt(sqlite_engine, issue_id)
        site.worker()
        wait_until_sent(sqlite_engine, issue_id)
        result = account(sqlite_engine, issue_id, sink, addresses)

    assert result.audit.accepted == 1500
    assert len(result.uncertain) <= most_uncertain


def fill_the_disk(worker: Process, engine: Engine) -> None:
    """Let the write-ahead log grow no more, and wait until that is noticed."""
    file = database_file(engine)
    assert file is not None
    worker.limit_files(file.with_name(f"{file.name}-wal").stat().st_size)
    wait_until(lambda: "Sending waits" in worker.words)
    assert "Check the disk" in worker.words or "the disk is full" in worker.words


def test_a_database_that_can_grow_no_more_stops_sending_until_it_can(
    sqlite_engine: Engine,
) -> None:
    issue_id, addresses = issue_under_way(sqlite_engine, 1000, batch_size=200)
    pages = [1_000_000]
    problems: list[str] = []

    @event.listens_for(sqlite_engine, "begin")
    def limit(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages[0]}")

    def make_room() -> None:
        wait_until(lambda: "the disk is full" in worker.problem)
        problems.append(worker.problem)
        time.sleep(1.0)
        pages[0] = 1_000_000

    def fill(_address: str, number: int) -> None:
        if number == 200:
            pages[0] = 1  # which means: as many as it has

    with running(Sink(after_body=fill)) as sink:
        worker = a_worker(sqlite_engine, sink)
        making_room = threading.Thread(target=make_room)
        making_room.start()
        run_until(worker, sqlite_engine, issue_id)
        making_room.join()

    assert len(problems) == 1
    result = account(sqlite_engine, issue_id, sink, addresses)
    assert (result.audit.accepted, result.doubled, result.uncertain.total()) == (1000, {}, 0)


@pytest.mark.slow  # a minute
def test_a_batch_is_taken_over_from_a_host_that_went_away_in_the_middle_of_a_transaction(
    databases: Databases,
) -> None:
    with (
        databases.new_postgresql() as url,
        opened(url) as gone,
        opened(url) as here,
        Session(gone) as session,
        running(Sink()) as sink,
    ):
        issue_id, addresses = issue_under_way(here, 20)
        leased = ledger.lease(session, worker="gone", now=utc_now(), seconds=1)
        assert leased is not None  # and never a word again: neither commit nor goodbye
        run_until(a_worker(here, sink), here, issue_id)
        account(here, issue_id, sink, addresses)
        with pytest.raises(DBAPIError):
            session.commit()
