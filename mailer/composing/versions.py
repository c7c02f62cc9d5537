"""Store of an issue's versions: the newest as it was left, older ones fewer and fewer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, load_only

from mailer.database.tables import IssueVersion
from mailer.errors import NotFound

# Saves of one person within so much time are one version; what is older is kept once in so much.
STRETCH = timedelta(minutes=5)
_THINNING = (
    (timedelta(days=1), timedelta(hours=1)),
    (timedelta(days=14), timedelta(days=1)),
    (timedelta(days=180), timedelta(days=30)),
)
_MOST = 500


def keep(
    session: Session,
    issue_id: int,
    number: int,
    document: Mapping[str, Any],
    *,
    by: str,
    by_id: int | None = None,
    now: datetime,
) -> None:
    """Keep *document* as version *number*; older ones are thinned out."""
    kept = listing(session, issue_id)
    last = kept[0] if kept else None
    begun = now
    if last is not None and _goes_on(last, by, by_id, now):
        begun = last.begun_at
        _remove(session, issue_id, [last.number])
        kept = kept[1:]
    session.add(
        IssueVersion(
            issue_id=issue_id,
            number=number,
            by=by,
            by_id=by_id,
            at=now,
            begun_at=begun,
            doc=dict(document),
        )
    )
    _remove(session, issue_id, superfluous([(one.number, one.at) for one in kept], now))
    session.flush()


def _goes_on(last: IssueVersion, by: str, by_id: int | None, now: datetime) -> bool:
    return (last.by, last.by_id) == (by, by_id) and now - last.begun_at < STRETCH


def superfluous(versions: Iterable[tuple[int, datetime]], now: datetime) -> list[int]:
    """Which of *versions* (newest first) are too close to a newer one for their age."""
    gone: list[int] = []
    newer: datetime | None = None
    kept = 0
    for number, at in versions:
        apart = max((gap for age, gap in _THINNING if now - at >= age), default=timedelta())
        if kept >= _MOST or (newer is not None and newer - at < apart):
            gone.append(number)
        else:
            newer, kept = at, kept + 1
    return gone


def listing(session: Session, issue_id: int) -> Sequence[IssueVersion]:
    """Every version kept, newest first; without what they say."""
    facts = load_only(
        IssueVersion.number,
        IssueVersion.by,
        IssueVersion.by_id,
        IssueVersion.at,
        IssueVersion.begun_at,
    )
    return session.scalars(
        select(IssueVersion)
        .where(IssueVersion.issue_id == issue_id)
        .order_by(IssueVersion.number.desc())
        .options(facts)
    ).all()


def get(session: Session, issue_id: int, number: int) -> IssueVersion:
    """One version; ``NotFound`` when it was thinned out, or never was."""
    found = session.get(IssueVersion, (issue_id, number))
    if found is None:
        raise NotFound(
            "Version {number} of issue {issue} is not kept any more.",
            number=number,
            issue=issue_id,
        )
    return found


def newest(session: Session, issue_id: int) -> IssueVersion | None:
    """What was written last in the composer, if anything was."""
    return session.scalars(
        select(IssueVersion)
        .where(IssueVersion.issue_id == issue_id)
        .order_by(IssueVersion.number.desc())
        .limit(1)
    ).first()


def _remove(session: Session, issue_id: int, numbers: Sequence[int]) -> None:
    if numbers:
        session.execute(
            delete(IssueVersion)
            .where(IssueVersion.issue_id == issue_id, IssueVersion.number.in_(numbers))
            .execution_options(synchronize_session=False)
        )
        session.expire_all()
