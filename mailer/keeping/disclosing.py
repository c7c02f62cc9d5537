"""Everything that is known of one person, for themselves (GDPR, articles 15 and 20)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Table, select
from sqlalchemy.orm import Session

from mailer.addresses import Address, parse_address
from mailer.audience import histories, subscribers, suppressions
from mailer.audience.receipts import went_to
from mailer.database.tables import (
    Base,
    Click,
    ConsentChange,
    Delivery,
    Fate,
    Issue,
    IssueLink,
    Newsletter,
    Subscriber,
    SubscriberTag,
    Subscription,
    Suppression,
    SuppressionChange,
    Tag,
    Unsubscribe,
)
from mailer.database.tables.base import ADDRESS_OF
from mailer.errors import NotFound
from mailer.keeping.settled import issues_that_know
from mailer.tokens import Signer

Entry = dict[str, Any]

# Told in words of their own below; all other tables as they are.
_TOLD = {
    one.__tablename__
    for one in (
        Click,
        ConsentChange,
        Delivery,
        Subscriber,
        SubscriberTag,
        Subscription,
        SuppressionChange,
        Unsubscribe,
    )
} | {"erasures"}


def everything(
    session: Session, address: str | Address, signer: Signer, *, now: datetime
) -> dict[str, Any]:
    """All that is known of the person at this address, fit for JSON; ``NotFound``."""
    parsed = parse_address(address) if isinstance(address, str) else address
    suppression = suppressions.find(session, parsed, signer)
    subscriber = subscribers.find(session, parsed)
    if subscriber is None:
        raise _nobody(parsed, suppression)
    number = subscriber.id
    issue_ids = issues_that_know(session, number, now=now)
    return {
        "subscriber": _own(subscriber),
        "suppression": None if suppression is None else _suppressed(suppression),
        "suppression_changes": _suppression_changes(session, subscriber),
        "tags": _tags(session, number),
        "subscriptions": _subscriptions(session, number),
        "consent_changes": _consent_changes(session, number),
        "issues": _issues(session, number),
        "clicks": _clicks(session, number, issue_ids),
        "unsubscribes": _unsubscribes(session, number),
        **_others(session, subscriber, parsed, issue_ids),
    }


def _nobody(address: Address, suppression: Suppression | None) -> NotFound:
    if suppression is None:
        return NotFound("Nobody with the address {address} is known here.", address=address.shown)
    return NotFound(
        "Nobody with the address {address} is known here but that it is never mailed: "
        "{reason}, since {at:%Y-%m-%d}.",
        address=address.shown,
        reason=suppression.reason,
        at=suppression.at,
    )


def _own(subscriber: Subscriber) -> Entry:
    return {
        "id": subscriber.id,
        "address": subscriber.address,
        **{
            column.name: _plain(getattr(subscriber, column.name))
            for column in Subscriber.__table__.columns
            if column.name not in ("id", "address", "address_key")
        },
    }


def _suppressed(suppression: Suppression) -> Entry:
    return {
        "target": suppression.target,
        "reason": suppression.reason,
        "source": suppression.source,
        "at": suppression.at.isoformat(),
    }


def _suppression_changes(session: Session, subscriber: Subscriber) -> list[Entry]:
    """Those of their domain, too."""
    columns = [column.name for column in SuppressionChange.__table__.columns][1:]  # but the number
    return [
        {name: _plain(getattr(one, name)) for name in columns}
        for one in histories.suppressions_of(session, subscriber)
    ]


def _tags(session: Session, number: int) -> list[str]:
    names = select(Tag.name).join(SubscriberTag, SubscriberTag.tag_id == Tag.id)
    return list(
        session.scalars(names.where(SubscriberTag.subscriber_id == number).order_by(Tag.name))
    )


def _subscriptions(session: Session, number: int) -> list[Entry]:
    rows = session.execute(
        select(Newsletter.slug.label("newsletter"), *_rest(Subscription, "newsletter_id"))
        .join(Newsletter, Newsletter.id == Subscription.newsletter_id)
        .where(Subscription.subscriber_id == number)
        .order_by(Newsletter.slug)
    )
    return _entries(rows)


def _consent_changes(session: Session, number: int) -> list[Entry]:
    rows = session.execute(
        select(Newsletter.slug.label("newsletter"), *_rest(ConsentChange, "newsletter_id", "id"))
        .join(Newsletter, Newsletter.id == ConsentChange.newsletter_id)
        .where(ConsentChange.subscriber_id == number)
        .order_by(ConsentChange.id)
    )
    return _entries(rows)


def _issues(session: Session, number: int) -> list[Entry]:
    rows = session.execute(
        select(
            Issue.id.label("issue"),
            Newsletter.slug.label("newsletter"),
            Issue.subject,
            *_rest(Delivery, "issue_id"),
        )
        .join(Issue, Issue.id == Delivery.issue_id)
        .join(Newsletter, Newsletter.id == Issue.newsletter_id)
        .where(went_to(number))
        .order_by(Delivery.at, Issue.id)
    )
    return [{**one, "fate": Fate(one["fate"]).name.lower()} for one in _entries(rows)]


def _clicks(session: Session, number: int, issue_ids: Iterable[int]) -> list[Entry]:
    rows = session.execute(
        select(
            Click.issue_id.label("issue"),
            Click.link_number.label("link"),
            IssueLink.label,
            IssueLink.url,
            *_rest(Click, "id", "issue_id", "link_number"),
        )
        .outerjoin(
            IssueLink,
            (IssueLink.issue_id == Click.issue_id) & (IssueLink.number == Click.link_number),
        )
        .where(Click.issue_id.in_(issue_ids), Click.subscriber_id == number)
        .order_by(Click.id)
    )
    return _entries(rows)


def _unsubscribes(session: Session, number: int) -> list[Entry]:
    rows = session.execute(
        select(
            Newsletter.slug.label("newsletter"),
            Unsubscribe.issue_id.label("issue"),
            *_rest(Unsubscribe, "id", "newsletter_id", "issue_id"),
        )
        .join(Newsletter, Newsletter.id == Unsubscribe.newsletter_id)
        .where(Unsubscribe.subscriber_id == number)
        .order_by(Unsubscribe.id)
    )
    return _entries(rows)


def _others(
    session: Session, subscriber: Subscriber, address: Address, issue_ids: Iterable[int]
) -> dict[str, list[Entry]]:
    spellings = {one for same in (address, parse_address(subscriber.address))
                 for one in (same.key, same.shown, same.wire)}  # fmt: skip
    found: dict[str, list[Entry]] = {}
    for table in Base.metadata.sorted_tables:
        condition = _theirs(table, subscriber.id, spellings, issue_ids)
        if table.name not in _TOLD and condition is not None:
            rows = session.execute(select(table).where(condition))
            found[table.name] = _entries(rows)
    return found


def _theirs(
    table: Table, number: int, spellings: set[str], issue_ids: Iterable[int]
) -> ColumnElement[bool] | None:
    if "subscriber_id" in table.c:
        theirs: ColumnElement[bool] = table.c.subscriber_id == number
        if "issue_id" in table.c and not table.c.issue_id.nullable:
            theirs &= table.c.issue_id.in_(issue_ids)  # their index begins with the issue
        return theirs
    for column in table.c:
        if column.info == ADDRESS_OF:
            return column.in_(spellings)
    return None


def _rest(table: Any, *told: str) -> list[Any]:
    return [
        column for column in table.__table__.columns if column.name not in (*told, "subscriber_id")
    ]


def _entries(rows: Iterable[Row[Any]]) -> list[Entry]:
    named = (one._mapping for one in rows)  # noqa: SLF001  # SQLAlchemy's public name
    return [{name: _plain(value) for name, value in one.items()} for one in named]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, Mapping | list):
        return value
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
