"""Whom an issue goes to: its newsletter's confirmed subscribers, some segments in, others out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from mailer.audience import newsletters, segments
from mailer.audience.selecting import Selection, select_people
from mailer.audience.selecting.vocabulary import Vocabulary
from mailer.database.tables import (
    Consent,
    Issue,
    IssueSegment,
    IssueState,
    IssueVersion,
    Subscription,
)
from mailer.errors import Conflict, InvalidInput, NotFound
from mailer.rules import Rule, reread
from mailer.rules.syntax import And, InSegment, Not, Or

_CHANGEABLE = (IssueState.DRAFT, IssueState.SCHEDULED)


@dataclass(frozen=True, slots=True)
class Audience:
    """The segments whose people get an issue, and those whose people do not."""

    include: tuple[str, ...] = ()  # none: everybody
    exclude: tuple[str, ...] = ()

    def __str__(self) -> str:
        words = " or ".join(self.include) or "everybody"
        return f"{words}, but not {' or '.join(self.exclude)}" if self.exclude else words


def choose(
    session: Session,
    issue_id: int,
    *,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    now: datetime,
) -> Audience:
    """Set the audience anew; the issue's version counts up. ``Conflict`` once it has started."""
    wanted = {segments.get(session, name).id: (name, False) for name in include}
    for name in exclude:
        segment = segments.get(session, name)
        if segment.id in wanted:
            raise InvalidInput(
                "The segment {segment!r} cannot be both in and out.", segment=segment.name
            )
        wanted[segment.id] = (name, True)
    _bump(session, issue_id, now=now)
    session.execute(delete(IssueSegment).where(IssueSegment.issue_id == issue_id))
    session.add_all(
        IssueSegment(
            issue_id=issue_id,
            name=segments.get(session, name).name,
            excluded=excluded,
            segment_id=segment_id,
        )
        for segment_id, (name, excluded) in wanted.items()
    )
    session.flush()
    return audience_of(session, issue_id)


def _bump(session: Session, issue_id: int, *, now: datetime) -> None:
    changed = session.execute(
        update(Issue)
        .where(Issue.id == issue_id, Issue.state.in_(_CHANGEABLE))
        .values(version=Issue.version + 1, changed_at=now)
    )
    if changed.rowcount == 1:  # type: ignore[attr-defined]  # an UPDATE counts rows
        # What was written is the same: the newest version of it goes on as the newest.
        number = select(Issue.version - 1).where(Issue.id == issue_id).scalar_subquery()
        session.execute(
            update(IssueVersion)
            .where(IssueVersion.issue_id == issue_id, IssueVersion.number == number)
            .values(number=IssueVersion.number + 1)
            .execution_options(synchronize_session=False)
        )
        return
    state = session.scalar(select(Issue.state).where(Issue.id == issue_id))
    if state is None:
        raise NotFound("There is no issue {number}.", number=issue_id)
    raise Conflict(
        "The audience of issue {number} cannot be changed any more: it {state}.",
        number=issue_id,
        state=state.words,
    )


def audience_of(session: Session, issue_id: int) -> Audience:
    """The segments chosen for an issue."""
    rows = _chosen(session, issue_id)
    return Audience(
        tuple(one.name for one in rows if not one.excluded),
        tuple(one.name for one in rows if one.excluded),
    )


def recipients(session: Session, issue: Issue, *, now: datetime) -> ColumnElement[bool]:
    """The condition on subscriptions for being planned: confirmed, and in the issue's audience."""
    confirmed = _confirmed(issue.newsletter_id)
    rule = _rule(session, issue.id)
    if rule is None:
        return confirmed
    chosen = select_people(session, rule, now=now, besides=issue.id)
    return confirmed & Subscription.subscriber_id.in_(chosen.ids())


def freeze(session: Session, issue_id: int, *, now: datetime) -> None:
    """Keep the rules as they are now, whatever becomes of the segments."""
    vocabulary = Vocabulary(session, now=now)
    for one in _chosen(session, issue_id):
        if one.rule is None:
            one.rule = str(vocabulary.expanded(InSegment(one.name)))
    session.flush()


def size(session: Session, issue: Issue, *, now: datetime) -> int:
    """How many recipients an issue would have now."""
    wanted = recipients(session, issue, now=now)
    return session.scalar(select(func.count()).select_from(Subscription).where(wanted)) or 0


def confirmed(session: Session, newsletter: str, selected: Selection) -> int:
    """How many of a selection are confirmed subscribers of a newsletter."""
    wanted = _confirmed(newsletters.get(session, newsletter).id)
    among = Subscription.subscriber_id.in_(selected.ids())
    return session.scalar(select(func.count()).select_from(Subscription).where(wanted, among)) or 0


def _confirmed(newsletter_id: int) -> ColumnElement[bool]:
    return (Subscription.newsletter_id == newsletter_id) & (Subscription.state == Consent.CONFIRMED)


def _chosen(session: Session, issue_id: int) -> list[IssueSegment]:
    return list(
        session.scalars(
            select(IssueSegment)
            .where(IssueSegment.issue_id == issue_id)
            .order_by(IssueSegment.excluded, IssueSegment.name)
        )
    )


def _rule(session: Session, issue_id: int) -> Rule | None:
    """One rule for all: in any of the included, in none of the excluded."""
    rows = _chosen(session, issue_id)
    inside: list[Rule] = [_of(one) for one in rows if not one.excluded]
    outside: list[Rule] = [Not(_of(one)) for one in rows if one.excluded]
    parts = [inside[0] if len(inside) == 1 else Or(tuple(inside))] if inside else []
    parts += outside
    return (parts[0] if len(parts) == 1 else And(tuple(parts))) if parts else None


def _of(chosen: IssueSegment) -> Rule:
    return InSegment(chosen.name) if chosen.rule is None else reread(chosen.rule)
