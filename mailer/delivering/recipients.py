"""Who the recipients of a batch are, as they stand now: name, address, consent, suppression."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Text, and_, cast, select
from sqlalchemy.orm import Session

from mailer.database.tables import Consent, Subscriber, Subscription, Suppression
from mailer.delivering.packing import among


class Recipient(NamedTuple):
    """One subscriber who may be mailed."""

    subscriber_id: int
    address: str
    domain: str  # as it stands on the wire: an A-label (RFC 5890)
    name: str
    fields: dict[str, Any]

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
    # As text: most people have no fields of their own, and reading JSON for nothing costs.
    fields = [cast(Subscriber.fields, Text)] if with_fields else []
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
            one, row[1], domain, row[3], _fields(row[6]) if with_fields else {}
        )
    return loaded


def _fields(text: str | None) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(text) if text and text != "{}" else {}
    return fields


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
