"""Who the recipients of a batch are, as they stand now: name, address, consent, suppression."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Text, and_, bindparam, cast, null, select
from sqlalchemy.orm import Session

from mailer.database.tables import Consent, Subscriber, Subscription, Suppression
from mailer.database.tables.audience import OF_DOMAINS
from mailer.database.tables.base import Moment
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
_people = Subscriber.metadata.tables["subscribers"]
_consents = Subscription.metadata.tables["subscriptions"]
_barred = Suppression.metadata.tables["suppressions"]
_PEOPLE = (
    select(
        _people.c.id,
        _people.c.address,
        _people.c.address_key,
        _people.c.name,
        cast(_consents.c.state, Text),
        _barred.c.reason,
        _people.c.paused_until > bindparam("now", type_=Moment()),
    )
    .select_from(_people)
    .outerjoin(
        _consents,
        and_(
            _consents.c.subscriber_id == _people.c.id,
            _consents.c.newsletter_id == bindparam("newsletter_id"),
        ),
    )
    .outerjoin(_barred, _barred.c.target == _people.c.address_key)
)
# Fields as text: most people have none of their own, and reading JSON for nothing costs.
_WITH_FIELDS = _PEOPLE.add_columns(cast(_people.c.fields, Text))
_WITHOUT_FIELDS = _PEOPLE.add_columns(null())
_CONFIRMED = Consent.CONFIRMED.value


def load(
    session: Session, newsletter_id: int, ids: Sequence[int], *, with_fields: bool, now: datetime
) -> Loaded:
    """Everybody among the sorted *ids*: as a recipient, or with the reason not to mail them."""
    statement = _WITH_FIELDS if with_fields else _WITHOUT_FIELDS
    rows = session.connection().execute(
        statement.where(among(_people.c.id, ids)), {"newsletter_id": newsletter_id, "now": now}
    )
    wanted = set(ids)
    domains = suppressed_domains(session)
    recipients: dict[int, Recipient] = {}
    barred: dict[int, str] = {}
    for one, address, key, name, state, reason, paused, fields in rows.all():
        domain = key.rpartition("@")[2]
        if one not in wanted:
            continue
        if state == _CONFIRMED and not (reason or paused or domain in domains):
            recipients[one] = Recipient(one, address, domain, name, _fields(fields))
        else:
            barred[one] = _reason(state, reason or domains.get(domain))
    skipped = {one: barred.get(one, "erased") for one in ids if one not in recipients}
    return Loaded(recipients, skipped)


def _fields(text: str | None) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(text) if text and text != "{}" else {}
    return fields


def _reason(state: str | None, suppression: str | None) -> str:
    if state != Consent.CONFIRMED:
        return "unsubscribed" if state == Consent.UNSUBSCRIBED else "not confirmed"
    return f"suppressed: {suppression}" if suppression else "paused"


_OF_DOMAINS = select(Suppression.target, Suppression.reason).where(OF_DOMAINS)


def suppressed_domains(session: Session) -> dict[str, str]:
    """Why whole domains are never mailed, by domain."""
    rows = session.execute(_OF_DOMAINS)
    return {target.removeprefix("@"): reason for target, reason in rows}
