"""The history of one person: each record of their consent, and of what suppressed them, in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.addresses import parse_address
from mailer.audience import consent, suppression_records
from mailer.database.tables import (
    Consent,
    ConsentChange,
    Newsletter,
    Subscriber,
    SuppressionChange,
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One record, as it can be shown; of a suppression, neither *newsletter* nor *state*."""

    at: datetime
    newsletter: str
    state: Consent | None
    source: str
    evidence: Mapping[str, Any]


def history(session: Session, person: Subscriber) -> list[Recorded]:
    """Every record of one person, oldest first."""
    told = [_told(one) for one in suppressions_of(session, person)]
    return sorted([*_consents(session, person.id), *told], key=lambda one: one.at)


def suppressions_of(session: Session, person: Subscriber) -> list[SuppressionChange]:
    """What suppressed them, by address or domain, since they are known; and what took it back."""
    keys = {person.address_key, *_given_up(session, person.id)}
    domains = {"@" + key.rpartition("@")[2] for key in keys}
    return suppression_records.of_targets(session, keys | domains, person.created_at)


def _consents(session: Session, subscriber_id: int) -> list[Recorded]:
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


def _told(one: SuppressionChange) -> Recorded:
    source = consent.SUPPRESSED if one.suppressed else consent.LIFTED
    evidence = {"target": one.target, "reason": one.reason, "by": one.source, **one.evidence}
    return Recorded(one.at, "", None, source, evidence)


def _given_up(session: Session, subscriber_id: int) -> set[str]:
    """Keys of the addresses they had before, but for those that somebody else has by now."""
    keys = {parse_address(one).key for one in consent.addresses_before(session, subscriber_id)}
    taken = session.scalars(select(Subscriber.address_key).where(Subscriber.address_key.in_(keys)))
    return keys.difference(taken) if keys else keys
