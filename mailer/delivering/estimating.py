"""How long sending takes: from the last issue that was sent, within the limits that are set."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.database.tables import Issue, IssueState
from mailer.rates import Rate

_TELLING = 50  # recipients: fewer say nothing about speed
_ISSUES = 3


def expected_duration(session: Session, people: int, rates: Iterable[Rate]) -> timedelta | None:
    """How long *people* messages will take; ``None`` where nothing tells."""
    speeds = [rate.most / rate.window.total_seconds() for rate in rates]
    recent = session.execute(
        select(Issue.planned, Issue.started_at, Issue.finished_at)
        .where(Issue.state == IssueState.SENT, Issue.planned >= _TELLING)
        .order_by(Issue.finished_at.desc())
        .limit(_ISSUES)
    )
    past = [
        planned / max(1.0, (finished - started).total_seconds())
        for planned, started, finished in recent
        if started is not None and finished is not None
    ]
    if past:
        speeds.append(sorted(past)[len(past) // 2])
    return timedelta(seconds=people / min(speeds)) if speeds else None
