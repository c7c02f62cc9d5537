"""Freezes an issue's audience into batches: who is planned, in which wave, due when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy import (
    ColumnElement,
    Integer,
    Subquery,
    Text,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.orm import Session

from mailer.audience import targeting
from mailer.database.tables import Batch, Delivery, Issue, Subscriber, Subscription
from mailer.database.tables.base import Moment
from mailer.delivering.waves import AFTER_CANARY, AT_ONCE

# The first place on earth has an hour that much before UTC.
FARTHEST_EAST = timedelta(hours=14)
_WHOLE = 10_000  # shares are counted in hundredths of a percent


def freeze(
    session: Session, issue: Issue, *, batch_size: int, now: datetime, missing: bool = False
) -> int:
    """Write everybody who is to get *issue* into batches, by one statement; how many.

    Its segments' rules are kept as they are now: they go on holding when it is sent to *missing*
    ones later, whatever has become of the segments.
    With *missing*, only those who have no delivery of it: of an issue that was sent, whoever has
    joined since.
    """
    targeting.freeze(session, issue.id, now=now)
    wanted = targeting.recipients(session, issue, now=now)
    zones = _zones(session, issue, wanted) if issue.local_time else {}
    due = {"": AT_ONCE, "later": AFTER_CANARY} | zones
    chosen = _audience(issue, zones, wanted, missing=missing)
    number = func.row_number().over(partition_by=chosen.c.wave, order_by=chosen.c.subscriber_id)
    parts = select(
        chosen.c.subscriber_id,
        chosen.c.wave,
        cast((number - 1) // batch_size, Integer).label("part"),
    ).subquery()
    due_at = case(
        *((parts.c.wave == name, literal(at, Moment())) for name, at in due.items()),
        else_=literal(AT_ONCE, Moment()),
    )
    packed = func.aggregate_strings(cast(parts.c.subscriber_id, Text), ",")
    sizes = session.scalars(
        insert(Batch)
        .from_select(
            ["issue_id", "due_at", "subscriber_ids", "size"],
            select(literal(issue.id), due_at, packed, func.count()).group_by(
                parts.c.wave, parts.c.part
            ),
        )
        .returning(Batch.size)
    )
    planned = sum(sizes)
    session.execute(
        update(Issue).where(Issue.id == issue.id).values(planned=Issue.planned + planned)
    )
    return planned


def _audience(
    issue: Issue, zones: Mapping[str, datetime], wanted: ColumnElement[bool], *, missing: bool
) -> Subquery:
    """Who is to get it, and in which wave."""
    if zones or issue.canary_percent:
        query = select(Subscription.subscriber_id, _wave(issue, zones).label("wave")).join(
            Subscriber, Subscriber.id == Subscription.subscriber_id
        )
    else:
        query = select(Subscription.subscriber_id, literal("").label("wave"))
    if missing:
        query = query.where(
            ~exists().where(
                Delivery.issue_id == issue.id,
                Delivery.subscriber_id == Subscription.subscriber_id,
            )
        )
    return query.where(wanted).subquery()


def _wave(issue: Issue, zones: Mapping[str, datetime]) -> ColumnElement[str]:
    """In which wave somebody is: a zone's, the canary's ("") or, after it, "later"."""
    if zones:
        known = Subscriber.time_zone.in_(list(zones))
        return case((known, Subscriber.time_zone), else_="")
    # Spread evenly over the ids, so that no domain or year of joining is tried alone; at least one.
    share = max(1, round(issue.canary_percent * _WHOLE / 100))
    before = func.row_number().over(order_by=Subscription.subscriber_id) - 1
    return case((before * share % _WHOLE < share, ""), else_="later")


def _zones(session: Session, issue: Issue, wanted: ColumnElement[bool]) -> dict[str, datetime]:
    """When the issue's hour comes in each of its readers' zones; unknown zones have none."""
    scheduled = issue.scheduled_at
    if scheduled is None:
        return {}
    hour = scheduled.astimezone(ZoneInfo(issue.newsletter.time_zone)).replace(tzinfo=None)
    names = session.scalars(
        select(Subscriber.time_zone)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(wanted, Subscriber.time_zone.is_not(None))
        .distinct()
    )
    known = available_timezones()
    return {"": scheduled} | {
        name: hour.replace(tzinfo=ZoneInfo(name)) for name in names if name and name in known
    }
