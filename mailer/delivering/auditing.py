"""Counts where everybody is, from the record and from open batches apart: does it balance?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.database.tables import Attempt, Batch, Bounce, Delivery, Doubt, Fate, Issue, Subscriber
from mailer.delivering.ledger import decided_ids
from mailer.delivering.packing import unpack
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
        raise NotFound(f"There is no issue {issue_id}.")
    rows = session.execute(
        select(Delivery.fate, func.count())
        .where(Delivery.issue_id == issue_id)
        .group_by(Delivery.fate)
    )
    fates = {Fate(fate): count for fate, count in rows}
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
    return (
        session.scalar(
            select(func.count(Attempt.subscriber_id.distinct())).where(
                Attempt.issue_id == issue_id, Attempt.doubt == int(Doubt.UNCERTAIN)
            )
        )
        or 0
    )


def _reasons(session: Session, issue_id: int) -> dict[str, int]:
    rows = session.execute(
        select(Delivery.reply, func.count())
        .where(Delivery.issue_id == issue_id, Delivery.fate == int(Fate.SKIPPED))
        .group_by(Delivery.reply)
        .order_by(func.count().desc())
    )
    return {row[0]: row[1] for row in rows}


def _came_back(session: Session, issue_id: int) -> dict[str, int]:
    rows = session.execute(
        select(Bounce.kind, func.count(Bounce.subscriber_id.distinct()))
        .where(Bounce.issue_id == issue_id)
        .group_by(Bounce.kind)
        .order_by(Bounce.kind)
    )
    return {kind.value: count for kind, count in rows}
