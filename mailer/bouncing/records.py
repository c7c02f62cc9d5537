"""Store of what came back: each report once, counted by issue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.database.tables import Bounce
from mailer.reports import Kind


def known(session: Session, report: str) -> bool:
    """Whether this report was taken in before."""
    return session.scalar(select(Bounce.id).where(Bounce.report == report).limit(1)) is not None


def of_issue(session: Session, issue_id: int) -> Mapping[Kind, int]:
    """How many recipients of an issue each kind of report named."""
    rows = session.execute(
        select(Bounce.kind, func.count(Bounce.subscriber_id.distinct()))
        .where(Bounce.issue_id == issue_id)
        .group_by(Bounce.kind)
    )
    return Counter({Kind(kind): count for kind, count in rows})


def page(
    session: Session,
    *,
    before: int | None = None,
    limit: int = 100,
    kind: Kind | None = None,
    issue_id: int | None = None,
    unidentified: bool = False,
) -> list[Bounce]:
    """What came back, newest first: at most *limit*, those before the number *before*."""
    query = select(Bounce).order_by(Bounce.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Bounce.id < before)
    if kind is not None:
        query = query.where(Bounce.kind == kind)
    if issue_id is not None:
        query = query.where(Bounce.issue_id == issue_id)
    if unidentified:
        query = query.where(Bounce.subscriber_id.is_(None))
    return list(session.scalars(query))
