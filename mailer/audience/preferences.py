"""What readers decide for themselves: leaving, coming back, and what we call them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mailer.audience import consent
from mailer.audience.readers import Visit
from mailer.database.tables import Consent, Subscriber, Unsubscribe
from mailer.field_kinds import Kept

Evidence = dict[str, Any]

MOST_REASON = 1000


@dataclass(frozen=True, slots=True)
class Preferences:
    """A reader's form: *shown* newsletters were on it, *wanted* ones were ticked."""

    name: str
    language: str | None
    time_zone: str | None
    shown: frozenset[int]
    wanted: frozenset[int]
    fields: Mapping[str, Kept | None] = field(default_factory=dict)  # None: taken out
    said: Mapping[int, str] = field(default_factory=dict)  # beside each newsletter, word for word


def leave(
    session: Session, visit: Visit, *, method: str, now: datetime, evidence: Evidence | None = None
) -> int:
    """End what the visit concerns, at once; how many subscriptions ended (0 the second time)."""
    return sum(
        consent.unsubscribe(
            session,
            newsletter_id=one.newsletter_id,
            subscriber_id=visit.subscriber_id,
            now=now,
            method=method,
            issue_id=visit.issue_id,
            evidence=evidence,
        )
        for one in visit.concerned
    )


def leave_all(
    session: Session, visit: Visit, *, now: datetime, evidence: Evidence | None = None
) -> int:
    """End every subscription; how many ended."""
    return sum(
        _unsubscribe(session, visit, one.newsletter_id, now=now, evidence=evidence)
        for one in visit.memberships
    )


def come_back(
    session: Session, visit: Visit, *, now: datetime, evidence: Evidence | None = None
) -> int:
    """Undo the last unsubscribe of what the visit concerns; how many subscriptions came back."""
    return sum(
        consent.undo_unsubscribe(
            session,
            newsletter_id=one.newsletter_id,
            subscriber_id=visit.subscriber_id,
            now=now,
            source="undo",
            evidence=evidence,
        )
        for one in visit.concerned
        if one.state is Consent.UNSUBSCRIBED
    )


def give_reason(session: Session, visit: Visit, reason: str) -> bool:
    """Keep why somebody left, in their words; ``False`` when they had not left."""
    concerned = [one.newsletter_id for one in visit.concerned]
    last = session.scalar(
        select(Unsubscribe.id)
        .where(
            Unsubscribe.subscriber_id == visit.subscriber_id,
            Unsubscribe.newsletter_id.in_(concerned),
            Unsubscribe.undone_at.is_(None),
        )
        .order_by(Unsubscribe.id.desc())
        .limit(1)
    )
    if last is None:
        return False
    session.execute(
        update(Unsubscribe).where(Unsubscribe.id == last).values(reason=reason[:MOST_REASON])
    )
    return True


def save(
    session: Session,
    visit: Visit,
    preferences: Preferences,
    *,
    now: datetime,
    offered: Collection[int] = (),
    evidence: Evidence | None = None,
) -> list[int]:
    """Keep a reader's form; newsletters and fields that were not on it stay as they are.

    Answers which of the *offered* newsletters, that they never had, they subscribed to.
    """
    fields = {**visit.fields, **preferences.fields}
    session.execute(
        update(Subscriber)
        .where(Subscriber.id == visit.subscriber_id)
        .values(
            name=preferences.name,
            language=preferences.language,
            time_zone=preferences.time_zone,
            fields={name: value for name, value in fields.items() if value is not None},
        )
    )
    for one in visit.memberships:
        if one.newsletter_id not in preferences.shown:
            continue
        wanted = one.newsletter_id in preferences.wanted
        if wanted and not one.subscribed:
            _subscribe(session, visit, one.newsletter_id, preferences, evidence, now=now)
        elif one.subscribed and not wanted:
            _unsubscribe(session, visit, one.newsletter_id, now=now, evidence=evidence)
    chosen = sorted(preferences.wanted & preferences.shown & set(offered))
    for newsletter_id in chosen:
        _subscribe(session, visit, newsletter_id, preferences, evidence, now=now)
    return chosen


def join(
    session: Session,
    visit: Visit,
    newsletter_id: int,
    answers: Mapping[str, Kept],
    *,
    now: datetime,
    evidence: Evidence,
) -> None:
    """Subscribe to a newsletter that was offered, with what its form asked; what was known stays."""
    session.execute(
        update(Subscriber)
        .where(Subscriber.id == visit.subscriber_id)
        .values(fields={**answers, **visit.fields})
    )
    _confirm(session, visit, newsletter_id, evidence, now=now)


def pause(
    session: Session,
    visit: Visit,
    until: datetime | None,
    *,
    now: datetime,
    evidence: Evidence | None = None,
) -> None:
    """Send a person nothing before *until*; ``None``: go on at once."""
    session.execute(
        update(Subscriber).where(Subscriber.id == visit.subscriber_id).values(paused_until=until)
    )
    consent.note(
        session,
        subscriber_id=visit.subscriber_id,
        now=now,
        source=consent.PAUSE if until else consent.PAUSE_ENDED,
        evidence={**(evidence or {}), **({"until": until.isoformat()} if until else {})},
    )


def _subscribe(
    session: Session,
    visit: Visit,
    newsletter_id: int,
    preferences: Preferences,
    evidence: Evidence | None,
    *,
    now: datetime,
) -> None:
    said = preferences.said.get(newsletter_id)
    told = {**(evidence or {}), **({"wording": said} if said else {})}
    _confirm(session, visit, newsletter_id, told, now=now)


def _confirm(
    session: Session, visit: Visit, newsletter_id: int, evidence: Evidence, *, now: datetime
) -> None:
    """Their tick on a page that only a mail to them leads to counts as a confirmation."""
    mail = {"issue": visit.issue_id} if visit.issue_id else {}
    consent.change(
        session,
        newsletter_id=newsletter_id,
        subscriber_id=visit.subscriber_id,
        state=Consent.CONFIRMED,
        now=now,
        source="preferences",
        evidence={**evidence, **mail},
    )


def _unsubscribe(
    session: Session,
    visit: Visit,
    newsletter_id: int,
    *,
    now: datetime,
    evidence: Evidence | None,
) -> bool:
    return consent.unsubscribe(
        session,
        newsletter_id=newsletter_id,
        subscriber_id=visit.subscriber_id,
        now=now,
        method="preferences",
        issue_id=visit.issue_id,
        evidence=evidence,
    )
