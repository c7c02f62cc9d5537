"""Store of what staff see of subscribers: searched, filtered, page by page, counted by state."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from mailer.database.tables import Consent, Newsletter, Subscriber, Subscription, Suppression

MOST_WORDS = 200


@dataclass(frozen=True, slots=True)
class Search:
    """Whom to show; nothing set: everybody."""

    words: str = ""  # part of an address or a name
    newsletter_id: int | None = None
    state: Consent | None = None
    suppressed: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands with one newsletter."""

    newsletter_id: int
    newsletter: str
    state: Consent
    since: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One person in a list."""

    id: int
    address: str
    name: str
    joined: datetime
    standings: tuple[Standing, ...]
    suppressed: str  # why they are never mailed; empty: they may be


def people(
    session: Session, search: Search, *, before: int | None = None, limit: int = 50
) -> list[Line]:
    """The newest first, at most *limit*, those with numbers below *before*."""
    query = _found(session, search).order_by(Subscriber.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Subscriber.id < before)
    rows = session.scalars(query).all()
    standings = _standings(session, [row.id for row in rows])
    barred = _barred(session, rows)
    return [
        Line(row.id, row.address, row.name, row.created_at, standings[row.id], barred[row.id])
        for row in rows
    ]


def tallies(session: Session, newsletter_id: int | None) -> Counter[Consent]:
    """How many subscriptions stand where: of one newsletter, or of all together."""
    query = select(Subscription.state, func.count()).group_by(Subscription.state)
    if newsletter_id is not None:
        query = query.where(Subscription.newsletter_id == newsletter_id)
    return Counter(dict(session.execute(query).all()))


def standings(session: Session, subscriber_id: int) -> tuple[Standing, ...]:
    """Where one person stands with each newsletter."""
    return _standings(session, [subscriber_id])[subscriber_id]


def _found(session: Session, search: Search) -> Select[Any]:
    query = select(Subscriber)
    if search.newsletter_id is not None or search.state is not None:
        query = query.where(_subscribed(search))
    if search.suppressed:
        query = query.where(_is_barred(session))
    for word in search.words.lower().split():
        part = f"%{_literally(word)}%"
        query = query.where(
            or_(
                Subscriber.address_key.like(part, escape="\\"),
                func.lower(Subscriber.name).like(part, escape="\\"),
            )
        )
    return query


def _subscribed(search: Search) -> ColumnElement[bool]:
    theirs = [Subscription.subscriber_id == Subscriber.id]
    if search.newsletter_id is not None:
        theirs.append(Subscription.newsletter_id == search.newsletter_id)
    if search.state is not None:
        theirs.append(Subscription.state == search.state)
    return exists().where(*theirs)


def _is_barred(session: Session) -> ColumnElement[bool]:
    find = func.strpos if session.get_bind().dialect.name == "postgresql" else func.instr
    domain = func.substr(Subscriber.address_key, find(Subscriber.address_key, "@"))
    return exists().where(Suppression.target.in_((Subscriber.address_key, domain)))


def _literally(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _standings(session: Session, ids: Sequence[int]) -> Mapping[int, tuple[Standing, ...]]:
    rows = session.execute(
        select(
            Subscription.subscriber_id,
            Subscription.newsletter_id,
            Newsletter.name,
            Subscription.state,
            Subscription.changed_at,
        )
        .join(Newsletter, Newsletter.id == Subscription.newsletter_id)
        .where(Subscription.subscriber_id.in_(ids))
        .order_by(Newsletter.name)
    )
    found: dict[int, tuple[Standing, ...]] = defaultdict(tuple)
    for subscriber_id, newsletter_id, newsletter, state, since in rows:
        found[subscriber_id] += (Standing(newsletter_id, newsletter, state, since),)
    return found


def _barred(session: Session, people: Sequence[Subscriber]) -> Mapping[int, str]:
    targets = {key for one in people for key in _targets(one)}
    reasons = dict(
        session.execute(
            select(Suppression.target, Suppression.reason).where(Suppression.target.in_(targets))
        ).all()
    )
    return {
        one.id: next((reasons[key] for key in _targets(one) if key in reasons), "")
        for one in people
    }


def _targets(person: Subscriber) -> tuple[str, str]:
    return person.address_key, "@" + person.address_key.rpartition("@")[2]
