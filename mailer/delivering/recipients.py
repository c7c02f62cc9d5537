"""Who the recipients of a batch are, as they stand now: name, address, consent, suppression."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Executable, Text, and_, bindparam, cast, func, null, select
from sqlalchemy.orm import Session

from mailer.database.tables import Consent, Subscriber, Subscription, Suppression
from mailer.database.tables.audience import OF_DOMAINS
from mailer.database.tables.base import Moment
from mailer.delivering.packing import is_dense


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
    wanted = set(ids)
    domains = suppressed_domains(session)
    recipients: dict[int, Recipient] = {}
    barred: dict[int, str] = {}
    for one, address, key, name, state, reason, paused, fields in _rows(
        session, newsletter_id, ids, with_fields=with_fields, now=now
    ):
        if one not in wanted:
            continue
        domain = key.rpartition("@")[2]
        if state == _CONFIRMED and not (reason or paused or domain in domains):
            recipients[one] = Recipient(one, address, domain, name, _fields(fields))
        else:
            barred[one] = _reason(state, reason or domains.get(domain))
    skipped = {one: barred.get(one, "erased") for one in ids if one not in recipients}
    return Loaded(recipients, skipped)


def _rows(
    session: Session, newsletter_id: int, ids: Sequence[int], *, with_fields: bool, now: datetime
) -> Sequence[Sequence[Any]]:
    connection = session.connection()
    sqlite, dense = connection.dialect.name == "sqlite", is_dense(ids)
    wanted = {"first": ids[0], "last": ids[-1]} if dense else {"ids": ids}
    rows = connection.execute(
        _statement(with_fields=with_fields, dense=dense, together=sqlite),
        {"newsletter_id": newsletter_id, "now": now, **wanted},
    )
    if not sqlite:
        return rows.all()
    people: list[list[Any]] = json.loads(rows.scalar_one())
    return people


@cache  # to build a statement costs more than to execute it
def _statement(*, with_fields: bool, dense: bool, together: bool) -> Executable:
    """Everybody in a row of their own; or *together*, as one JSON text.

    SQLite's driver gives the interpreter away before each row, and waits to have it back while
    the sending thread keeps it.
    """
    wanted = (
        _people.c.id.between(bindparam("first"), bindparam("last"))
        if dense
        else _people.c.id.in_(bindparam("ids", expanding=True))
    )
    rows = (_WITH_FIELDS if with_fields else _WITHOUT_FIELDS).where(wanted)
    if not together:
        return rows
    return select(func.json_group_array(func.json_array(*rows.subquery().c)))


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
