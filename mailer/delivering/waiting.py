"""What an issue waits for, and until when: in one line, for whoever asks why nothing moves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.database.tables import Batch, Issue, IssueState
from mailer.delivering.ledger import free
from mailer.delivering.lifecycle import only_held_wait
from mailer.delivering.meters import used_up
from mailer.delivering.permits import Limits
from mailer.delivering.troubles import troubles
from mailer.delivering.warm_ups import next_day, sending_domain, stage_of
from mailer.delivering.waves import AFTER_CANARY
from mailer.sending_hours import parse_sending_hours
from mailer.sentences import Sentence, Several


@dataclass(frozen=True, slots=True)
class Wait:
    """Why an issue, or who is left of it, does not go now; *until* is ``None`` where nobody knows."""

    why: Sentence  # without a full stop: a time may follow
    until: datetime | None = None
    since: datetime | None = None
    more: Sentence | None = None  # whole sentences

    def __str__(self) -> str:
        since = f", since {self.since:%Y-%m-%d %H:%M:%S %Z}" if self.since else ""
        until = f", until {self.until:%Y-%m-%d %H:%M:%S %Z}" if self.until else ""
        return f"{self.why}{since}{until}.{f' {self.more}' if self.more else ''}"


def waits_for(session: Session, issue: Issue, limits: Limits, *, now: datetime) -> Wait | None:
    """What *issue* waits for; ``None``: for nothing, or it is over, or not begun."""
    if issue.state is IssueState.SCHEDULED:
        return _for_its_start(issue, now)
    if issue.state is IssueState.PAUSED:
        return Wait(Sentence("It is paused, and waits for somebody to resume or to cancel it"))
    if issue.state is not IssueState.SENDING:
        return None
    if only_held_wait(session, issue.id):
        return Wait(
            Sentence("Those left may have got it already: they wait to be released or cancelled")
        )
    return (
        _for_its_hours(issue, now)
        or _for_tomorrow(session, issue, limits, now)
        or _for_a_relay(session, issue, now)
        or _for_a_rate(session, limits, now)
        or _for_a_batch(session, issue, now)
    )


def _for_its_start(issue: Issue, now: datetime) -> Wait:
    if issue.starts_at is None or issue.starts_at <= now:
        return Wait(Sentence("Its time has come: it waits for `mailer up` or `mailer schedule`"))
    if issue.local_time:
        why = Sentence("It waits for its hour to come in the first time zone, and can be changed")
    else:
        why = Sentence("It waits for its time, and can be changed or taken back")
    return Wait(why, issue.starts_at)


def _for_its_hours(issue: Issue, now: datetime) -> Wait | None:
    newsletter = issue.newsletter
    if not newsletter.sending_hours:
        return None
    hours = parse_sending_hours(newsletter.sending_hours)
    if hours.open_at(now, newsletter.time_zone):
        return None
    why = Sentence(
        "It waits for the newsletter's sending hours, {hours} in {zone}",
        hours=str(hours),
        zone=newsletter.time_zone,
    )
    return Wait(why, hours.next_opening(now, newsletter.time_zone))


def _for_tomorrow(session: Session, issue: Issue, limits: Limits, now: datetime) -> Wait | None:
    domain = sending_domain(issue.newsletter.from_address)
    plan = limits.warm_ups.get(domain)
    if plan is None:
        return None
    stage = stage_of(session, domain, plan, now=now, zone=limits.zone)
    if stage.left != 0:
        return None
    why = Sentence(
        "It waits for tomorrow: {domain} is being warmed up, and has sent its {n:,} of today",
        domain=domain,
        n=stage.used,
    )
    return Wait(why, next_day(now, limits.zone))


def _for_a_relay(session: Session, issue: Issue, now: datetime) -> Wait | None:
    """Where no relay takes anything from those workers that hold the issue, or from any."""
    known = [trouble for trouble in troubles(session, now=now) if trouble.alone]
    held = select(Batch.worker).where(
        Batch.issue_id == issue.id, Batch.open.is_(True), Batch.leased_until >= now
    )
    if not known or set(session.scalars(held)) - {trouble.worker for trouble in known}:
        return None
    problems = {trouble.relay: trouble.problem for trouble in known}
    return Wait(
        Sentence("It waits for the relay"),
        since=max(trouble.since for trouble in known),
        more=Sentence(
            "{problems} It is tried again every ten seconds, and sending goes on by itself.",
            problems=Several(tuple(problems.values()), " "),
        ),
    )


def _for_a_rate(session: Session, limits: Limits, now: datetime) -> Wait | None:
    spent = used_up(session, limits, now=now)
    if spent is None:
        return None
    rate, until = spent
    return Wait(Sentence("It waits: the most that may go, {rate}, has gone", rate=str(rate)), until)


def _for_a_batch(session: Session, issue: Issue, now: datetime) -> Wait | None:
    mine = (Batch.issue_id == issue.id) & Batch.open.is_(True) & Batch.held.is_(False)
    others = session.scalar(select(func.sum(Batch.size)).where(mine, Batch.due_at == AFTER_CANARY))
    if others:
        return Wait(
            Sentence(
                "{n:,} wait for the canary: they go {minutes} minutes after everybody of it has "
                "been tried, unless it stops the issue",
                n=others,
                minutes=issue.canary_minutes,
            )
        )
    if session.scalar(select(func.count()).where(mine, ~free(now))):
        return None  # a worker is at it
    first = session.execute(
        select(Batch.due_at, Batch.attempt).where(mine).order_by(Batch.due_at, Batch.id).limit(1)
    ).first()
    if first is None:
        return None
    due_at, attempt = first
    if due_at <= now:
        return Wait(Sentence("It waits for a worker: `mailer up`, `schedule` or `worker`"))
    return Wait(_why_later(issue, attempt), due_at)


def _why_later(issue: Issue, attempt: int) -> Sentence:
    if attempt > 1:
        return Sentence("Those whom the relay put off wait for another attempt")
    if issue.canary_percent:
        return Sentence("The canary is through: the others wait, in case it has to be stopped")
    if issue.local_time:
        return Sentence("The others wait for the hour in their time zone")
    return Sentence("Those left wait for the rate of their domain")
