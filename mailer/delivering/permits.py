"""Permits to send, given out of rates that all workers share: one row each, locked as it is spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from mailer.database.tables import SendingMeter
from mailer.database.tables.base import Moment
from mailer.rates import Meter, Rate, available, spend

EVERYBODY = ""  # the scope of the rates for all recipients; others are domains


@dataclass(frozen=True, slots=True)
class Limits:
    """Rates for all recipients, and for those of single domains."""

    rates: tuple[Rate, ...] = ()
    domains: Mapping[str, tuple[Rate, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.rates or self.domains)

    def of(self, scope: str) -> tuple[Rate, ...]:
        """The rates of one scope: a domain, or everybody."""
        return self.rates if scope == EVERYBODY else self.domains.get(scope, ())


NO_LIMITS = Limits()


class Permits:
    """The permits that one worker has and has not used; without limits, everybody may go."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._left: dict[str, int] = {}

    @property
    def left(self) -> int | None:
        """For how many recipients there are permits; ``None``: no rate for all of them."""
        return self._left.get(EVERYBODY, 0) if self._limits.rates else None

    def take(self, domain: str) -> bool:
        """Use a permit for one recipient of *domain*; ``False`` when there is none."""
        if not self._limits.of(domain):
            return True
        if self._left.get(domain, 0) < 1:
            return False
        self._left[domain] -= 1
        return True

    def use(self, number: int) -> None:
        """Use permits of the rate for everybody."""
        if self._limits.rates:
            self._left[EVERYBODY] = self._left.get(EVERYBODY, 0) - number

    def wanted(self, everybody: int, domains: Mapping[str, int]) -> dict[str, int]:
        """What to ask for, so that so many recipients may go."""
        wanted = {EVERYBODY: everybody} if self._limits.rates else {}
        wanted |= {domain: number for domain, number in domains.items() if self._limits.of(domain)}
        lacking = {scope: n - self._left.get(scope, 0) for scope, n in wanted.items()}
        return {scope: number for scope, number in lacking.items() if number > 0}

    def add(self, granted: Mapping[str, int]) -> None:
        """Permits came in."""
        for scope, number in granted.items():
            self._left[scope] = self._left.get(scope, 0) + number


def reserve(
    session: Session, limits: Limits, wanted: Mapping[str, int], *, now: datetime
) -> dict[str, int]:
    """Permits for each scope, as many as wanted or as its rates have left; spent at once.

    Scopes are locked in one order, so that two workers never wait for each other.
    """
    granted = {}
    for scope, number in sorted(wanted.items()):
        rates = limits.of(scope)
        rows = {rate: _row(session, scope, rate) for rate in rates}
        meters = {rate: Meter(row.until, row.used) for rate, row in rows.items()}
        permits = min([number, *(available(rate, meters[rate], now) for rate in rates)])
        for rate, row in rows.items():
            meter = spend(rate, meters[rate], permits, now)
            row.until, row.used = meter.until, meter.used
        granted[scope] = permits
    session.flush()
    return granted


_OPEN = text(
    "INSERT INTO sending_meters (scope, until, used) VALUES (:scope, :until, 0) "
    "ON CONFLICT DO NOTHING"
).bindparams(bindparam("until", type_=Moment()))
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def _row(session: Session, scope: str, rate: Rate) -> SendingMeter:
    key = f"{scope or '*'} {rate.window.total_seconds():g}s"
    session.execute(_OPEN, {"scope": key, "until": _LONG_AGO})
    return session.scalars(
        select(SendingMeter).where(SendingMeter.scope == key).with_for_update()
    ).one()
