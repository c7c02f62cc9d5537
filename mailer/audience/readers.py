"""Store of what a reader's own pages show: the person, and what they agreed to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.database.tables import Consent, Issue, Newsletter, Subscriber, Subscription
from mailer.tokens import Reader


@dataclass(frozen=True, slots=True)
class Membership:
    """One newsletter that a person gets, waits for, or has left."""

    newsletter_id: int
    name: str
    state: Consent
    language: str

    @property
    def subscribed(self) -> bool:
        """Is it mailed to them?"""
        return self.state is Consent.CONFIRMED


@dataclass(frozen=True, slots=True)
class Visit:
    """A person who followed a link of their mail; *newsletter_id* is that mail's, if still known."""

    subscriber_id: int
    address: str
    name: str
    language: str | None
    time_zone: str | None
    paused_until: datetime | None
    fields: Mapping[str, Any]
    memberships: tuple[Membership, ...]
    newsletter_id: int | None
    issue_id: int | None

    @property
    def concerned(self) -> tuple[Membership, ...]:
        """The newsletter of the mail; where its issue was removed since, all of them."""
        if self.newsletter_id is None:
            return self.memberships
        return tuple(one for one in self.memberships if one.newsletter_id == self.newsletter_id)

    @property
    def spoken(self) -> tuple[str | None, ...]:
        """The languages to speak to them in, best first."""
        return (self.language, *(one.language for one in self.concerned))

    @property
    def dress(self) -> int | None:
        """The newsletter in whose look their pages come."""
        ids = [one.newsletter_id for one in (*self.concerned, *self.memberships)]
        return ids[0] if ids else self.newsletter_id

    @property
    def subscribed(self) -> bool:
        """Does any concerned newsletter still go out to them?"""
        return any(one.subscribed for one in self.concerned)


def find_visit(session: Session, reader: Reader) -> Visit | None:
    """Who followed the link; ``None`` when their data were erased."""
    subscriber = session.get(Subscriber, reader.subscriber_id)
    if subscriber is None:
        return None
    newsletter_id = session.scalar(select(Issue.newsletter_id).where(Issue.id == reader.issue_id))
    return Visit(
        subscriber_id=subscriber.id,
        address=subscriber.address,
        name=subscriber.name,
        language=subscriber.language,
        time_zone=subscriber.time_zone,
        paused_until=subscriber.paused_until,
        fields=subscriber.fields,
        memberships=_memberships(session, subscriber.id),
        newsletter_id=newsletter_id,
        issue_id=None if newsletter_id is None else reader.issue_id,
    )


def _memberships(session: Session, subscriber_id: int) -> tuple[Membership, ...]:
    rows = session.execute(
        select(Newsletter.id, Newsletter.name, Subscription.state, Newsletter.language)
        .join(Subscription, Subscription.newsletter_id == Newsletter.id)
        .where(Subscription.subscriber_id == subscriber_id)
        .order_by(Newsletter.name, Newsletter.id)
    )
    return tuple(Membership(*row) for row in rows)
