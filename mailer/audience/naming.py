"""Which rules speak of something: nothing they need is taken away, and they follow a change of its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.database.tables import Issue, IssueSegment, IssueState, Segment
from mailer.errors import Conflict
from mailer.rules import reread
from mailer.rules.syntax import Leaf, leaves, with_leaves
from mailer.sentences import Sentence

_ENDED = (IssueState.SENT, IssueState.CANCELLED)


def segments_that(session: Session, speaks: Callable[[Leaf], bool]) -> list[str]:
    """Names of the segments whose rules have a leaf that *speaks* of it."""
    return [
        segment.name
        for segment in session.scalars(select(Segment).order_by(Segment.name))
        if any(map(speaks, leaves(reread(segment.rule))))
    ]


def require_unused(session: Session, speaks: Callable[[Leaf], bool], what: Sentence) -> None:
    """``Conflict`` while a segment, or an issue that goes out by its frozen rules, speaks of it."""
    using = segments_that(session, speaks)
    if using:
        raise Conflict(
            "{what} is needed by the segment {segment!r}; change its rule first.",
            what=what,
            segment=using[0],
        )
    under_way = select(IssueSegment).join(Issue).where(Issue.state.not_in(_ENDED))
    for chosen in _frozen(session, under_way.order_by(Issue.id)):
        if any(map(speaks, leaves(reread(chosen.rule or "")))):
            raise Conflict(
                "{what} is needed by issue {issue} until it has ended.",
                what=what,
                issue=chosen.issue_id,
            )


def reword(session: Session, change: Callable[[Leaf], Leaf]) -> None:
    """Let every rule, also those that issues started with, speak of it by its new name."""
    for segment in session.scalars(select(Segment)):
        segment.rule = str(with_leaves(reread(segment.rule), change))
    for chosen in _frozen(session, select(IssueSegment)):
        chosen.rule = str(with_leaves(reread(chosen.rule or ""), change))
    session.flush()


def _frozen(session: Session, query: Any) -> Iterator[IssueSegment]:
    yield from session.scalars(query.where(IssueSegment.rule.is_not(None)))
