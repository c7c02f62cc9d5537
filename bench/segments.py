"""How long it takes to count a segment of five rules, and to freeze it as an issue's audience."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, TextClause, text

from bench.databases import postgresql
from bench.machine import cpu_of_tree
from bench.report import Report
from mailer.audience import segments, targeting
from mailer.audience.selecting import select_people
from mailer.database.engine import open_engine, reading, transaction
from mailer.database.tables import (
    CustomField,
    Issue,
    IssueLink,
    IssueState,
    Newsletter,
    Tag,
)
from mailer.database.upgrading import upgrade
from mailer.delivering import lifecycle
from mailer.field_kinds import EditableBy, FieldKind
from mailer.keeping.gathering import gather, gather_answers
from mailer.rules import parse

_NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
_ISSUES = 6
RULES = {
    "five rules": (
        'tag is "volunteer" and (place within "Lindholm" or field district is "North") and joined '
        "after 2026-01-01 and clicked any action in last 3 issues and not received in last 2 issues "
        'and language is "de"'
    ),
    "five, any of them": (
        'tag is "volunteer" or field district is "North" or joined in last 30 days or '
        'clicked any action in last 3 issues or language is "de"'
    ),
    "five, most people": (
        'not tag is "volunteer" and field age at least 18 and not did nothing in last 3 issues and '
        'not domain is "readers3.test" and name is not empty'
    ),
    "not opened": (
        'not opened in last 3 issues and received in last 5 issues and not tag is "press" and '
        'field age at least 18 and language is not "fr"'
    ),
    "not acted": (
        "not clicked any action in last 5 issues and received in last 5 issues and not tag is "
        '"press" and field age at least 18 and place within "Lindholm"'
    ),
    "last days": (
        "received in last 40 days and not clicked in last 30 days and joined in last 900 days and "
        'name is not empty and subscribed to "river"'
    ),
    "did nothing, days": "did nothing in last 60 days",
    "did nothing, fewer": "did nothing in last 20 days",
    "one field": 'field district is "North"',
}


def run(people: int, repetitions: int) -> Report:
    """Medians of *repetitions* after one that warms the caches; CPU is the database's and ours."""
    report = Report(
        "segments",
        f"{people:,} subscribers, {_ISSUES} issues sent to nine in ten and opened by four, the last ungathered",
        ["database", "rule", "people", "count ms", "count CPU ms", "freeze ms"],
    )
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        server, pid = stack.enter_context(postgresql(Path(folder)))
        candidates: list[tuple[str, str, Meter]] = [
            ("SQLite", f"sqlite:///{folder}/bench.db", time.process_time),
            ("PostgreSQL", server, lambda: time.process_time() + cpu_of_tree(pid)),
        ]
        for name, url, cpu in candidates:
            engine = prepare(url, people)
            for words, rule in RULES.items():
                found, wall, spent = _timed(partial(count_once, engine, rule), repetitions, cpu)
                _, freeze, _ = _timed(partial(freeze_once, engine, rule), 1, cpu)
                figures = [round(one * 1000) for one in (wall, spent, freeze)]
                report.add(name, words, f"{found:,}", *figures)
            engine.dispose()
    return report


Meter = Callable[[], float]


def _timed(work: Callable[[], int], repetitions: int, cpu: Meter) -> tuple[int, float, float]:
    """What came of it, the median of its seconds, the mean of its CPU seconds."""
    result, seconds, before = work(), [], cpu()
    for _ in range(repetitions):
        started = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - started)
    return result, statistics.median(seconds), (cpu() - before) / repetitions


def count_once(engine: Engine, rule: str) -> int:
    """How many people the rule means, in a transaction of its own."""
    with reading(engine) as session:
        return segments.count(session, select_people(session, parse(rule), now=_NOW))


def freeze_once(engine: Engine, rule: str) -> int:
    """Plan an issue for the rule's people; nothing of it is kept."""
    planned = 0
    try:
        with transaction(engine) as session:
            issue = Issue(newsletter_id=1, subject="Next", created_at=_NOW, changed_at=_NOW)
            session.add(issue)
            session.flush()
            segments.add(session, f"bench {issue.id}", rule, now=_NOW)
            targeting.choose(session, issue.id, include=[f"bench {issue.id}"], now=_NOW)
            session.refresh(issue)
            planned = lifecycle.start(
                session, issue.id, version=issue.version, batch_size=1000, now=_NOW
            )
            raise _UndoneError
    except _UndoneError:
        return planned


class _UndoneError(Exception):
    """Takes a measured transaction back."""


def prepare(url: str, people: int) -> Engine:
    """A database with people, tags, fields, issues that were sent, and clicks."""
    engine = open_engine(url)
    upgrade(engine)
    with transaction(engine) as session:
        _things(session)
        session.execute(_spoken(engine, _PEOPLE), {"people": people})
        session.execute(_spoken(engine, _SUBSCRIPTIONS), {"now": _AT})
        session.execute(_spoken(engine, _TAGS))
        for issue in range(1, _ISSUES + 1):
            at = (_started(issue) + timedelta(hours=2)).isoformat(" ")
            for statement in (_DELIVERIES, _CLICKS, _OPENS):
                session.execute(_spoken(engine, statement), {"issue": issue, "at": at})
        session.execute(_spoken(engine, _JUDGED))
    gather(engine, lambda: _NOW)
    for minutes in (0, 5):  # what was seen at first is gathered the next time
        gather_answers(engine, lambda later=timedelta(minutes=minutes): _NOW + later)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE" if "postgres" in url else "ANALYZE"))
    return engine


