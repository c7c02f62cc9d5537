"""Plain functions that put fixed, reserved-domain data into a database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, insert, literal, select
from sqlalchemy.orm import Session

from mailer.audience import consent
from mailer.database.tables import (
    Consent,
    Issue,
    Newsletter,
    Rendition,
    Subscriber,
    Subscription,
)
from mailer.database.tables.base import Moment

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


def add_readers(
    session: Session, newsletter: Newsletter, count: int, *, name: str = "reader"
) -> list[str]:
    """*count* confirmed readers with addresses of their own, inserted together."""
    addresses = [f"{name}{number}@readers{number % 7}.test" for number in range(count)]
    if not addresses:
        return []
    last = session.scalar(select(func.max(Subscriber.id))) or 0
    session.execute(
        insert(Subscriber),
        [
            {
                "address": address,
                "address_key": address,
                "name": "",
                "fields": {},
                "created_at": NOON,
            }
            for address in addresses
        ],
    )
    session.execute(
        insert(Subscription).from_select(
            ["newsletter_id", "subscriber_id", "state", "changed_at", "source"],
            select(
                literal(newsletter.id),
                Subscriber.id,
                literal(Consent.CONFIRMED.value),
                literal(NOON, Moment()),
                literal("test"),
            ).where(Subscriber.id > last),
        )
    )
    return addresses


def add_issue(session: Session, newsletter: Newsletter, **values: Any) -> Issue:
    """An issue with a rendition, as if it had been rendered: only the sending is tested."""
    issue = Issue(
        **(
            {
                "newsletter_id": newsletter.id,
                "subject": "The river is back",
                "created_at": NOON,
                "changed_at": NOON,
            }
            | values
        )
    )
    session.add(issue)
    session.flush()
    session.add(
        Rendition(
            issue_id=issue.id,
            subject=issue.subject,
            html='<p>Hello</p><a href="http://mail.test/c/[[token]]/1">Act</a>',
            text="Hello\n\nAct: http://mail.test/c/[[token]]/1\n",
            rendered_at=NOON,
        )
    )
    session.flush()
    return issue
