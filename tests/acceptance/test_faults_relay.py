"""Whatever the relay does, everybody gets the issue, and nobody twice but whom the ledger names."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from mailer.database.tables import Fate
from tests.support import sink as smtp
from tests.support.accounting import account, issue_under_way, wait_for_bodies, wait_until_sent
from tests.support.command import free_port
from tests.support.databases import mostly_sqlite
from tests.support.processes import installation
from tests.support.sending import a_worker, run_until
from tests.support.sink import Sink, running

READERS = 300


def every(number: int, answer: str) -> Callable[[str, int], str | None]:
    """Answer so to every so-many-th body."""
    return lambda _address, body: answer if body % number == 0 else None


class Once:
    """Answers so to these readers, to each of them the first few times."""

    def __init__(self, answer: str, *numbers: int, times: int = 1) -> None:
        self._answer, self._times = answer, times
        self._left = dict.fromkeys(map(reader, numbers), times)

    def __call__(self, address: str, _body: int = 0) -> str | None:
        if self._left.get(address, 0) == 0:
            return None
        self._left[address] -= 1
        return self._answer


class Nth:
    """Answers so to the n-th command."""

    def __init__(self, answer: str, *numbers: int) -> None:
        self._answer, self._numbers, self._seen = answer, numbers, 0

    def __call__(self, _line: str) -> str | None:
        self._seen += 1
        return self._answer if self._seen in self._numbers else None


def reader(number: int) -> str:
    return f"reader{number}@readers{number % 7}.test"


SOME = range(0, READERS, 20)  # 5 %

# What a server does, anew for each test; whether an answer can get lost on the way.
ODD_SERVERS: dict[str, tuple[Callable[[], dict[str, Any]], bool]] = {
    "drops every 25th connection": (lambda: {"after_body": every(25, smtp.DROP)}, True),
    "421 every 25 messages": (lambda: {"after_body": every(25, "421 4.7.0 enough")}, True),
    "421 for a body": (lambda: {"on_body": every(30, "421 4.3.2 not this one")}, False),
    "421 for a recipient": (lambda: {"on_rcpt": Once("421 4.3.2 closing", 10, 11, 200)}, False),
    "421 for a sender": (lambda: {"on_mail": Nth("421 4.3.2 closing", 20, 21, 22, 180)}, False),
    "drops before the body": (lambda: {"on_data": Once(smtp.DROP, 3, 70, 150, times=2)}, False),
    "keeps it and drops": (lambda: {"on_body": every(30, smtp.DROP)}, True),
    "keeps it and hangs": (lambda: {"on_body": Once(smtp.HANG, 5, 250)}, True),
    "hangs before the body": (lambda: {"on_data": Once(smtp.HANG, 5, 250)}, False),
    "hangs at a recipient": (lambda: {"on_rcpt": Once(smtp.HANG, 40)}, False),
    "451 for 5 %, three times": (lambda: {"on_rcpt": Once("451 4.7.1", *SOME, times=3)}, False),
    "451 for 5 % of bodies": (lambda: {"on_body": Once("451 4.3.0 later", *SOME)}, False),
    "451 for 5 % at DATA": (lambda: {"on_data": Once("451 4.3.0 later", *SOME)}, False),
    "SIZE and SMTPUTF8": (lambda: {"size": 1_000_000, "smtputf8": True}, False),
}
slow = pytest.mark.slow
MANNERS = {
    "pipelining": {"pipelining": True},
    "all replies at once": {"joined_replies": True},
    "torn replies": {"split_replies": True},
    "no PIPELINING": {"pipelining": False},
}


@pytest.mark.parametrize(
    "manner", ["pipelining", *(pytest.param(one, marks=slow) for one in list(MANNERS)[1:])]
)
@pytest.mark.parametrize(
    "server",
    [pytest.param(one, marks=slow if "hangs" in one else ()) for one in ODD_SERVERS],
)
def test_everybody_gets_it_from_a_server_that(
    sqlite_engine: Engine, server: str, manner: str
) -> None:
    issue_id, addresses = issue_under_way(sqlite_engine, READERS, batch_size=60)
    behaviour, answers_get_lost = ODD_SERVERS[server]
    sink = Sink(**behaviour(), **MANNERS[manner])  # type: ignore[arg-type]  # each is a field
    patience = 1.0 if "hangs" in server else 30.0  # a busy machine is not a hanging relay

    with running(sink):
        run_until(a_worker(sqlite_engine, sink, timeout=patience), sqlite_engine, issue_id)

    result = account(sqlite_engine, issue_id, sink, addresses)
    assert result.audit.accepted == READERS
    if not answers_get_lost:
        assert result.doubled == {}
    assert set(sink.taken_unseen) <= result.uncertain.keys()


@pytest.mark.parametrize("manner", list(MANNERS)[1:])
def test_a_servers_manner_of_answering_makes_no_difference(
    sqlite_engine: Engine, manner: str
) -> None:
    issue_id, addresses = issue_under_way(sqlite_engine, READERS, batch_size=60)
    sink = Sink(on_rcpt=Once("451 4.7.1 later", *SOME), **MANNERS[manner])  # type: ignore[arg-type]

    with running(sink):
        run_until(a_worker(sqlite_engine, sink), sqlite_engine, issue_id)

    result = account(sqlite_engine, issue_id, sink, addresses)
    assert (result.audit.accepted, result.uncertain.total()) == (READERS, 0)


@mostly_sqlite
def test_one_in_a_hundred_is_refused_for_good(engine: Engine) -> None:
    issue_id, addresses = issue_under_way(engine, READERS, batch_size=60)
    refused = {reader(number) for number in range(50, READERS, 100)}
    sink = Sink(on_rcpt=lambda one: "550 5.1.1 no such user" if one in refused else None)

    with running(sink):
        run_until(a_worker(engine, sink), engine, issue_id)

    result = account(engine, issue_id, sink, addresses)
    assert {one for one, fate in result.fates.items() if fate is Fate.REFUSED} == refused
    assert sink.counts == dict.fromkeys(set(addresses) - refused, 1)


@mostly_sqlite
def test_the_relay_is_away_at_the_start_and_restarted_in_the_middle(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    issue_id, addresses = issue_under_way(engine, READERS, batch_size=60)
    sink = Sink(delay=0.005, port=free_port())

    with installation(tmp_path, database_url, sink.port) as site:
        site.worker()
        for moment in (100, 200):
            time.sleep(0.7)
            with running(sink):
                wait_for_bodies(sink, moment)
        time.sleep(0.7)
        with running(sink):
            wait_until_sent(engine, issue_id)

    result = account(engine, issue_id, sink, addresses)
    assert result.audit.accepted == READERS


@pytest.mark.parametrize("seconds", [2, pytest.param(60, marks=slow)])
def test_the_relay_takes_nothing_for_a_while(
    sqlite_engine: Engine, sqlite_url: str, tmp_path: Path, seconds: int
) -> None:
    issue_id, addresses = issue_under_way(sqlite_engine, READERS, batch_size=60)
    sink = Sink(delay=0.005)

    with running(sink), installation(tmp_path, sqlite_url, sink.port) as site:
        worker = site.worker()
        wait_for_bodies(sink, 100)
        sink.on_connect = lambda _number: "421 4.3.2 not now"
        sink.after_body = lambda _address, _number: "421 4.3.2 not now"
        time.sleep(seconds)
        sink.on_connect = lambda _number: None
        sink.after_body = lambda _address, _number: None
        wait_until_sent(sqlite_engine, issue_id)
        assert "421" in worker.words, "people can read why nothing is sent"

    result = account(sqlite_engine, issue_id, sink, addresses)
    assert result.audit.accepted == READERS
