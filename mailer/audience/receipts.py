"""Store of who got the issues that have ended: gathered from the deliveries, read by rules.

Deliveries are the record, receipts a reading of it that can be thrown away and drawn again. An
issue's receipts stand for its deliveries while it has not gone on since they were gathered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import ColumnElement, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from mailer.audience import bits
from mailer.database.tables import (
    Delivery,
    DeliveryTotal,
    Fate,
    Gathering,
    Issue,
    IssueState,
    Receipts,
)

_ENDED = (IssueState.SENT, IssueState.CANCELLED)
Word: TypeAlias = tuple[int, int]  # which 64 people, and the bits of those who got it

_AT_ONCE = 5_000  # rows written by one statement


def went_to(subscriber_id: int | ColumnElement[int]) -> ColumnElement[bool]:
    """Of deliveries: one person's.

    Issues are few, and each is looked up by the key, which begins with it: no delivery of anybody
    else is read.
    """
    every = select(Issue.id).correlate(None)
    return Delivery.issue_id.in_(every) & (Delivery.subscriber_id == subscriber_id)


def stands() -> ColumnElement[bool]:
    """Of an issue joined to its gathering: its receipts tell what its deliveries would."""
    ended = func.coalesce(Issue.finished_at, Issue.started_at)
    return Issue.state.in_(_ENDED) & (Gathering.at > ended)


def standing(session: Session, *conditions: ColumnElement[bool]) -> list[int]:
    """The issues that fulfil the conditions and whose receipts stand, by number."""
    query = select(Issue.id).join(Gathering, Gathering.issue_id == Issue.id)
    return list(session.scalars(query.where(stands(), *conditions).order_by(Issue.id)))


def ungathered(session: Session, *, besides: Collection[int]) -> list[int]:
    """The issues that have ended and whose receipts do not stand, but for some.

    Not those of which it is no longer kept who got them.
    """
    kept = ~exists().where(DeliveryTotal.issue_id == Issue.id)
    stand = exists().where(Gathering.issue_id == Issue.id, stands())
    query = select(Issue.id).where(
        Issue.state.in_(_ENDED),
        Issue.started_at.is_not(None),
        Issue.id.not_in(list(besides)),
        kept,
        ~stand,
    )
    return list(session.scalars(query.order_by(Issue.id)))


def gathered(session: Session, issue_id: int) -> Sequence[Word]:
    """An issue's receipts, as its deliveries have them now."""
    postgresql = session.get_bind().dialect.name == "postgresql"
    words = bits.word(Delivery.subscriber_id).label("word")
    people = bits.joined(Delivery.subscriber_id, postgresql=postgresql)
    query = select(words, people).where(
        Delivery.issue_id == issue_id,
        Delivery.fate == int(Fate.ACCEPTED),
        Delivery.subscriber_id > 0,  # below zero: nobody
    )
    return [(row[0], row[1]) for row in session.execute(query.group_by(words))]


def keep(session: Session, issue_id: int, found: Sequence[Word], *, now: datetime) -> None:
    """Write what was gathered; nothing when the issue has gone on or its deliveries are going."""
    issue = session.get(Issue, issue_id, with_for_update=True)
    if issue is None or issue_id not in ungathered(session, besides=()):
        return
    forget(session, issue_id)
    for some in _slices(found):
        session.execute(
            insert(Receipts),
            [{"issue_id": issue_id, "word": word, "people": people} for word, people in some],
        )
    session.add(Gathering(issue_id=issue_id, at=now))
    session.flush()


def _slices(found: Sequence[Word]) -> Iterator[Sequence[Word]]:
    for start in range(0, len(found), _AT_ONCE):
        yield found[start : start + _AT_ONCE]


def forget(session: Session, issue_id: int) -> None:
    """Remove an issue's receipts: its deliveries are asked again."""
    for table in (Receipts, Gathering):
        session.execute(delete(table).where(table.issue_id == issue_id))


def leave(session: Session, number: int, issue_ids: Sequence[int]) -> None:
    """Take one person out of some issues' receipts."""
    session.execute(
        update(Receipts)
        .where(Receipts.issue_id.in_(issue_ids), Receipts.word == number // 64)
        .values(people=bits.without(Receipts.people, number))
        .execution_options(synchronize_session=False)
    )
