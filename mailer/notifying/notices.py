"""Store of notices: what waits, who holds it, what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, delete, func, or_, select, update
from sqlalchemy.orm import Session

from mailer.database.tables import Fate, Notice
from mailer.delivering.outcomes import Outcome, Reply, next_try

# A person waits for each of them: quicker than for issues, and not for days.
SCHEDULE = tuple(timedelta(minutes=minutes) for minutes in (1, 4, 10, 30, 60, 120, 240, 480))
_LEASE = timedelta(minutes=2)  # longer than any one handing over may take
_RELAYS_AWAY = timedelta(seconds=30)
_TOO_LATE = "not sent in time"
_LOST = "uncertain: whoever was sending it did not come back"


@dataclass(frozen=True, slots=True)
class Held:
    """One notice that a courier holds until it settles it, or the lease ends."""

    id: int
    lease: int
    attempt: int
    kind: str
    mail_from: str
    recipient: str
    message: bytes


@dataclass(frozen=True, slots=True)
class Counts:
    """How many notices there are, by what became of them."""

    waiting: int
    accepted: int
    refused: int
    skipped: int


def any_due(session: Session, now: datetime) -> bool:
    """Is there anything to send? Asked every second, so it only reads."""
    return session.scalar(select(Notice.id).where(*_due(now)).limit(1)) is not None


def take(session: Session, now: datetime) -> Held | None:
    """The next notice that is due, held for two minutes; those that are too late are settled."""
    session.execute(
        update(Notice)
        .where(*_due(now), Notice.expires_at <= now)
        .values(fate=Fate.SKIPPED, reply=_TOO_LATE, settled_at=now, message=None)
    )
    due = (
        select(Notice.id)
        .where(*_due(now))
        .order_by(Notice.due_at, Notice.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = session.execute(
        update(Notice)
        .where(Notice.id == due.scalar_subquery())
        .values(
            lease=Notice.lease + 1,
            attempts=Notice.attempts + 1,
            leased_until=now + _LEASE,
            reply=case((Notice.leased_until.is_not(None), _LOST), else_=Notice.reply),
        )
        .returning(
            Notice.id,
            Notice.lease,
            Notice.attempts,
            Notice.kind,
            Notice.mail_from,
            Notice.recipient,
            func.coalesce(Notice.message, b""),
        )
        .execution_options(synchronize_session=False)
    ).one_or_none()
    return None if row is None else Held(*row)


def settle(session: Session, held: Held, reply: Reply, now: datetime) -> bool:
    """Note what a relay answered; ``False`` when somebody else holds the notice by now."""
    again = None
    if reply.outcome is Outcome.DEFERRED:
        again = next_try(held.attempt, SCHEDULE, now)
    if again is not None:
        return _change(session, held, due_at=again, leased_until=None, reply=str(reply))
    fate = Fate.ACCEPTED if reply.outcome is Outcome.ACCEPTED else Fate.REFUSED
    return _change(
        session, held, fate=fate, reply=str(reply), settled_at=now, leased_until=None, message=None
    )


def give_back(session: Session, held: Held, why: str, now: datetime) -> bool:
    """It was certainly not taken, through no fault of its own: not counted as an attempt."""
    return _change(
        session,
        held,
        due_at=now + _RELAYS_AWAY,
        leased_until=None,
        attempts=held.attempt - 1,
        reply=why,
    )


def remove_settled(session: Session, before: datetime) -> int:
    """Forget notices whose fate has been known since *before*; how many."""
    return len(
        session.scalars(delete(Notice).where(Notice.settled_at < before).returning(Notice.id)).all()
    )


def counts(session: Session) -> Counts:
    """All notices still known, counted."""
    rows = session.execute(select(Notice.fate, func.count()).group_by(Notice.fate))
    found: dict[int | None, int] = dict(iter(rows))
    return Counts(
        waiting=found.get(None, 0),
        accepted=found.get(Fate.ACCEPTED, 0),
        refused=found.get(Fate.REFUSED, 0),
        skipped=found.get(Fate.SKIPPED, 0),
    )


def page(
    session: Session, *, fates: Sequence[Fate | None] | None = None, limit: int = 100
) -> list[Notice]:
    """The newest notices, those with one of *fates* (``None`` among them: waiting)."""
    query = select(Notice).order_by(Notice.id.desc()).limit(limit)
    if fates is not None:
        query = query.where(or_(*(Notice.fate.is_not_distinct_from(fate) for fate in fates)))
    return list(session.scalars(query))


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    free = or_(Notice.leased_until.is_(None), Notice.leased_until <= now)
    return Notice.fate.is_(None), Notice.due_at <= now, free


def _change(session: Session, held: Held, **values: object) -> bool:
    changed = session.execute(
        update(Notice)
        .where(Notice.id == held.id, Notice.lease == held.lease, Notice.fate.is_(None))
        .values(**values)
        .returning(Notice.id)
        .execution_options(synchronize_session=False)
    )
    return changed.one_or_none() is not None
