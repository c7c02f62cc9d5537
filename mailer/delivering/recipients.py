"""Who the recipients of a batch are, as they stand now: name, address, consent, suppression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from mailer.database.tables import Consent, Subscriber, Subscription, Suppression
from mailer.delivering.packing import among


@dataclass(frozen=True, slots=True)
class Recipient:
    """One subscriber who may be mailed."""

    subscriber_id: int
    address: str
    domain: str  # as it stands on the wire: an A-label (RFC 5890)
    name: str
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def wire_address(self) -> str:
        """The address for SMTP: the local part as written, the domain as an A-label."""
        return f"{self.address.rpartition('@')[0]}@{self.domain}"


@dataclass(frozen=True, slots=True)
class Loaded:
    """The recipients of a batch, and why the others are skipped."""

    recipients: dict[int, Recipient]
    skipped: dict[int, str]


def load(session: Session, newsletter_id: int, ids: Sequence[int], *, with_fields: bool) -> Loaded:
    """Everybody among the sorted *ids*: as a recipient, or with the reason not to mail them."""
    fields = [Subscriber.fields] if with_fields else []
    rows = session.execute(
        select(
            Subscriber.id,
            Subscriber.address,
            Subscriber.address_key,
            Subscriber.name,
            Subscription.state,
            Suppression.reason,
            *fields,
        )
        .outerjoin(
            Subscription,
            and_(
                Subscription.subscriber_id == Subscriber.id,
                Subscription.newsletter_id == newsletter_id,
            ),
        )
        .outerjoin(Suppression, Suppression.target == Subscriber.address_key)
        .where(among(Subscriber.id, ids))
    )
    wanted = set(ids)
    domains = suppressed_domains(session)
    loaded = Loaded({}, dict.fromkeys(ids, "erased"))
    for row in rows:
        one = row[0]
        if one not in wanted:
            continue
        domain = row[2].rpartition("@")[2]
        reason = _reason(row[4], row[5] or domains.get(domain))
        if reason:
            loaded.skipped[one] = reason
            continue
        del loaded.skipped[one]
        loaded.recipients[one] = Recipient(
            one, row[1], domain, row[3], (row[6] or {}) if with_fields else {}
        )
    return loaded


def _reason(state: Consent | None, suppression: str | None) -> str:
    if state is not Consent.CONFIRMED:
        return "unsubscribed" if state is Consent.UNSUBSCRIBED else "not confirmed"
    return f"suppressed: {suppression}" if suppression else ""


def suppressed_domains(session: Session) -> dict[str, str]:
    """Why whole domains are never mailed, by domain."""
    rows = session.execute(
        select(Suppression.target, Suppression.reason).where(Suppression.target.like("@%"))
    )
    return {target.removeprefix("@"): reason for target, reason in rows}
