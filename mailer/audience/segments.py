"""Segments: rules under a name, counted live, used by issues."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.audience.naming import segments_that
from mailer.audience.selecting import Selection, select_people, understood
from mailer.database.tables import Issue, IssueSegment, IssueState, Segment, Subscriber
from mailer.errors import Conflict, InvalidInput, NotFound
from mailer.names import clean_title, name_key
from mailer.rules import Rule
from mailer.rules.syntax import InSegment, Leaf
from mailer.sentences import Sentence, there_are

_ENDED = (IssueState.SENT, IssueState.CANCELLED)


def add(session: Session, name: str, text: str, *, now: datetime) -> Segment:
    """Save a rule; ``InvalidInput`` or ``NotFound`` say what in it means nothing here."""
    shown = clean_title(name, Sentence("segment"))
    if find(session, shown) is not None:
        raise Conflict("There is a segment {name!r} already; choose another name.", name=shown)
    segment = Segment(
        name=shown, key=name_key(shown), rule=str(checked(session, text, now=now)),
        created_at=now, changed_at=now,
    )  # fmt: skip
    session.add(segment)
    session.flush()
    return segment


def change_rule(session: Session, name: str, text: str, *, now: datetime) -> Segment:
    """Write another rule; ``InvalidInput`` when the segment would be part of itself."""
    segment = get(session, name)
    rule = checked(session, text, now=now)
    before, segment.rule = segment.rule, str(rule)
    session.flush()
    try:
        select_people(session, InSegment(segment.name), now=now)  # goes in no circle
    except InvalidInput:
        segment.rule = before
        session.flush()
        raise
    segment.changed_at = now
    return segment


def checked(session: Session, text: str, *, now: datetime) -> Rule:
    """The rule, if all that it names is there; nothing is asked of people yet."""
    return understood(session, text, now=now)[0]


def find(session: Session, name: str) -> Segment | None:
    """The segment with this name."""
    return session.scalar(select(Segment).where(Segment.key == name_key(name)))


def get(session: Session, name: str) -> Segment:
    """The segment with this name; ``NotFound`` names those there are."""
    segment = find(session, name)
    if segment is None:
        names = [one.name for one in every(session)]
        raise NotFound("There is no segment {name!r}; {there}", name=name, there=there_are(names))
    return segment


def every(session: Session) -> list[Segment]:
    """All segments by name."""
    return list(session.scalars(select(Segment).order_by(Segment.key)))


def selection(session: Session, name: str, *, now: datetime) -> Selection:
    """Whom the segment means now."""
    return select_people(session, InSegment(get(session, name).name), now=now)


def count(session: Session, selected: Selection) -> int:
    """How many people, now."""
    return session.scalar(selected.count()) or 0


def members(
    session: Session, selected: Selection, *, after: int = 0, limit: int = 100
) -> Sequence[Subscriber]:
    """The next people by number, those after the subscriber *after*."""
    return session.scalars(
        selected.people().where(Subscriber.id > after).order_by(Subscriber.id).limit(limit)
    ).all()


def issues_of(session: Session, segment: Segment) -> list[Issue]:
    """The issues that have it in their audience, or leave it out, and have not ended."""
    chosen = select(IssueSegment.issue_id).where(IssueSegment.segment_id == segment.id)
    waiting = select(Issue).where(Issue.id.in_(chosen), Issue.state.not_in(_ENDED))
    return list(session.scalars(waiting.order_by(Issue.id)))


def remove(session: Session, name: str) -> None:
    """Forget a segment; ``Conflict`` while an issue that has not ended, or another segment, uses it."""
    segment = get(session, name)
    for issue in issues_of(session, segment)[:1]:
        raise Conflict(
            "The segment {segment!r} is part of the audience of issue {issue}, which "
            "{state}; choose another audience for it first: "
            "`mailer issue audience {issue}`.",
            segment=segment.name,
            issue=issue.id,
            state=issue.state.words,
        )

    def speaks(leaf: Leaf) -> bool:
        return isinstance(leaf, InSegment) and name_key(leaf.name) == segment.key

    using = segments_that(session, speaks)
    if using:
        raise Conflict(
            "The segment {segment!r} is part of the segment {other!r}; change its rule first.",
            segment=segment.name,
            other=using[0],
        )
    session.delete(segment)
    session.flush()
