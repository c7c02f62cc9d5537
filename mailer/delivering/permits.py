"""Permits to send, given out of rates that all workers share: one row each, locked as it is spent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from mailer.database.tables import SendingMeter
from mailer.database.tables.base import Moment
from mailer.delivering.warm_ups import reserve_warm_up
from mailer.rates import Meter, Rate, available, next_permit, spend
from mailer.warming import WarmUpPlan

EVERYBODY = ""  # the scope of the rates for all recipients; others are their domains
_FROM = "from "  # and, with this before them, the domains that are warmed up


def sent_from(domain: str) -> str:
    """The scope of what a sending domain may send."""
    return f"{_FROM}{domain}"


@dataclass(frozen=True, slots=True)
class Limits:
    """Rates for all recipients, those of single domains, and for domains being warmed up."""

    rates: tuple[Rate, ...] = ()
    domains: Mapping[str, tuple[Rate, ...]] = field(default_factory=dict)
    warm_ups: Mapping[str, WarmUpPlan] = field(default_factory=dict)
    zone: tzinfo = UTC  # where the days of warm-up plans begin

    def __bool__(self) -> bool:
        return bool(self.rates or self.domains or self.warm_ups)

    def of(self, scope: str) -> tuple[Rate, ...]:
        """The rates of one scope: a recipients' domain, or everybody."""
        return self.rates if scope == EVERYBODY else self.domains.get(scope, ())

    def warm_up(self, scope: str) -> WarmUpPlan | None:
        """The plan of one scope, where it is that of a sending domain."""
        return self.warm_ups.get(scope.removeprefix(_FROM)) if scope.startswith(_FROM) else None


NO_LIMITS = Limits()


class Permits:
    """The permits that one worker has and has not used; without limits, everybody may go."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left: Counter[str] = Counter()

    def most(self, sender: str, wanted: int) -> int:
        """For how many of *wanted* recipients of a sending domain there are permits."""
        return min([wanted, *(self._left[scope] for scope in self._shared(sender))])

    def take(self, domain: str) -> bool:
        """Use a permit for one recipient of *domain*; ``False`` when there is none."""
        if not self._limits.of(domain):
            return True
        if self._left[domain] < 1:
            return False
        self._left[domain] -= 1
        return True

    def give_back(self, sender: str, domain: str) -> None:
        """The recipient does not go now after all."""
        for scope in (*self._shared(sender), *([domain] if self._limits.of(domain) else [])):
            self._left[scope] += 1

    def use(self, sender: str, number: int) -> None:
        """Use permits that do not depend on the recipient."""
        for scope in self._shared(sender):
            self._left[scope] -= number

    def wanted(self, senders: Mapping[str, int], domains: Mapping[str, int]) -> dict[str, int]:
        """What to ask for, so that so many recipients of sending and of their own domains may go."""
        wanted: Counter[str] = Counter()
        for sender, number in senders.items():
            for scope in self._shared(sender):
                wanted[scope] += number
        wanted.update({name: number for name, number in domains.items() if self._limits.of(name)})
        lacking = {scope: number - self._left[scope] for scope, number in wanted.items()}
        return {scope: number for scope, number in lacking.items() if number > 0}

    def covered(self, aside: Mapping[str, int]) -> int:
        """For how many of those set aside there are permits of their domains."""
        return sum(min(number, self._left[domain]) for domain, number in aside.items())

    def add(self, granted: Mapping[str, int]) -> None:
        """Permits came in."""
        self._left.update(granted)

    def without(self, senders: Iterable[str], granted: Mapping[str, int]) -> set[str]:
        """Those of *senders* who may send no more today: nothing was granted, nothing is left."""
        return {
            sender
            for sender in senders
            if granted.get(sent_from(sender)) == 0 and not self._left[sent_from(sender)]
        }

    def _shared(self, sender: str) -> Iterable[str]:
        if self._limits.rates:
            yield EVERYBODY
        if sender in self._limits.warm_ups:
            yield sent_from(sender)


class Reserved(NamedTuple):
    """Permits by scope, and when to ask for those that were lacking."""

    permits: dict[str, int]
    again_at: datetime


def reserve(
    session: Session, limits: Limits, wanted: Mapping[str, int], *, now: datetime
) -> Reserved:
    """Permits for each scope, as many as wanted or as its rates have left; spent at once.

    Scopes are locked in one order, so that two workers never wait for each other.
    """
    granted: dict[str, int] = {}
    again_at = now + _LONGEST_WAIT
    for scope, number in sorted(wanted.items()):
        plan = limits.warm_up(scope)
        if plan is not None:
            domain = scope.removeprefix(_FROM)
            granted[scope] = reserve_warm_up(
                session, domain, plan, number, now=now, zone=limits.zone
            )
            continue
        granted[scope], ready_at = _reserve_rates(session, limits, scope, number, now)
        if granted[scope] < number:
            again_at = min(again_at, ready_at)
    session.flush()
    return Reserved(granted, again_at)


def count(session: Session, limits: Limits, domain: str, *, now: datetime) -> None:
    """One message went to *domain*, whatever the rates said: its permits are spent, or owed."""
    for scope in (EVERYBODY, domain):
        for rate in limits.of(scope):
            row = _row(session, scope, rate)
            _spend(row, rate, 1, now)
    session.flush()


def used_up(session: Session, limits: Limits, *, now: datetime) -> tuple[Rate, datetime] | None:
    """The quota for all recipients of which nothing is left, until when; nothing is spent."""
    for rate in limits.rates:
        row = session.get(SendingMeter, _key(EVERYBODY, rate))
        if row is not None and not rate.smooth and not available(rate, _meter(row), now):
            return rate, next_permit(rate, _meter(row), now)
    return None


_LONGEST_WAIT = timedelta(seconds=2)  # others may have given permits up


def _reserve_rates(
    session: Session, limits: Limits, scope: str, number: int, now: datetime
) -> tuple[int, datetime]:
    rates = limits.of(scope)
    rows = {rate: _row(session, scope, rate) for rate in rates}
    meters = {rate: _meter(row) for rate, row in rows.items()}
    left = (available(rate, meter, now) for rate, meter in meters.items())
    permits = min([number, *left])
    for rate, row in rows.items():
        meters[rate] = _spend(row, rate, permits, now)
    ready = (next_permit(rate, meter, now) for rate, meter in meters.items())
    return permits, max([now, *ready])


def _meter(row: SendingMeter) -> Meter:
    return Meter(row.until, tuple(row.slots))


def _spend(row: SendingMeter, rate: Rate, permits: int, now: datetime) -> Meter:
    meter = spend(rate, _meter(row), permits, now)
    row.until, row.slots = meter.until, list(meter.slots)
    return meter


_OPEN = text(
    "INSERT INTO sending_meters (scope, until, slots) VALUES (:scope, :until, '[]') "
    "ON CONFLICT DO NOTHING"
).bindparams(bindparam("until", type_=Moment()))
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def _row(session: Session, scope: str, rate: Rate) -> SendingMeter:
    key = _key(scope, rate)
    session.execute(_OPEN, {"scope": key, "until": _LONG_AGO})
    return session.scalars(
        select(SendingMeter).where(SendingMeter.scope == key).with_for_update()
    ).one()


def _key(scope: str, rate: Rate) -> str:
    return f"{scope or '*'} {rate.window.total_seconds():g}s"
