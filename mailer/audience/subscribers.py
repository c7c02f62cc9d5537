"""Subscribers of a newsletter: adding one, finding one, paging through them, ending one."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.addresses import Address, clean_name, parse_address
from mailer.audience import consent, suppressions
from mailer.audience import fields as custom_fields
from mailer.database.tables import Consent, Newsletter, Subscriber, Subscription
from mailer.database.upserting import insert_into
from mailer.errors import Conflict, NotFound
from mailer.tokens import Signer


class Added(enum.StrEnum):
    """What adding somebody came to."""

    ADDED = "added"
    EXISTING = "existing"  # subscribed already
    KEPT_UNSUBSCRIBED = "kept unsubscribed"  # left before; only they can come back


@dataclass(frozen=True, slots=True)
class Addition:
    """The subscriber, and what adding them came to."""

    subscriber: Subscriber
    result: Added


@dataclass(frozen=True, slots=True)
class Reader:
    """One subscriber with their subscription to one newsletter."""

    subscriber: Subscriber
    subscription: Subscription


def add(  # noqa: PLR0913  # a person has that many facts
    session: Session,
    newsletter: Newsletter,
    address: str,
    *,
    signer: Signer,
    now: datetime,
    name: str = "",
    fields: Mapping[str, Any] | None = None,
    language: str | None = None,
    state: Consent = Consent.CONFIRMED,
    source: str = "editor",
) -> Addition:
    """Subscribe one person; nobody who left is brought back, what is known of somebody stays.

    Whoever waited for their confirmation is subscribed, as when a file says that they agreed.

    ``InvalidAddress`` or ``InvalidInput`` (name, fields); ``Conflict`` when the address is suppressed.
    """
    parsed, cleaned = parse_address(address), clean_name(name)
    given = {
        name: value
        for name, value in custom_fields.kept_values(session, fields or {}).items()
        if value is not None
    }
    suppression = suppressions.find(session, parsed, signer)
    if suppression is not None:
        raise Conflict(
            "{address} is suppressed since {at:%Y-%m-%d} ({reason}); "
            "take the suppression back first if the person asks for the newsletter.",
            address=parsed.shown,
            at=suppression.at,
            reason=suppression.reason,
        )
    subscriber = find(session, parsed)
    if subscriber is None:
        subscriber = _new(session, parsed, cleaned, now)
    if not subscriber.name:
        subscriber.name = cleaned
    subscriber.language = subscriber.language or language
    subscriber.fields = {**given, **subscriber.fields}
    subscription = session.get(Subscription, (newsletter.id, subscriber.id))
    if subscription is not None and subscription.state is Consent.UNSUBSCRIBED:
        return Addition(subscriber, Added.KEPT_UNSUBSCRIBED)
    added = consent.change(
        session,
        newsletter_id=newsletter.id,
        subscriber_id=subscriber.id,
        state=state,
        now=now,
        source=source,
    )
    return Addition(subscriber, Added.ADDED if added else Added.EXISTING)


def _new(session: Session, address: Address, name: str, now: datetime) -> Subscriber:
    subscriber = Subscriber(
        address=address.shown, address_key=address.key, name=name, fields={}, created_at=now
    )
    session.add(subscriber)
    session.flush()
    return subscriber


def find_or_add(session: Session, address: Address, *, now: datetime) -> Subscriber:
    """The subscriber at *address*, locked until the transaction ends; a new one without a name."""
    values = {
        "address": address.shown,
        "address_key": address.key,
        "name": "",
        "fields": {},
        "created_at": now,
    }
    new = insert_into(session, Subscriber).values(values)
    session.execute(new.on_conflict_do_nothing(index_elements=[Subscriber.address_key]))
    return session.scalars(
        select(Subscriber).where(Subscriber.address_key == address.key).with_for_update()
    ).one()


def find(session: Session, address: str | Address) -> Subscriber | None:
    """The subscriber at this address, however it is written; ``InvalidAddress``."""
    parsed = parse_address(address) if isinstance(address, str) else address
    return session.scalars(
        select(Subscriber).where(Subscriber.address_key == parsed.key)
    ).one_or_none()


def get(session: Session, address: str) -> Subscriber:
    """The subscriber at this address; ``NotFound`` or ``InvalidAddress``."""
    subscriber = find(session, address)
    if subscriber is None:
        raise NotFound(
            "Nobody with the address {address} is known here.", address=parse_address(address).shown
        )
    return subscriber


def page(
    session: Session,
    newsletter: Newsletter,
    *,
    after: int = 0,
    limit: int = 100,
    state: Consent | None = None,
) -> list[Reader]:
    """The next subscribers by number, those after the subscriber *after*; at most *limit*."""
    query = (
        select(Subscriber, Subscription)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(Subscription.newsletter_id == newsletter.id, Subscription.subscriber_id > after)
        .order_by(Subscription.subscriber_id)
        .limit(limit)
    )
    if state is not None:
        query = query.where(Subscription.state == state)
    return [Reader(*row) for row in session.execute(query)]


def unsubscribe(
    session: Session,
    newsletter: Newsletter,
    address: str,
    *,
    by: str,
    now: datetime,
    reason: str | None = None,
) -> bool:
    """End somebody's subscription on their behalf; ``False`` when it had ended already.

    *by* stands in the record: who, or what program.
    ``NotFound`` when nobody at this address is or was subscribed.
    """
    subscriber = get(session, address)
    if session.get(Subscription, (newsletter.id, subscriber.id)) is None:
        raise NotFound(
            "{address} is not subscribed to {newsletter}.",
            address=subscriber.address,
            newsletter=newsletter.name,
        )
    return consent.unsubscribe(
        session,
        newsletter_id=newsletter.id,
        subscriber_id=subscriber.id,
        now=now,
        method="editor",
        reason=reason,
        evidence={"by": by},
    )
