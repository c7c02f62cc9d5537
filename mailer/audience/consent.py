"""Changes of consent: the only code that writes subscriptions' states, each with its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mailer.database.tables import Consent, ConsentChange, Newsletter, Subscription, Unsubscribe

# Sources of records that change no consent: see `note`.
NEW_ADDRESS, PAUSE, PAUSE_ENDED, DETAILS = "new address", "pause", "pause ended", "details"
LIFTED = "suppression lifted"
NOTES = frozenset({NEW_ADDRESS, PAUSE, PAUSE_ENDED, DETAILS, LIFTED})


def change(
    session: Session,
    *,
    newsletter_id: int,
    subscriber_id: int,
    state: Consent,
    now: datetime,
    source: str,
    evidence: dict[str, Any] | None = None,
) -> bool:
    """Bring one subscription to *state*; ``False`` when it is there already."""
    subscription = session.get(Subscription, (newsletter_id, subscriber_id))
    if subscription is None:
        subscription = Subscription(newsletter_id=newsletter_id, subscriber_id=subscriber_id)
        session.add(subscription)
    elif subscription.state is state:
        return False
    subscription.state, subscription.changed_at, subscription.source = state, now, source
    session.add(
        ConsentChange(
            newsletter_id=newsletter_id,
            subscriber_id=subscriber_id,
            state=state,
            at=now,
            source=source,
            evidence=evidence or {},
        )
    )
    session.flush()
    return True


def note(
    session: Session, *, subscriber_id: int, now: datetime, source: str, evidence: dict[str, Any]
) -> None:
    """Record what bears on every consent of a person and changes none: a pause, new details, …"""
    for one in session.scalars(
        select(Subscription).where(Subscription.subscriber_id == subscriber_id)
    ):
        session.add(
            ConsentChange(
                newsletter_id=one.newsletter_id,
                subscriber_id=subscriber_id,
                state=one.state,
                at=now,
                source=source,
                evidence=evidence,
            )
        )
    session.flush()


def has_moved(session: Session, subscriber_id: int, since: datetime) -> bool:
    """Whether this person has changed their address since a moment."""
    moved = select(ConsentChange.id).where(
        ConsentChange.subscriber_id == subscriber_id,
        ConsentChange.source == NEW_ADDRESS,
        ConsentChange.at >= since,
    )
    return session.scalar(moved.limit(1)) is not None


def addresses_before(session: Session, subscriber_id: int) -> set[str]:
    """The addresses that this person gave up for another."""
    moves = session.scalars(
        select(ConsentChange.evidence).where(
            ConsentChange.subscriber_id == subscriber_id, ConsentChange.source == NEW_ADDRESS
        )
    )
    return {evidence["from"] for evidence in moves if "from" in evidence}


@dataclass(frozen=True, slots=True)
class Recorded:
    """One record of a person's consent, as it can be shown."""

    at: datetime
    newsletter: str
    state: Consent
    source: str
    evidence: Mapping[str, Any]


def history(session: Session, subscriber_id: int) -> list[Recorded]:
    """Every record of one person's consent, oldest first."""
    rows = session.execute(
        select(
            ConsentChange.at,
            Newsletter.slug,
            ConsentChange.state,
            ConsentChange.source,
            ConsentChange.evidence,
        )
        .join(Newsletter, Newsletter.id == ConsentChange.newsletter_id)
        .where(ConsentChange.subscriber_id == subscriber_id)
        .order_by(ConsentChange.at, ConsentChange.id)
    )
    return [Recorded(*row) for row in rows]


def unsubscribe(
    session: Session,
    *,
    newsletter_id: int,
    subscriber_id: int,
    now: datetime,
    method: str,
    issue_id: int | None = None,
    reason: str | None = None,
    evidence: dict[str, Any] | None = None,
) -> bool:
    """End one subscription at once; ``False`` when it had ended already (nothing is counted twice).

    *method* is how: ``page``, ``one-click``, ``preferences``, ``command``, …
    """
    if session.get(Subscription, (newsletter_id, subscriber_id)) is None:
        return False
    changed = change(
        session,
        newsletter_id=newsletter_id,
        subscriber_id=subscriber_id,
        state=Consent.UNSUBSCRIBED,
        now=now,
        source=method,
        evidence=evidence,
    )
    if changed:
        session.add(
            Unsubscribe(
                newsletter_id=newsletter_id,
                subscriber_id=subscriber_id,
                issue_id=issue_id,
                at=now,
                method=method,
                reason=reason,
            )
        )
    return changed


def undo_unsubscribe(
    session: Session,
    *,
    newsletter_id: int,
    subscriber_id: int,
    now: datetime,
    source: str,
    evidence: dict[str, Any] | None = None,
) -> bool:
    """Take the last unsubscribe back: the reader's own click on "Undo"; ``False`` if none stands."""
    last = session.scalars(
        select(Unsubscribe)
        .where(
            Unsubscribe.newsletter_id == newsletter_id,
            Unsubscribe.subscriber_id == subscriber_id,
            Unsubscribe.undone_at.is_(None),
        )
        .order_by(Unsubscribe.id.desc())
        .limit(1)
    ).first()
    if last is None:
        return False
    session.execute(update(Unsubscribe).where(Unsubscribe.id == last.id).values(undone_at=now))
    return change(
        session,
        newsletter_id=newsletter_id,
        subscriber_id=subscriber_id,
        state=Consent.CONFIRMED,
        now=now,
        source=source,
        evidence=evidence,
    )
