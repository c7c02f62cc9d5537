"""Cuts old clicks and opens loose from people: they are counted as before, and are nobody's."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, func, select, text
from sqlalchemy.orm import Session

from mailer.audience import answers
from mailer.database.tables import Issue, Retention
from mailer.keeping.erasing import NOBODIES, records
from mailer.keeping.settled import issues_under_way

_PEOPLE = 2_000  # in one transaction
# The ledger itself is not cut loose but removed: see thinning.py.
_LEDGER = ("deliveries", "attempts")


def loosen(session: Session, *, before: datetime, now: datetime) -> int:
    """Give nobody's numbers to some of those who followed issues begun *before*; how many people.

    The same person becomes the same nobody in all of one issue, and another one in the next: people
    are counted as before, and nothing can be put together. Call it again until it answers 0.
    """
    for issue_id in _issues_begun(session, before=before, now=now):
        done = _loosen_issue(session, issue_id)
        if done:
            return done
    return 0


def attached(session: Session, *, before: datetime, now: datetime) -> int:
    """How many clicks and opens of issues begun *before* still say whose they are."""
    old = _issues_begun(session, before=before, now=now)
    counts = (
        session.scalar(
            select(func.count())
            .select_from(table)
            .where(table.c.issue_id.in_(old), table.c.subscriber_id > 0)
        )
        for table in _tables()
    )
    return sum(count or 0 for count in counts)


def _issues_begun(session: Session, *, before: datetime, now: datetime) -> Sequence[int]:
    under_way = issues_under_way(session, now=now)
    return session.scalars(
        select(Issue.id)
        .where(Issue.started_at < before, Issue.id.not_in(under_way))
        .order_by(Issue.id)
    ).all()


def _loosen_issue(session: Session, issue_id: int) -> int:
    retention = session.get(Retention, issue_id)
    up_to: dict[str, Any] = dict(retention.up_to) if retention else {}
    newest = {table.name: _newest(session, table, issue_id) for table in _tables()}
    if newest == {name: up_to.get(name, 0) for name in newest}:
        return 0
    people: set[int] = set()
    for table in _tables():
        people.update(_people(session, table, issue_id, _PEOPLE - len(people)))
    if people:
        nobodies = {one: -1 - secrets.randbelow(NOBODIES) for one in sorted(people)}
        for table in _tables():
            _rename(session, table, issue_id, nobodies)
        answers.leave(session, people, [issue_id])
    if len(people) < _PEOPLE:
        session.merge(Retention(issue_id=issue_id, up_to=newest))
        session.flush()
    return len(people)


def _tables() -> list[Table]:
    return [table for table in records() if table.name not in _LEDGER]


def _newest(session: Session, table: Table, issue_id: int) -> int:
    of_issue = select(func.max(table.c.id)).where(table.c.issue_id == issue_id)
    return int(session.scalar(of_issue) or 0)


def _people(session: Session, table: Table, issue_id: int, most: int) -> list[int]:
    query = select(table.c.subscriber_id).distinct()
    query = query.where(table.c.issue_id == issue_id, table.c.subscriber_id > 0)
    return list(session.scalars(query.limit(most))) if most > 0 else []


_PAIRS = {
    "sqlite": "SELECT value ->> 0 AS number, value ->> 1 AS nobody FROM json_each(:pairs)",
    "postgresql": "SELECT (value ->> 0)::bigint AS number, (value ->> 1)::bigint AS nobody"
    " FROM json_array_elements(CAST(:pairs AS json))",
}


def _rename(session: Session, table: Table, issue_id: int, nobodies: dict[int, int]) -> None:
    pairs = _PAIRS[session.get_bind().dialect.name]
    session.execute(
        text(
            f"UPDATE {table.name} SET subscriber_id = m.nobody FROM ({pairs}) AS m"  # noqa: S608  # constant
            f" WHERE {table.name}.issue_id = :issue_id AND {table.name}.subscriber_id = m.number"
        ),
        {"issue_id": issue_id, "pairs": json.dumps(list(nobodies.items()))},
    )
