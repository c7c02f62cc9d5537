"""How far sending domains have been warmed up, what they may still send today, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from mailer.addresses import parse_address
from mailer.database.tables import Newsletter, WarmUp
from mailer.database.tables.base import Moment
from mailer.warming import WarmUpPlan


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a domain stands today: which day of its plan it is, and what was used of it."""

    domain: str
    plan: WarmUpPlan
    day: int
    used: int

    @property
    def quota(self) -> int | None:
        """Messages allowed today; ``None``: the plan has been gone through."""
        return self.plan.quota(self.day)

    @property
    def left(self) -> int | None:
        """Messages still allowed today."""
        return None if self.quota is None else max(0, self.quota - self.used)

    def days_for(self, messages: int) -> int:
        """On how many days, today among them, so many go out, if nobody else uses the quota."""
        return self.plan.days_for(messages, self.day, self.used)


def sending_domain(from_address: str) -> str:
    """The domain of a From address, as an A-label."""
    return parse_address(from_address).wire.rpartition("@")[2]


def stage_of(
    session: Session, domain: str, plan: WarmUpPlan, *, now: datetime, zone: tzinfo
) -> Stage:
    """Where a domain stands."""
    return _stage(session.get(WarmUp, domain), domain, plan, start_of_day(now, zone))


def reserve_warm_up(
    session: Session, domain: str, plan: WarmUpPlan, number: int, *, now: datetime, zone: tzinfo
) -> int:
    """Permits of today's quota: *number*, or as many as are left; spent at once."""
    today = start_of_day(now, zone)
    session.execute(_BEGIN, {"domain": domain, "since": today})
    row = session.scalars(select(WarmUp).where(WarmUp.domain == domain).with_for_update()).one()
    stage = _stage(row, domain, plan, today)
    permits = number if stage.left is None else min(number, stage.left)
    if permits:
        row.day, row.since, row.used = stage.day, today, stage.used + permits
    return permits


def give_back_warm_up(
    session: Session, domain: str, number: int, *, given: datetime, zone: tzinfo
) -> None:
    """Permits that were *given* and not used: what is left of their day is more again."""
    row = session.scalars(
        select(WarmUp).where(WarmUp.domain == domain).with_for_update()
    ).one_or_none()
    if row is not None and row.since == start_of_day(given, zone):
        row.used = max(0, row.used - number)


def resting_newsletters(
    session: Session, plans: Mapping[str, WarmUpPlan], *, now: datetime, zone: tzinfo
) -> list[int]:
    """Newsletters whose domain has used up what it may send today."""
    spent = {
        domain
        for domain, plan in plans.items()
        if stage_of(session, domain, plan, now=now, zone=zone).left == 0
    }
    if not spent:
        return []
    rows = session.execute(select(Newsletter.id, Newsletter.from_address))
    return [one for one, address in rows if sending_domain(address) in spent]


def start_of_day(now: datetime, zone: tzinfo) -> datetime:
    """The last midnight in *zone*."""
    return datetime.combine(now.astimezone(zone).date(), time(), zone).astimezone(UTC)


def next_day(now: datetime, zone: tzinfo) -> datetime:
    """The next midnight in *zone*."""
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone)


def _stage(row: WarmUp | None, domain: str, plan: WarmUpPlan, today: datetime) -> Stage:
    if row is None or not row.used:
        return Stage(domain, plan, 1, 0)
    if row.since < today:  # a day on which nothing was sent has no row of its own, and counts not
        return Stage(domain, plan, row.day + 1, 0)
    return Stage(domain, plan, row.day, row.used)


_BEGIN = text(
    "INSERT INTO warm_ups (domain, day, since, used) VALUES (:domain, 1, :since, 0) "
    "ON CONFLICT DO NOTHING"
).bindparams(bindparam("since", type_=Moment()))
