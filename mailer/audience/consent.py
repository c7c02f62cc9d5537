"""Changes of consent: the only code that writes subscriptions' states, each with its record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mailer.database.tables import Consent, ConsentChange, Subscription, Unsubscribe

# Sources of records that change no consent: see `note`. Suppressions have records of their own;
# of those taken back before they had, it stands here.
NEW_ADDRESS, PAUSE, PAUSE_ENDED, DETAILS = "new address", "pause", "pause ended", "details"
SUPPRESSED, LIFTED = "suppressed", "suppression lifted"
NOTES = frozenset({NEW_ADDRESS, PAUSE, PAUSE_ENDED, DETAILS, SUPPRESSED, LIFTED})


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

    *method* is how: ``page``, ``one-click``, ``preferences``, ``command``, … The issue whose mail
    led to it stands in the record, too.
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
        evidence={**(evidence or {}), **({"issue": issue_id} if issue_id else {})},
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
