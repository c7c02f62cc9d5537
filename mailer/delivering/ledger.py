"""The ledger's hot path: lease a batch, record what became of its recipients, hand it on.

What makes it safe (docs/delivery.md says why):
- a worker hands over only positions below ``handed``, which it raises under its lease;
- whoever leases the batch next therefore knows which recipients may have been mailed unseen;
- deliveries are inserted once, and never changed: writing one twice does nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Executable,
    and_,
    bindparam,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from mailer.database.tables import Batch, Doubt, Fate, Issue, IssueState
from mailer.database.tables.base import Moment
from mailer.delivering.outcomes import LATEST
from mailer.delivering.packing import pack, unpack
from mailer.delivering.recording import (
    Doubted,
    Replies,
    add_deliveries,
    add_doubts,
    add_handed_doubts,
    decided_ids,
    doubted_ids,
)

# What ends or is due later than these allow was written before the clock was set back.
_LONGEST_LEASE = timedelta(minutes=10)  # as settings allow
_LONGEST_PUT_OFF = timedelta(minutes=1)  # by workers, for want of permits


@dataclass(frozen=True, slots=True)
class Leased:
    """A batch that this worker holds: the recipients still to be decided, in order."""

    batch_id: int
    issue_id: int
    lease: int
    attempt: int
    subscriber_ids: list[int]  # all of the batch, by position
    undecided: list[int]  # positions
    uncertain: list[int]  # those of the undecided that an earlier worker may have sent
    deferred: list[int]  # ids that an earlier worker deferred at this attempt: they go on later


@dataclass(frozen=True, slots=True)
class Later:
    """Recipients of a completed batch that go on in a batch of their own."""

    subscriber_ids: list[int]
    attempt: int
    due_at: datetime
    held: bool = False


@dataclass(slots=True)
class Progress:
    """What a worker tells the ledger about one batch it holds, in one transaction."""

    batch_id: int
    issue_id: int
    lease: int
    attempt: int
    handed: int
    recorded: dict[Fate, Replies] = field(default_factory=dict)
    doubted: list[Doubted] = field(default_factory=list)
    complete: bool = False
    later: list[Later] = field(default_factory=list)  # only with *complete*


def lease(
    session: Session,
    *,
    worker: str,
    now: datetime,
    seconds: float,
    issue_id: int | None = None,
    resting: Sequence[int] = (),
) -> Leased | None:
    """Lease the batch that is due first; ``None`` when there is none.

    Newsletters in *resting* are left alone. Takes over a batch whose lease has ended; recipients
    that its last worker may have sent are recorded as uncertain before they are tried again.
    """
    row = (
        session.connection()
        .execute(
            _lease_first_due(for_one_issue=issue_id is not None, some_rest=bool(resting)),
            {
                "b_worker": worker,
                "b_until": now + timedelta(seconds=seconds),
                "b_now": now,
                "b_issue": issue_id,
                "b_resting": list(resting),
            },
        )
        .first()
    )
    if row is None:
        return None
    batch_id, issue, number, attempt, packed, handed = row
    ids = unpack(packed)
    decided: set[int] = set()
    deferred: set[int] = set()
    doubted: set[int] = set()
    if number > 1 or attempt > 1:  # somebody held it, or those in it, before: and may hold them yet
        decided = decided_ids(session, issue, ids)
    if number > 1:
        deferred = doubted_ids(session, issue, attempt, ids, Doubt.DEFERRED) - decided
        doubted = doubted_ids(session, issue, attempt, ids, Doubt.UNCERTAIN)
    undecided = [
        position for position, one in enumerate(ids) if one not in decided and one not in deferred
    ]
    add_handed_doubts(
        session, issue, attempt, [ids[one] for one in undecided if one < handed], now=now, by=worker
    )
    uncertain = [one for one in undecided if one < handed or ids[one] in doubted]
    return Leased(batch_id, issue, number, attempt, ids, undecided, uncertain, sorted(deferred))


@cache  # to build a statement costs more than to execute it
def _lease_first_due(*, for_one_issue: bool, some_rest: bool) -> Executable:
    now = bindparam("b_now", type_=Moment())
    wanted = [
        Batch.open.is_(True),
        Batch.held.is_(False),
        Batch.due_at <= now,
        Issue.state == IssueState.SENDING,
        free(now),
    ]
    if for_one_issue:
        wanted.append(Batch.issue_id == bindparam("b_issue"))
    if some_rest:
        wanted.append(Issue.newsletter_id.not_in(bindparam("b_resting", expanding=True)))
    first = (
        select(Batch.id)
        .join(Issue, Issue.id == Batch.issue_id)
        .where(and_(*wanted))
        .order_by(Batch.due_at, Batch.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=Batch)
    )
    return (
        update(Batch)
        .where(Batch.id == first.scalar_subquery())
        .values(
            worker=bindparam("b_worker"),
            lease=Batch.lease + 1,
            leased_until=bindparam("b_until", type_=Moment()),
        )
        .returning(
            Batch.id,
            Batch.issue_id,
            Batch.lease,
            Batch.attempt,
            Batch.subscriber_ids,
            Batch.handed,
        )
    )


def free(now: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Whether a batch may be leased: nobody holds it, or the lease has ended."""
    return or_(Batch.leased_until.is_(None), Batch.leased_until < now)


