"""Removes old deliveries, a part at a time, each part counted in totals before it goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from mailer.audience import receipts
from mailer.database.tables import (
    Attempt,
    Batch,
    Delivery,
    DeliveryTotal,
    Doubt,
    Fate,
    Issue,
)
from mailer.delivering.packing import among
from mailer.keeping.redacting import without_addresses
from mailer.keeping.settled import issues_under_way

_DELIVERIES = 5_000  # in one transaction
_BATCHES = 100


def thin_out(session: Session, *, before: datetime, now: datetime) -> int:
    """Turn some deliveries of an issue that ended *before* into totals; how many.

    At every moment totals and deliveries together are what the issue came to. Call it again until
    it answers 0.
    """
    old = issues_ended(session, before=before, now=now)
    return _thin_out_issue(session, old[0]) if old else 0


def issues_ended(session: Session, *, before: datetime, now: datetime) -> Sequence[int]:
    """The issues that ended *before* and still have deliveries."""
    ended = func.coalesce(Issue.finished_at, Issue.started_at)
    return session.scalars(
        select(Issue.id).where(
            ended < before,
            Issue.id.not_in(issues_under_way(session, now=now)),
            exists().where(Delivery.issue_id == Issue.id),
        )
    ).all()


def _thin_out_issue(session: Session, issue_id: int) -> int:
    rows = session.execute(
        select(Delivery.subscriber_id, Delivery.fate, Delivery.reply)
        .where(Delivery.issue_id == issue_id)
        .order_by(Delivery.subscriber_id)
        .limit(_DELIVERIES)
    ).all()
    ids = [row.subscriber_id for row in rows]
    uncertain = _uncertain(session, issue_id, ids)
    counts: Counter[tuple[int, str]] = Counter()
    doubts: Counter[tuple[int, str]] = Counter()
    for one, fate, reply in rows:
        key = (fate, without_addresses(reply)[:300] if fate == int(Fate.SKIPPED) else "")
        counts[key] += 1
        doubts[key] += one in uncertain
    for (fate, reason), count in counts.items():
        _add(session, issue_id, fate, reason, count, doubts[fate, reason])
    receipts.forget(session, issue_id)
    first, last = ids[0], ids[-1]
    for table in (Delivery, Attempt):
        session.execute(
            delete(table)
            .where(table.issue_id == issue_id, table.subscriber_id.between(first, last))
            .execution_options(synchronize_session=False)
        )
    return len(ids)


def _uncertain(session: Session, issue_id: int, ids: Sequence[int]) -> set[int]:
    return set(
        session.scalars(
            select(Attempt.subscriber_id).where(
                Attempt.issue_id == issue_id,
                Attempt.doubt == int(Doubt.UNCERTAIN),
                among(Attempt.subscriber_id, ids),
            )
        )
    )


def _add(
    session: Session, issue_id: int, fate: int, reason: str, count: int, uncertain: int
) -> None:
    total = session.get(DeliveryTotal, (issue_id, fate, reason), with_for_update=True)
    if total is None:
        total = DeliveryTotal(issue_id=issue_id, fate=fate, reason=reason, count=0, uncertain=0)
        session.add(total)
    total.count += count
    total.uncertain += uncertain
    session.flush()


def forget_batches(session: Session, *, now: datetime) -> int:
    """Let some batches of issues that have ended forget whom they held; how many did."""
    under_way = issues_under_way(session, now=now)
    closed = (
        select(Batch.id)
        .where(Batch.open.is_(False), Batch.subscriber_ids != "", Batch.issue_id.not_in(under_way))
        .limit(_BATCHES)
    )
    forgotten = session.scalars(
        update(Batch)
        .where(Batch.id.in_(closed))
        .values(subscriber_ids="")
        .returning(Batch.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(forgotten)
