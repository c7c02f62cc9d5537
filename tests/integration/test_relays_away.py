"""A relay that takes nothing is told where one looks: since when, why, and what happens next."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, select

from mailer.database.engine import reading, transaction
from mailer.database.tables import Issue, RelayTrouble
from mailer.delivering.permits import NO_LIMITS
from mailer.delivering.troubles import Complaints, Trouble, troubles
from mailer.delivering.waiting import Wait, waits_for
from mailer.sentences import Sentence
from tests.support.accounting import issue_under_way
from tests.support.command import free_port
from tests.support.command_line import command_line
from tests.support.factories import NOON
from tests.support.sending import a_worker, audited, work
from tests.support.sink import Sink, running

AWAY = {"smtp://relay.test:25": Sentence("{relay} is away.", relay="smtp://relay.test:25")}
SECOND = timedelta(seconds=1)


def tell(engine: Engine, told: Complaints, problems: dict[str, str], now: datetime) -> int:
    """Let a worker tell; how many statements wrote anything."""
    written: list[str] = []

    def note(*call: object) -> None:
        written.extend([str(call[2])] if not str(call[2]).startswith(("SELECT", "BEGIN")) else [])

    with transaction(engine) as session:
        event.listen(engine, "before_cursor_execute", note)
        told.tell(session, problems, alone=True, now=now)
        session.flush()
        event.remove(engine, "before_cursor_execute", note)
    told.written(problems, now=now)
    return len(written)


def away_now(engine: Engine, now: datetime) -> list[Trouble]:
    with reading(engine) as session:
        return troubles(session, now=now)


def test_it_is_written_when_it_changes_and_once_in_half_a_minute(engine: Engine) -> None:
    told = Complaints("one")
    assert tell(engine, told, {}, NOON) == 0
    assert tell(engine, told, dict(AWAY), NOON) > 0
    assert tell(engine, told, dict(AWAY), NOON + 20 * SECOND) == 0
    assert tell(engine, told, dict(AWAY), NOON + 40 * SECOND) > 0
    [one] = away_now(engine, NOON + 100 * SECOND)
    assert (one.since, str(one.problem)) == (NOON, "smtp://relay.test:25 is away.")
    assert tell(engine, told, {}, NOON + 41 * SECOND) > 0
    assert away_now(engine, NOON + 42 * SECOND) == []


def test_a_worker_that_was_killed_is_not_believed_for_ever(engine: Engine) -> None:
    tell(engine, Complaints("killed"), dict(AWAY), NOON)
    assert away_now(engine, NOON + 100 * SECOND) == []
    tell(engine, Complaints("next"), dict(AWAY), NOON + 100 * SECOND)
    with reading(engine) as session:
        assert session.scalars(select(RelayTrouble.worker)).all() == ["next"]


@pytest.mark.parametrize(
    ("greeting", "words"),
    [
        (None, "does not take mail: nothing listens there."),
        ("421 come back later", "come back later"),
    ],
)
def test_an_issue_says_that_it_waits_for_its_relay_until_that_is_back(
    engine: Engine,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    greeting: str | None,
    words: str,
) -> None:
    issue_id, _ = issue_under_way(engine, 20)
    sink = Sink(port=free_port(), on_connect=lambda _number: greeting)
    one = a_worker(engine, sink, connections=1)
    seen: list[Wait] = []

    def told() -> bool:
        with reading(engine) as session:
            issue = session.get_one(Issue, issue_id)
            wait = waits_for(session, issue, NO_LIMITS, now=one._clock())
            seen.extend([wait] if wait and wait.since else [])
        return bool(seen)

    if greeting is None:
        work(one, until=told)
    else:
        with running(sink):
            work(one, until=told)
    said = str(seen[0])
    assert said.startswith("It waits for the relay, since ")
    assert words in said
    assert said.endswith("It is tried again every ten seconds, and sending goes on by itself.")
    with transaction(engine) as session:
        assert not troubles(session, now=one._clock()), "who ends takes back what it said"
        Complaints("another").tell(session, dict(AWAY), alone=True, now=one._clock())
    status = command_line(monkeypatch, tmp_path, database_url).json(
        "issue", "status", str(issue_id)
    )
    assert status["waits"]["for"] == "It waits for the relay"
    assert status["waits"]["more"].startswith("smtp://relay.test:25 is away.")
    assert [one["relay"] for one in status["relays_away"]] == ["smtp://relay.test:25"]
    assert audited(engine, issue_id).waiting == 20