def mend_times(
    session: Session, schedule: Sequence[timedelta], *, now: datetime, seconds: float
) -> None:
    """What was written before the clock was set back would hold things up for as long.

    A lease that ends later than any could end gets *seconds* more: its worker, if it is alive,
    renews it. Retries that are further away than the schedule says are due now.
    """
    session.execute(
        update(Batch)
        .where(Batch.open.is_(True), Batch.leased_until > now + _LONGEST_LEASE)
        .values(leased_until=now + timedelta(seconds=seconds))
        .execution_options(synchronize_session=False)
    )
    if schedule:
        session.execute(
            update(Batch)
            .where(Batch.open.is_(True), _later_than(schedule, now + _LONGEST_PUT_OFF))
            .values(due_at=now)
            .execution_options(synchronize_session=False)
        )


def _later_than(schedule: Sequence[timedelta], now: datetime) -> ColumnElement[bool]:
    latest = [now + LATEST * delay for delay in schedule]
    return and_(
        Batch.due_at > min(latest),
        or_(
            *(
                and_(Batch.attempt == attempt, Batch.due_at > moment)
                for attempt, moment in enumerate(latest, start=2)
            ),
            and_(Batch.attempt > len(latest) + 1, Batch.due_at > latest[-1]),
        ),
    )


def report(
    session: Session, progress: Progress, *, worker: str, now: datetime, seconds: float
) -> bool:
    """Write one batch's progress and renew its lease; ``False`` when the lease is lost.

    What was recorded is written even then, for it is true; nothing else may be done with the batch.
    """
    recorded = progress.recorded
    held = session.connection().execute(
        _REPORT,
        {
            "b_id": progress.batch_id,
            "b_lease": progress.lease,
            "b_handed": progress.handed,
            "b_until": now + timedelta(seconds=seconds),
            "b_open": not progress.complete,
            "b_accepted": len(recorded.get(Fate.ACCEPTED, ())),
            "b_refused": len(recorded.get(Fate.REFUSED, ())),
            "b_skipped": len(recorded.get(Fate.SKIPPED, ())),
        },
    )
    mine = held.rowcount == 1
    for fate, replies in recorded.items():
        add_deliveries(
            session, progress.issue_id, fate, replies, attempts=progress.attempt, now=now
        )
    add_doubts(session, progress.issue_id, progress.doubted, now=now, worker=worker)
    if progress.complete and mine:
        for later in progress.later:
            add_batch(session, progress.issue_id, later)
    return mine


_REPORT = (
    update(Batch)
    .where(Batch.id == bindparam("b_id"), Batch.lease == bindparam("b_lease"), Batch.open.is_(True))
    .values(
        handed=bindparam("b_handed"),
        leased_until=bindparam("b_until"),
        open=bindparam("b_open"),
        accepted=Batch.accepted + bindparam("b_accepted"),
        refused=Batch.refused + bindparam("b_refused"),
        skipped=Batch.skipped + bindparam("b_skipped"),
    )
    .execution_options(synchronize_session=False)
)


def release(session: Session, batch_id: int, lease_number: int) -> None:
    """Give a batch back with nothing in flight: whoever takes it finds nothing uncertain."""
    session.execute(
        update(Batch)
        .where(Batch.id == batch_id, Batch.lease == lease_number)
        .values(leased_until=None, worker=None, handed=0)
        .execution_options(synchronize_session=False)
    )


def add_batch(session: Session, issue_id: int, later: Later) -> None:
    """A new batch of recipients who go on."""
    session.execute(
        insert(Batch).values(
            issue_id=issue_id,
            subscriber_ids=pack(sorted(later.subscriber_ids)),
            size=len(later.subscriber_ids),
            attempt=later.attempt,
            due_at=later.due_at,
            held=later.held,
            open=True,
            handed=0,
            lease=0,
            accepted=0,
            refused=0,
            skipped=0,
        )
    )
