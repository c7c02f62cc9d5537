"""Any number of workers share one database: nobody is mailed twice, and one lost is made up for."""

from __future__ import annotations

import random
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from mailer.clock import utc_now
from mailer.database.engine import database_file, reading, transaction
from mailer.database.tables import Batch
from mailer.delivering import ledger
from tests.support.accounting import (
    account,
    in_doubt,
    issue_under_way,
    standing_at,
    wait_until,
    wait_until_sent,
)
from tests.support.databases import mostly_postgresql
from tests.support.processes import LEASE_SECONDS, PATIENT, Process, installation
from tests.support.sink import Sink, running


def who_works(engine: Engine, issue_id: int) -> set[str | None]:
    with reading(engine) as session:
        return set(session.scalars(select(Batch.worker).where(Batch.issue_id == issue_id))) - {None}


@mostly_postgresql
@pytest.mark.parametrize(
    "workers", [3, *(pytest.param(one, marks=pytest.mark.slow) for one in (2, 8))]
)
def test_workers_share_an_issue_and_nobody_is_doubled(
    engine: Engine, database_url: str, tmp_path: Path, workers: int
) -> None:
    readers = 1000 * workers
    issue_id, addresses = issue_under_way(engine, readers, batch_size=50)  # one holds 20 at most

    with (
        running(Sink(delay=0.002, stands_at=1)) as sink,
        installation(tmp_path, database_url, sink.port) as site,
    ):
        for _ in range(workers):
            site.worker(PATIENT)
        wait_until(lambda: len(who_works(engine, issue_id)) == workers)
        sink.stands_at = None
        wait_until_sent(engine, issue_id)
        result = account(engine, issue_id, sink, addresses)

    assert result.audit.accepted == readers
    assert (result.doubled, result.uncertain.total()) == ({}, 0)


@mostly_postgresql
def test_kill_9_of_one_of_three_and_the_others_take_over(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    chance = random.Random(3)  # noqa: S311  # no secret
    issue_id, addresses = issue_under_way(engine, 2000, batch_size=25)  # one holds 20 at most

    with (
        running(Sink(delay=0.002, stands_at=1)) as sink,
        installation(tmp_path, database_url, sink.port) as site,
    ):
        # Long enough that only the one killed loses its leases, however busy this machine is.
        lost, *_others = [site.worker({"lease_seconds": "8"}) for _ in range(3)]
        wait_until(lambda: len(who_works(engine, issue_id)) == 3)
        sink.stands_at = None
        time.sleep(chance.uniform(0, 0.2))
        lost.kill()
        most_uncertain = in_doubt(engine, issue_id)
        wait_until_sent(engine, issue_id)
        result = account(engine, issue_id, sink, addresses)

    assert result.audit.accepted == 2000
    assert len(result.uncertain) <= most_uncertain


@mostly_postgresql
def test_a_frozen_worker_does_no_harm_when_it_comes_back(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    connections = 4
    issue_id, addresses = issue_under_way(engine, 400, batch_size=200)

    with (
        running(Sink(delay=0.02)) as sink,
        installation(tmp_path, database_url, sink.port) as site,
    ):
        frozen = site.worker({"connections": str(connections)})
        with standing_at(sink, 100):
            freeze_between_transactions(frozen, engine)
        time.sleep(1.5 * LEASE_SECONDS)
        take_over_everything(engine)
        bodies = sink.bodies
        frozen.thaw()
        wait_until(lambda: "taken over by another worker" in frozen.words)
        time.sleep(0.5)
        # Only what each of its connections had announced to the relay before it was frozen.
        assert sink.bodies - bodies <= connections
        assert frozen.end()[0] == 0, frozen.words

        site.worker()
        wait_until_sent(engine, issue_id)
        account(engine, issue_id, sink, addresses)


def freeze_between_transactions(worker: Process, engine: Engine) -> None:
    """One frozen within a transaction keeps its locks: PostgreSQL ends it after a minute."""
    while True:
        worker.freeze()
        time.sleep(0.05)
        if not locked(engine):
            return
        worker.thaw()
        time.sleep(0.013)


def locked(engine: Engine) -> bool:
    file = database_file(engine)
    if file is None:
        with reading(engine) as session:
            return bool(session.scalar(text(_OTHERS_AT_WORK)))
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        return False


_OTHERS_AT_WORK = (
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
)


def take_over_everything(engine: Engine) -> None:
    """Lease all batches for another worker."""
    with transaction(engine) as session:
        while ledger.lease(session, worker="other", now=utc_now(), seconds=LEASE_SECONDS):
            pass


@mostly_postgresql
def test_workers_that_start_at_once_on_a_new_installation_agree_on_its_key(
    database_url: str, tmp_path: Path
) -> None:
    with running(Sink()) as sink, installation(tmp_path, database_url, sink.port) as site:
        if database_url.startswith("sqlite"):  # where the key is kept beside the database
            del site.settings["secret_key"]
        workers = [site.worker() for _ in range(6)]
        for worker in workers:
            wait_until(lambda worker=worker: "started" in worker.words)  # type: ignore[misc]
            assert worker.end()[0] == 0, worker.words
