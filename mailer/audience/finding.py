"""Finds a few subscribers of a newsletter by how their address or name begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from mailer.database.tables import Consent, Subscriber, Subscription

_MOST = 8


@dataclass(frozen=True, slots=True)
class Found:
    """One subscriber, as the placeholders of an issue see them."""

    id: int
    address: str
    name: str
    fields: Mapping[str, Any]


def find_readers(session: Session, newsletter_id: int, words: str) -> Sequence[Found]:
    """A few confirmed subscribers; with no *words*, the first ones."""
    begins = words.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    rows = session.scalars(
        _subscribed(newsletter_id)
        .where(
            or_(
                Subscriber.address_key.like(begins, escape="\\"),
                Subscriber.name.ilike(begins, escape="\\"),
            )
        )
        .order_by(Subscriber.id)
        .limit(_MOST)
    )
    return [_found(row) for row in rows]


def get_reader(session: Session, newsletter_id: int, number: int) -> Found | None:
    """One confirmed subscriber, if it is one."""
    row = session.scalars(_subscribed(newsletter_id).where(Subscriber.id == number)).one_or_none()
    return _found(row) if row else None


def _subscribed(newsletter_id: int) -> Any:
    return (
        select(Subscriber)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(Subscription.newsletter_id == newsletter_id, Subscription.state == Consent.CONFIRMED)
    )


def _found(row: Subscriber) -> Found:
    return Found(row.id, row.address, row.name, row.fields)
