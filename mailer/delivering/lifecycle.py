"""What an issue may do next: schedule, start, pause, resume, cancel, finish.

Each step is one guarded UPDATE: of two who try it, one does it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, exists, func, select, update
from sqlalchemy.orm import Session

from mailer.database.tables import Batch, DeliveryTotal, Fate, Issue, IssueState, Tally
from mailer.delivering import ledger, recording
from mailer.delivering.freezing import freeze
from mailer.delivering.packing import unpack
from mailer.errors import Conflict, NotFound
from mailer.sentences import Sentence

BY_HAND = Sentence("paused by hand")
_BATCHES_SETTLED_TOGETHER = 20
_KEPT_DISCARDED = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class _Step:
    """From which states an issue may go to which one, and what that is called."""

    allowed: tuple[IssueState, ...]
    to: IssueState
    doing: Sentence


_SCHEDULE = _Step(
    (IssueState.DRAFT, IssueState.SCHEDULED), IssueState.SCHEDULED, Sentence("scheduled")
)
_START = _Step((IssueState.DRAFT, IssueState.SCHEDULED), IssueState.SENDING, Sentence("started"))
_SEND_MORE = _Step(
    (IssueState.SENT,), IssueState.SENDING, Sentence("sent to those who are missing")
)
_PAUSE = _Step((IssueState.SENDING,), IssueState.PAUSED, Sentence("paused"))
_RESUME = _Step((IssueState.PAUSED,), IssueState.SENDING, Sentence("resumed"))
_TAKE_BACK = _Step((IssueState.SCHEDULED,), IssueState.DRAFT, Sentence("cancelled"))
_CANCEL = _Step(
    (IssueState.SENDING, IssueState.PAUSED), IssueState.CANCELLED, Sentence("cancelled")
)
_DISCARD = _Step((IssueState.DRAFT,), IssueState.DISCARDED, Sentence("thrown away"))
_BRING_BACK = _Step((IssueState.DISCARDED,), IssueState.DRAFT, Sentence("brought back"))


def _move(session: Session, issue_id: int, step: _Step, **values: Any) -> None:
    """Bring an issue to another state; ``Conflict`` says why not, ``NotFound`` if there is none."""
    moved = session.execute(
        update(Issue)
        .where(Issue.id == issue_id, Issue.state.in_(step.allowed))
        .values(state=step.to, **values)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount == 1:  # type: ignore[attr-defined]  # an UPDATE counts rows
        return
    state = session.scalar(select(Issue.state).where(Issue.id == issue_id))
    if state is None:
        raise NotFound("There is no issue {number}.", number=issue_id)
    raise Conflict(
        "Issue {number} cannot be {doing}: it {state}.",
        number=issue_id,
        doing=step.doing,
        state=state.words,
    )


@dataclass(frozen=True, slots=True)
class Manner:
    """How an issue goes out: to all at once, in each reader's own time, or to some first."""

    local_time: bool = False
    canary_percent: float = 0.0
    canary_minutes: int = 10


PLAINLY = Manner()


def schedule(
    session: Session,
    issue_id: int,
    *,
    at: datetime,
    utm_campaign: str,
    manner: Manner = PLAINLY,
    starts_at: datetime | None = None,
) -> None:
    """Let an issue go out at *at*, and be started at *starts_at*, if that is another time.

    Its utm_campaign is frozen now, if it was not before.
    """
    _move(
        session,
        issue_id,
        _SCHEDULE,
        scheduled_at=at,
        starts_at=starts_at or at,
        state_reason="",
        utm_campaign=func.coalesce(Issue.utm_campaign, utm_campaign),
        **asdict(manner),
    )


def start(session: Session, issue_id: int, *, version: int, batch_size: int, now: datetime) -> int:
    """Freeze the audience and begin; the number of recipients planned.

    ``Conflict`` when somebody else started it, or it was changed since *version* was rendered.
    """
    issue = session.get(Issue, issue_id, with_for_update=True)
    if issue is None:
        raise NotFound("There is no issue {number}.", number=issue_id)
    if issue.version != version:
        raise Conflict("Issue {number} was changed while it was being started.", number=issue_id)
    _move(session, issue_id, _START, started_at=now, state_reason="")
    return freeze(session, issue, batch_size=batch_size, now=now)


def send_to_missing(session: Session, issue_id: int, *, batch_size: int, now: datetime) -> int:
    """Send an issue that was sent to whoever has joined since; how many. ``Conflict``."""
    if session.scalar(select(exists().where(DeliveryTotal.issue_id == issue_id))):
        raise Conflict(
            "Issue {number} is so old that it is no longer kept who got it (see "
            "MAILER_KEEP_DELIVERIES): some would get it twice.",
            number=issue_id,
        )
    _move(session, issue_id, _SEND_MORE, state_reason="")
    issue = session.get_one(Issue, issue_id)
    issue.local_time, issue.canary_percent = False, 0.0  # its hour is over
    session.flush()
    return freeze(session, issue, batch_size=batch_size, now=now, missing=True)


