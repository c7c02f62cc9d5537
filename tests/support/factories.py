"""Plain functions that put fixed, reserved-domain data into a database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from mailer.audience import consent
from mailer.database.tables import Consent, Newsletter, Subscriber

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


def add_newsletter(session: Session, slug: str = "river", **values: Any) -> Newsletter:
    newsletter = Newsletter(
        **(
            {
                "slug": slug,
                "name": "River Watch",
                "from_name": "River Watch",
                "from_address": "news@river.test",
                "created_at": NOON,
            }
            | values
        )
    )
    session.add(newsletter)
    session.flush()
    return newsletter


def add_subscriber(
    session: Session,
    address: str = "ann@readers.test",
    *,
    newsletter: Newsletter | None = None,
    state: Consent = Consent.CONFIRMED,
    **values: Any,
) -> Subscriber:
    subscriber = Subscriber(address=address, address_key=address.lower(), created_at=NOON, **values)
    session.add(subscriber)
    session.flush()
    if newsletter is not None:
        consent.change(
            session,
            newsletter_id=newsletter.id,
            subscriber_id=subscriber.id,
            state=state,
            now=NOON,
            source="test",
        )
    return subscriber