def _started(issue: int) -> datetime:
    """The last is being counted while its worker may still report: nothing of it is gathered."""
    return _NOW - timedelta(days=7 * (_ISSUES - issue), hours=3.5)


_AT = _NOW.isoformat(" ")
_PEOPLE = """
INSERT INTO subscribers
  (id, address, address_key, name, language, time_zone, fields, created_at)
WITH RECURSIVE numbers(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM numbers WHERE id < :people),
people AS (
  SELECT id,
    'reader' || id || '@readers' || (id % 50) || '.test' AS address,
    CASE WHEN id % 5 = 0 THEN '' ELSE 'Ann Example' END AS name,
    CASE (id * 11 + id / 7) % 5 WHEN 0 THEN 'de' WHEN 1 THEN 'en' WHEN 2 THEN 'en-GB'
      WHEN 3 THEN 'fr' END AS language,
    '{"district":"' || CASE (id * 13 + id / 11) % 4 WHEN 0 THEN 'North' WHEN 1 THEN 'South'
      WHEN 2 THEN 'East' ELSE 'West' END
    || '","city":"' || CASE (id * 17 + id / 13) % 5 WHEN 0 THEN 'Lindholm' WHEN 1 THEN 'Alder'
      WHEN 2 THEN 'Riverton' WHEN 3 THEN 'Hillside' ELSE 'Portsea' END
    || '","age":' || (14 + id % 76) || ',"note":"met at the river festival"}' AS fields,
    '20' || (23 + (id / 17) % 4) || '-0' || (1 + (id / 3) % 9) || '-15 12:00:00' AS at
  FROM numbers
)
SELECT id, address, address, name, language, 'Europe/Berlin', CAST(fields AS JSONB),
  CAST(at AS TIMESTAMP) FROM people
"""
# Spread over the people by remainders of their numbers: the same in every run.
_SUBSCRIPTIONS = (
    "INSERT INTO subscriptions (newsletter_id, subscriber_id, state, changed_at, source)"
    " SELECT 1, id, 'confirmed', CAST(:now AS TIMESTAMP), 'import' FROM subscribers"
)
_TAGS = (
    "INSERT INTO subscriber_tags (tag_id, subscriber_id)"
    " SELECT tags.id, subscribers.id FROM subscribers, tags"
    " WHERE (subscribers.id * 7919 + tags.id * 104729) % 101 < 10"
)
_DELIVERIES = (
    "INSERT INTO deliveries (issue_id, subscriber_id, fate, attempts, at, reply)"
    " SELECT :issue, id, 1, 1, CAST(:at AS TIMESTAMP), '250 ok' FROM subscribers"
    " WHERE (id * 5003 + :issue * 4) % 97 < 87"
)
_CLICKS = (
    "INSERT INTO clicks (issue_id, subscriber_id, link_number, at, machine)"
    " SELECT :issue, id, id % 6 + 1, CAST(:at AS TIMESTAMP),"
    " CASE WHEN id % 5 = 0 THEN 'prefetch' END FROM subscribers"
    " WHERE (id * 6007 + :issue * 811) % 103 < 8"
)

_OPENS = (
    "INSERT INTO opens (issue_id, subscriber_id, at, machine)"
    " SELECT :issue, id, CAST(:at AS TIMESTAMP),"
    " CASE WHEN id % 7 = 0 THEN 'Apple Mail Privacy Protection' END"
    " FROM subscribers, (SELECT 1 AS time UNION ALL SELECT 2) AS times"
    " WHERE (id * 4001 + :issue * 77) % 101 < 40 AND (time = 1 OR id % 3 = 0)"
)
_JUDGED = (
    "INSERT INTO facts (name, value)"
    " SELECT 'clicks judged up to', CAST(max(id) AS TEXT) FROM clicks"
    " UNION ALL SELECT 'opens judged up to', CAST(max(id) AS TEXT) FROM opens"
)


def _spoken(engine: Engine, statement: str) -> TextClause:
    """The statement for one of the databases: SQLite keeps times and objects as text."""
    if engine.dialect.name == "sqlite":
        statement = statement.replace("AS TIMESTAMP)", "AS TEXT)").replace("AS JSONB)", "AS TEXT)")
    return text(statement)


def _things(session: Any) -> None:
    session.add(
        Newsletter(
            slug="river", name="River Watch", from_name="River Watch",
            from_address="news@river.test", created_at=_NOW,
        )
    )  # fmt: skip
    names = ("volunteer", "press", "donor", "member", "vip")
    session.add_all(Tag(name=one, key=one, created_at=_NOW) for one in names)
    kinds = {"district": FieldKind.TEXT, "city": FieldKind.TEXT, "age": FieldKind.NUMBER}
    session.add_all(
        CustomField(name=name, label=name, kind=kind, editable_by=EditableBy.STAFF, created_at=_NOW)
        for name, kind in kinds.items()
    )
    for number in range(1, _ISSUES + 1):
        at = _started(number)
        session.add(
            Issue(
                newsletter_id=1, subject="News", created_at=at, changed_at=at,
                started_at=at, finished_at=at + timedelta(hours=3), state=IssueState.SENT,
            )
        )  # fmt: skip
        session.flush()
        session.add_all(
            IssueLink(
                issue_id=number, number=link, url=f"https://act.test/{link}", label=f"Act {link}",
                role="action" if link < 4 else "text", block=f"b-{link}", block_position=link,
            )
            for link in range(1, 7)
        )  # fmt: skip
    session.flush()
