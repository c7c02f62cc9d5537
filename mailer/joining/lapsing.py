"""Removes sign-ups that nobody confirmed, and people of whom nothing else is known."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from mailer.audience.receipts import went_to
from mailer.database.tables import (
    Consent,
    Newsletter,
    SignUp,
    Subscriber,
    Subscription,
)
from mailer.joining.signing_up import SOURCE


def remove_unconfirmed(session: Session, before: datetime) -> int:
    """Remove what was asked for *before* and never confirmed; how many, counted per newsletter.

    The person goes, too, where that was all there was of them. Sign-ups that were confirmed go
    without being counted: their record of consent holds all they said.
    """
    session.execute(delete(SignUp).where(SignUp.confirmed_at.is_not(None), SignUp.at < before))
    gone = session.execute(
        delete(SignUp)
        .where(SignUp.confirmed_at.is_(None), SignUp.at < before)
        .returning(SignUp.newsletter_id, SignUp.address_key)
    ).all()
    counted = Counter(newsletter_id for newsletter_id, _ in set(gone))
    for newsletter_id, number in counted.items():
        session.execute(
            update(Newsletter)
            .where(Newsletter.id == newsletter_id)
            .values(never_confirmed=Newsletter.never_confirmed + number)
        )
    for newsletter_id, address_key in set(gone):
        _remove_pending(session, newsletter_id, address_key)
    return sum(counted.values())


def unconfirmed(session: Session, before: datetime) -> int:
    """How many sign-ups `remove_unconfirmed` would count; nothing is changed."""
    gone = (
        select(SignUp.newsletter_id, SignUp.address_key)
        .where(SignUp.confirmed_at.is_(None), SignUp.at < before)
        .distinct()
    )
    return session.scalar(select(func.count()).select_from(gone.subquery())) or 0


def _remove_pending(session: Session, newsletter_id: int, address_key: str) -> None:
    person = session.scalar(select(Subscriber.id).where(Subscriber.address_key == address_key))
    if person is None:
        return
    asked_again = exists().where(
        SignUp.newsletter_id == newsletter_id, SignUp.address_key == address_key
    )
    session.execute(
        delete(Subscription).where(
            Subscription.newsletter_id == newsletter_id,
            Subscription.subscriber_id == person,
            Subscription.state == Consent.PENDING,
            Subscription.source == SOURCE,
            ~asked_again,
        )
    )
    session.execute(
        delete(Subscriber).where(
            Subscriber.id == person,
            Subscriber.name == "",
            ~exists().where(Subscription.subscriber_id == Subscriber.id),
            ~exists().where(went_to(person)),
            ~exists().where(SignUp.address_key == Subscriber.address_key),
        )
    )
