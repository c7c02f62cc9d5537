"""Counts where everybody is, from the record and from open batches apart: does it balance?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.database.tables import (
    Attempt,
    Batch,
    Bounce,
    Delivery,
    DeliveryTotal,
    Doubt,
    Fate,
    Issue,
    IssueState,
    Newsletter,
    Subscriber,
)
from mailer.delivering.ledger import free
from mailer.delivering.packing import unpack
from mailer.delivering.recording import decided_ids
from mailer.errors import NotFound


@dataclass(frozen=True, slots=True)
class Audit:
    """Where every planned recipient of an issue is."""

    issue_id: int
    planned: int
    accepted: int
    refused: int
    skipped: int
    waiting: int  # in open batches, without a delivery; deferred and held ones among them
    uncertain: int  # recipients who may have got the message twice: an answer was never seen
    deferred: int  # of the waiting, those whom a relay has put off at least once
    suppressed: int = 0  # of the refused, those whose address is gone
    skipped_reasons: dict[str, int] = field(default_factory=dict)
    came_back: dict[str, int] = field(default_factory=dict)  # recipients by kind of report

    @property
    def balanced(self) -> bool:
        """The ledger's invariant: everybody planned is in exactly one place."""
        return self.planned == self.accepted + self.refused + self.skipped + self.waiting


@dataclass(frozen=True, slots=True)
class Counts:
    """The same, from counters kept with the batches: quick, for progress bars."""

    planned: int
    accepted: int
    refused: int
    skipped: int

    @property
    def done(self) -> int:
        """How many have been decided."""
        return self.accepted + self.refused + self.skipped


def audit(session: Session, issue_id: int) -> Audit:
    """Count one issue's recipients from the record itself; ``NotFound``."""
    issue = session.get(Issue, issue_id)
    if issue is None:
        raise NotFound("There is no issue {number}.", number=issue_id)
    fates = _fates(session, issue_id)
    waiting = list(_waiting(session, issue_id))
    return Audit(
        issue_id=issue_id,
        planned=issue.planned,
        accepted=fates.get(Fate.ACCEPTED, 0),
        refused=fates.get(Fate.REFUSED, 0),
        skipped=fates.get(Fate.SKIPPED, 0),
        waiting=sum(count for count, _ in waiting),
        uncertain=_uncertain(session, issue_id),
        deferred=sum(count for count, attempt in waiting if attempt > 1),
        suppressed=issue.suppressed,
        skipped_reasons=_reasons(session, issue_id),
        came_back=_came_back(session, issue_id),
    )


def counts(session: Session, issue_id: int) -> Counts:
    """How far an issue is, from the batches' own counters."""
    row = session.execute(
        select(
            func.coalesce(func.sum(Batch.accepted), 0),
            func.coalesce(func.sum(Batch.refused), 0),
            func.coalesce(func.sum(Batch.skipped), 0),
        ).where(Batch.issue_id == issue_id)
    ).one()
    planned = session.scalar(select(Issue.planned).where(Issue.id == issue_id)) or 0
    return Counts(planned, int(row[0]), int(row[1]), int(row[2]))


@dataclass(frozen=True, slots=True)
class Gauge:
    """An issue on its way, measured: the record's own counts, and who waits for how long."""

    issue_id: int
    newsletter: str
    state: IssueState
    planned: int
    accepted: int
    refused: int
    skipped: int
    waiting: int
    uncertain: int
    due_since: datetime | None  # since when the batch due first has been waiting for a worker

    @property
    def unbalanced(self) -> int:
        """How many are in no place, or (below zero) in two: 0 unless something is wrong."""
        return self.planned - self.accepted - self.refused - self.skipped - self.waiting


def gauges(session: Session, *, now: datetime) -> list[Gauge]:
    """Issues being sent or paused, measured."""
    rows = session.execute(
        select(Issue, Newsletter.slug)
        .join(Newsletter, Newsletter.id == Issue.newsletter_id)
        .where(Issue.state.in_((IssueState.SENDING, IssueState.PAUSED)))
        .order_by(Issue.id)
    ).all()
    return [_gauge(session, issue, slug, now) for issue, slug in rows]


