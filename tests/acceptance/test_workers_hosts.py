"""Workers on hosts of their own share one PostgreSQL; one that is cut off loses and doubles nobody.

Hosts are network namespaces, so these tests need root and iproute2, and fail without.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from mailer.database.engine import reading
from mailer.database.tables import Batch
from tests.support.accounting import (
    account,
    in_doubt,
    issue_under_way,
    wait_for_bodies,
    wait_until,
    wait_until_sent,
)
from tests.support.hosts import Host, Network, network, reachable
from tests.support.processes import PATIENT, Installation, Process, installation
from tests.support.sink import Sink, running

READERS = 3600
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@contextmanager
def hosts(
    number: int, database_url: str, folder: Path, sink: Sink
) -> Iterator[tuple[Network, Installation]]:
    """So many hosts from which one PostgreSQL and one relay can be reached."""
    with network(number) as net, reachable(database_url, net.address) as url:
        sink.address = net.address
        with (
            running(sink),
            installation(folder, url, sink.port, smtp_host=net.address) as site,
        ):
            yield net, site


def all_at_once(
    engine: Engine,
    issue_id: int,
    site: Installation,
    net: Network,
    sink: Sink,
    settings: dict[str, str],
) -> list[Process]:
    """A worker on each host; nobody is answered before all have taken some of the work."""
    sink.stands_at = 1
    workers = []
    for host in net.hosts:
        url = f"{site.settings['database_url']}?application_name={host.name}"
        workers.append(site.worker(settings | {"database_url": url}, host=host))
    wait_until(lambda: len(workers_of(engine, issue_id)) == len(workers))
    sink.stands_at = None
    return workers


def workers_of(engine: Engine, issue_id: int) -> set[str | None]:
    with reading(engine) as session:
        return set(session.scalars(select(Batch.worker).where(Batch.issue_id == issue_id))) - {None}


@on_postgresql
@pytest.mark.parametrize("number", [pytest.param(one, marks=pytest.mark.slow) for one in (2, 8)])
def test_hosts_share_an_issue_and_nobody_is_doubled(
    engine: Engine, database_url: str, tmp_path: Path, number: int
) -> None:
    readers = 600 * number
    issue_id, addresses = issue_under_way(engine, readers, batch_size=30)  # one holds 20 at most
    sink = Sink(delay=0.002)

    with hosts(number, database_url, tmp_path, sink) as (net, site):
        all_at_once(engine, issue_id, site, net, sink, PATIENT)
        wait_until_sent(engine, issue_id)
        result = account(engine, issue_id, sink, addresses)

    assert result.audit.accepted == readers
    assert (result.doubled, result.uncertain.total()) == ({}, 0)


@pytest.mark.slow
@on_postgresql
def test_what_a_host_held_that_is_cut_off_goes_on_elsewhere_and_it_does_no_harm_when_it_is_back(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    issue_id, addresses = issue_under_way(engine, READERS, batch_size=60)  # one holds 20 at most
    sink = Sink(delay=0.01)
    # Long enough that only the one cut off loses its leases, however busy this machine is.
    settings = {"lease_seconds": "8"}

    with hosts(3, database_url, tmp_path, sink) as (net, site):
        lost, *others = all_at_once(engine, issue_id, site, net, sink, settings)
        wait_for_bodies(sink, 100)
        cut_between_transactions(net.hosts[0], engine)
        most_uncertain = in_doubt(engine, issue_id)
        wait_until_sent(engine, issue_id)
        assert all(worker.running for worker in (lost, *others))

        net.hosts[0].mend()
        wait_until(lambda: "taken over by another worker" in lost.words)
        time.sleep(1.0)  # what was on its way when the cable was pulled out arrives now
        for worker in (lost, *others):
            assert worker.end()[0] == 0, worker.words
        result = account(engine, issue_id, sink, addresses)

    assert result.audit.accepted == READERS
    assert 0 < len(result.uncertain) <= most_uncertain


def cut_between_transactions(host: Host, engine: Engine) -> None:
    """One cut off within a transaction keeps its locks: PostgreSQL ends it after a minute."""
    while True:
        host.cut()
        time.sleep(0.1)
        with reading(engine) as session:
            if not session.scalar(text(_IN_TRANSACTION), {"name": host.name}):
                return
        host.mend()
        time.sleep(0.5)


_IN_TRANSACTION = (
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = :name AND state <> 'idle'"
)
