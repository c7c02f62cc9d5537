"""Who the recipients of a batch are, as they stand now: name, address, consent, suppression."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Text, and_, bindparam, cast, literal, select
from sqlalchemy.orm import Session

from mailer.database.tables import Consent, Subscriber, Subscription, Suppression
from mailer.database.tables.audience import OF_DOMAINS
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


# Core columns: a mapper's share would be most of the cost of a thousand rows.
_people = Subscriber.metadata.tables["subscribers"].c
_consents = Subscription.metadata.tables["subscriptions"].c
_barred = Suppression.metadata.tables["suppressions"].c
_FROM = (
    Subscriber.metadata.tables["subscribers"]
    .outerjoin(
        Subscription.metadata.tables["subscriptions"],
        and_(
            _consents.subscriber_id == _people.id,
            _consents.newsletter_id == bindparam("newsletter_id"),
        ),
    )
    .outerjoin(Suppression.metadata.tables["suppressions"], _barred.target == _people.address_key)
)


def load(
    session: Session, newsletter_id: int, ids: Sequence[int], *, with_fields: bool, now: datetime
) -> Loaded:
    """Everybody among the sorted *ids*: as a recipient, or with the reason not to mail them."""
    # Fields as text: most people have none of their own, and reading JSON for nothing costs.
    fields = cast(_people.fields, Text) if with_fields else literal("{}")
    columns = (_people.id, _people.address, _people.address_key, _people.name)
    rows = session.connection().execute(
        select(
            *columns,
            cast(_consents.state, Text),
            _barred.reason,
            _people.paused_until > now,
            fields,
        )
        .select_from(_FROM)
        .where(among(_people.id, ids)),
        {"newsletter_id": newsletter_id},
    )
    skipped = dict.fromkeys(ids, "erased")
    recipients: dict[int, Recipient] = {}
    domains = suppressed_domains(session)
    for one, address, key, name, state, reason, paused, own in rows.all():
        if one not in skipped:
            continue
        domain = key.rpartition("@")[2]
        why = reason or domains.get(domain)
        if state == Consent.CONFIRMED and not why and not paused:
            del skipped[one]
            recipients[one] = Recipient(one, address, domain, name, _fields(own))
        else:
            skipped[one] = _reason(state, why)
    return Loaded(recipients, skipped)


def _fields(text: str | None) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(text) if text and text != "{}" else {}
    return fields


def _reason(state: str | None, suppression: str | None) -> str:
    if state != Consent.CONFIRMED:
        return "unsubscribed" if state == Consent.UNSUBSCRIBED else "not confirmed"
    return f"suppressed: {suppression}" if suppression else "paused"


def suppressed_domains(session: Session) -> dict[str, str]:
    """Why whole domains are never mailed, by domain."""
    rows = session.execute(select(Suppression.target, Suppression.reason).where(OF_DOMAINS))
    return {target.removeprefix("@"): reason for target, reason in rows}