def release_held(session: Session, issue_id: int) -> int:
    """Let uncertain recipients, held for a person, get the issue again; how many batches."""
    released = session.execute(
        update(Batch)
        .where(Batch.issue_id == issue_id, Batch.open.is_(True), Batch.held.is_(True))
        # Another attempt: the doubts of the one before hold them up no more.
        .values(held=False, attempt=Batch.attempt + 1)
        .execution_options(synchronize_session=False)
    )
    return int(released.rowcount)  # type: ignore[attr-defined]  # an UPDATE counts rows


def only_held_wait(session: Session, issue_id: int) -> bool:
    """Whether nobody waits but those held for a person."""
    going = exists().where(Batch.issue_id == issue_id, Batch.open.is_(True), Batch.held.is_(False))
    held = exists().where(Batch.issue_id == issue_id, Batch.open.is_(True), Batch.held.is_(True))
    return bool(session.scalar(select(held & ~going)))


def pause(session: Session, issue_id: int, *, reason: str = "") -> None:
    """Stop handing over; workers notice within a second."""
    _move(session, issue_id, _PAUSE, state_reason=reason)


def stop(session: Session, issue_id: int, reason: str) -> None:
    """Pause an issue that cannot go on, and say why; nothing if it is not being sent."""
    session.execute(
        update(Issue)
        .where(Issue.id == issue_id, Issue.state == IssueState.SENDING)
        .values(state=IssueState.PAUSED, state_reason=reason)
    )


def resume(session: Session, issue_id: int) -> None:
    """Go on where it was paused; the guard counts anew."""
    _move(session, issue_id, _RESUME, state_reason="")
    session.execute(delete(Tally).where(Tally.issue_id == issue_id))


def cancel(session: Session, issue_id: int) -> bool:
    """Before the start: take the schedule back, ``False``. After it: skip all who wait, ``True``."""
    state = session.scalar(select(Issue.state).where(Issue.id == issue_id))
    if state is IssueState.SCHEDULED:
        _move(session, issue_id, _TAKE_BACK, scheduled_at=None, starts_at=None)
        return False
    _move(session, issue_id, _CANCEL)
    return True


def discard(session: Session, issue_id: int, *, now: datetime) -> None:
    """Throw a draft away; `bring_back` undoes it. What was thrown away a month ago goes for good."""
    _move(session, issue_id, _DISCARD, changed_at=now)
    session.execute(
        delete(Issue)
        .where(Issue.state == IssueState.DISCARDED, Issue.changed_at < now - _KEPT_DISCARDED)
        .execution_options(synchronize_session=False)
    )


def bring_back(session: Session, issue_id: int) -> None:
    """What was thrown away is a draft again."""
    _move(session, issue_id, _BRING_BACK)


# Made once: workers finish an issue, or try to, after each of its batches.
_FINISH = (
    update(Issue)
    .where(
        Issue.state == IssueState.SENDING,
        ~exists().where(Batch.issue_id == Issue.id, Batch.open.is_(True)),
    )
    .values(state=IssueState.SENT, finished_at=bindparam("i_now"))
)
_FINISH_ONE = _FINISH.where(Issue.id == bindparam("i_id"))


def finish(session: Session, issue_id: int, *, now: datetime) -> None:
    """An issue that nobody waits for any more has been sent."""
    session.connection().execute(_FINISH_ONE, {"i_id": issue_id, "i_now": now})


def settle(session: Session, *, now: datetime) -> int:
    """Finish what is done, and skip who waits for a cancelled issue; how many were skipped.

    A bounded share of the work, so that the transaction stays short: call it again while it
    answers more than 0. Batches under a lease are left to the worker that holds them.
    """
    session.connection().execute(_FINISH, {"i_now": now})
    cancelled = session.scalars(
        select(Batch)
        .join(Issue, Issue.id == Batch.issue_id)
        .where(
            Batch.open.is_(True),
            Issue.state == IssueState.CANCELLED,
            ledger.free(now),
        )
        .limit(_BATCHES_SETTLED_TOGETHER)
        .with_for_update(skip_locked=True, of=Batch)
    ).all()
    return sum(_skip_waiting(session, batch, "cancelled", now=now) for batch in cancelled)


def _skip_waiting(session: Session, batch: Batch, reason: str, *, now: datetime) -> int:
    ids = unpack(batch.subscriber_ids)
    decided = recording.decided_ids(session, batch.issue_id, ids)
    waiting = dict.fromkeys((one for one in ids if one not in decided), reason)
    sent = [one for one in ids[: batch.handed] if one not in decided]
    recording.add_handed_doubts(
        session, batch.issue_id, batch.attempt, sent, now=now, by=batch.worker or ""
    )
    recording.add_deliveries(
        session, batch.issue_id, Fate.SKIPPED, waiting, attempts=batch.attempt - 1, now=now
    )
    batch.open = False
    batch.lease += 1  # whoever held it has lost it
    batch.skipped += len(waiting)
    return len(waiting)