def _gauge(session: Session, issue: Issue, newsletter: str, now: datetime) -> Gauge:
    fates = _fates(session, issue.id)
    due = session.scalar(
        select(func.min(Batch.due_at)).where(
            Batch.issue_id == issue.id, Batch.open.is_(True), Batch.due_at <= now, free(now)
        )
    )
    return Gauge(
        issue.id,
        newsletter,
        issue.state,
        issue.planned,
        fates.get(Fate.ACCEPTED, 0),
        fates.get(Fate.REFUSED, 0),
        fates.get(Fate.SKIPPED, 0),
        _waiting_now(session, issue.id),
        _uncertain(session, issue.id),
        max(due, issue.started_at or due) if due else None,  # fresh batches are due for ages
    )


def _waiting_now(session: Session, issue_id: int) -> int:
    """Who waits, with only those batches looked through that somebody has held."""
    fresh = (Batch.lease == 0) & (Batch.attempt == 1)
    mine = (Batch.issue_id == issue_id) & Batch.open.is_(True)
    untouched = session.scalar(select(func.sum(Batch.size)).where(mine, fresh)) or 0
    held = session.scalars(select(Batch.subscriber_ids).where(mine, ~fresh))
    begun = (unpack(packed) for packed in held)
    return untouched + sum(len(ids) - len(decided_ids(session, issue_id, ids)) for ids in begun)


def recipients(
    session: Session, issue_id: int, fate: Fate | None = None
) -> Iterator[tuple[str, Fate, int, str]]:
    """Who got it, and who did not: address, fate, attempts, the relay's words or the reason."""
    wanted = [Delivery.issue_id == issue_id]
    if fate is not None:
        wanted.append(Delivery.fate == int(fate))
    rows = session.execute(
        select(Subscriber.address, Delivery.fate, Delivery.attempts, Delivery.reply)
        .outerjoin_from(Delivery, Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(*wanted)
        .order_by(Delivery.subscriber_id)
        .execution_options(yield_per=1000)
    )
    for address, number, attempts, reply in rows:
        yield address or "(erased)", Fate(number), attempts, reply


def _fates(session: Session, issue_id: int) -> dict[Fate, int]:
    found: Counter[Fate] = Counter()
    for counted in (
        select(Delivery.fate, func.count())
        .where(Delivery.issue_id == issue_id)
        .group_by(Delivery.fate),
        select(DeliveryTotal.fate, DeliveryTotal.count).where(DeliveryTotal.issue_id == issue_id),
    ):
        for fate, count in session.execute(counted):
            found[Fate(fate)] += count
    return found


def _waiting(session: Session, issue_id: int) -> Iterator[tuple[int, int]]:
    batches = session.execute(
        select(Batch.subscriber_ids, Batch.attempt).where(
            Batch.issue_id == issue_id, Batch.open.is_(True)
        )
    )
    for packed, attempt in batches:
        ids = unpack(packed)
        yield len(ids) - len(decided_ids(session, issue_id, ids)), attempt


def _uncertain(session: Session, issue_id: int) -> int:
    kept = select(func.count(Attempt.subscriber_id.distinct())).where(
        Attempt.issue_id == issue_id, Attempt.doubt == int(Doubt.UNCERTAIN)
    )
    gone = select(func.sum(DeliveryTotal.uncertain)).where(DeliveryTotal.issue_id == issue_id)
    return (session.scalar(kept) or 0) + int(session.scalar(gone) or 0)


def _reasons(session: Session, issue_id: int) -> dict[str, int]:
    found: Counter[str] = Counter()
    for counted in (
        select(Delivery.reply, func.count())
        .where(Delivery.issue_id == issue_id, Delivery.fate == int(Fate.SKIPPED))
        .group_by(Delivery.reply),
        select(DeliveryTotal.reason, DeliveryTotal.count).where(
            DeliveryTotal.issue_id == issue_id, DeliveryTotal.fate == int(Fate.SKIPPED)
        ),
    ):
        for reason, count in session.execute(counted):
            found[reason] += count
    return dict(found.most_common())


def _came_back(session: Session, issue_id: int) -> dict[str, int]:
    rows = session.execute(
        select(Bounce.kind, func.count(Bounce.subscriber_id.distinct()))
        .where(Bounce.issue_id == issue_id)
        .group_by(Bounce.kind)
        .order_by(Bounce.kind)
    )
    return {kind.value: count for kind, count in rows}
