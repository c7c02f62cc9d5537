"""Meters of rates that all workers share: one row each, locked while permits are given out of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, select, text
from sqlalchemy.orm import Session

from mailer.database.tables import SendingMeter
from mailer.database.tables.base import Moment
from mailer.delivering.permits import EVERYBODY, Kind, Limits, Unused
from mailer.delivering.warm_ups import give_back_warm_up, reserve_warm_up
from mailer.rates import (
    AHEAD,
    Meter,
    Rate,
    available,
    current,
    give_back,
    next_permit,
    share_out,
    spend,
)

_LONGEST_WAIT = timedelta(seconds=2)  # others may have given permits back
# A rate of one scope; and, of these, the meters that were opened.
_Key = tuple[str, Rate]
_Meters = dict[_Key, Meter]


class Reserved(NamedTuple):
    """For each kind the moments from which its permits are good, and when to ask for others."""

    permits: dict[Kind, list[datetime]]
    again_at: datetime
    spent: set[str]  # sending domains that may send no more today


def reserve(
    session: Session, limits: Limits, wanted: Mapping[Kind, int], *, now: datetime
) -> Reserved:
    """Permits for each kind, as many as wanted or as its limits have left; spent at once."""
    keys = {kind: _keys(limits, kind) for kind in wanted}
    rows = _rows(session, {key for some in keys.values() for key in some})
    meters = {key: current(key[1], _meter(row), now) for key, row in rows.items()}
    given = _moments(_left(wanted, keys, meters, now), keys, meters, now)
    spent = _warm_up(session, limits, given, now)
    for key, meter in meters.items():
        number = sum(len(moments) for kind, moments in given.items() if key in keys[kind])
        _write(rows[key], meter if key[1].smooth else spend(key[1], meter, number, now))
    session.flush()
    lacking = [kind for kind, number in wanted.items() if len(given[kind]) < number]
    return Reserved(given, _again_at(lacking, keys, rows, now), spent)


def give_unused_back(session: Session, limits: Limits, unused: Unused) -> None:
    """Permits that were given and not used: others may have what quotas and warm-ups allow."""
    rows = _rows(session, {key for kind, _ in unused for key in _keys(limits, kind)})
    for (kind, given), number in unused.items():
        for key in _keys(limits, kind):
            if not key[1].smooth:
                _write(rows[key], give_back(key[1], _meter(rows[key]), number, given))
        if kind.sender:
            give_back_warm_up(session, kind.sender, number, given=given, zone=limits.zone)
    session.flush()


def count(session: Session, limits: Limits, domain: str, *, now: datetime) -> None:
    """One message went to *domain*, whatever the rates said: its permits are spent, or owed."""
    rows = _rows(session, set(_keys(limits, limits.kind("", domain))))
    for (_, rate), row in rows.items():
        _write(row, spend(rate, _meter(row), 1, now))
    session.flush()


def used_up(session: Session, limits: Limits, *, now: datetime) -> tuple[Rate, datetime] | None:
    """The quota for all recipients of which nothing is left, until when; nothing is spent."""
    for rate in limits.rates:
        row = session.get(SendingMeter, _name(EVERYBODY, rate))
        if row is not None and not rate.smooth and not available(rate, _meter(row), now):
            return rate, next_permit(rate, _meter(row), now)
    return None


def _keys(limits: Limits, kind: Kind) -> list[_Key]:
    return [(scope, rate) for scope in limits.scopes(kind) for rate in limits.rates_of(scope)]


def _left(
    wanted: Mapping[Kind, int],
    keys: Mapping[Kind, list[_Key]],
    meters: _Meters,
    now: datetime,
) -> dict[Kind, int]:
    """How many of those wanted quotas allow."""
    left = {
        key: available(key[1], meter, now) for key, meter in meters.items() if not key[1].smooth
    }
    allowed = {}
    for kind, number in sorted(wanted.items(), key=lambda one: -len(keys[one[0]])):
        quotas = [key for key in keys[kind] if key in left]
        allowed[kind] = min([number, *(left[key] for key in quotas)])
        for key in quotas:
            left[key] -= allowed[kind]
    return allowed


def _moments(
    allowed: Mapping[Kind, int],
    keys: Mapping[Kind, list[_Key]],
    meters: _Meters,
    now: datetime,
) -> dict[Kind, list[datetime]]:
    """When each of those allowed may go; meters of smooth rates are carried on."""
    paces = {kind: [key for key in keys[kind] if key[1].smooth] for kind in allowed}
    paced = {kind: number for kind, number in allowed.items() if paces[kind]}
    free = {key: meter.until for key, meter in meters.items() if key[1].smooth}
    steps = {key: key[1].step for key in free}
    given = share_out(paced, paces, steps, free, until=now + AHEAD)
    meters.update({key: Meter(until) for key, until in free.items()})
    return {kind: given.get(kind, [now] * number) for kind, number in allowed.items()}


def _warm_up(
    session: Session, limits: Limits, given: Mapping[Kind, list[datetime]], now: datetime
) -> set[str]:
    """Keep of those given what plans of sending domains allow; the domains that allow no more."""
    spent = set()
    for kind, moments in given.items():
        plan = limits.warm_ups.get(kind.sender)
        if plan is not None:
            most = reserve_warm_up(
                session, kind.sender, plan, len(moments), now=now, zone=limits.zone
            )
            if most < len(moments):
                spent.add(kind.sender)
                del moments[most:]
    return spent


def _again_at(
    lacking: list[Kind],
    keys: Mapping[Kind, list[_Key]],
    rows: Mapping[_Key, SendingMeter],
    now: datetime,
) -> datetime:
    """When there may be some of those that were lacking; of moments, a few at once."""
    ready = []
    for kind in lacking:
        of_quotas = [
            next_permit(rate, _meter(rows[scope, rate]), now)
            for scope, rate in keys[kind]
            if not rate.smooth
        ]
        of_moments = [
            max(now + AHEAD / 2, _meter(rows[scope, rate]).until - AHEAD)
            for scope, rate in keys[kind]
            if rate.smooth
        ]
        ready.append(max([now, *of_quotas, *of_moments]))
    return min([now + _LONGEST_WAIT, *ready])


def _meter(row: SendingMeter) -> Meter:
    return Meter(row.until, tuple(row.slots))


def _write(row: SendingMeter, meter: Meter) -> None:
    row.until, row.slots = meter.until, list(meter.slots)


_OPEN = text(
    "INSERT INTO sending_meters (scope, until, slots) VALUES (:scope, :until, '[]') "
    "ON CONFLICT DO NOTHING"
).bindparams(bindparam("until", type_=Moment()))
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def _rows(session: Session, keys: set[_Key]) -> dict[_Key, SendingMeter]:
    """Their meters, locked in one order, so that two workers never wait for each other."""
    rows = {}
    for scope, rate in sorted(keys, key=lambda key: _name(*key)):
        name = _name(scope, rate)
        session.execute(_OPEN, {"scope": name, "until": _LONG_AGO})
        rows[scope, rate] = session.scalars(
            select(SendingMeter).where(SendingMeter.scope == name).with_for_update()
        ).one()
    return rows


def _name(scope: str, rate: Rate) -> str:
    return f"{scope or '*'} {rate.window.total_seconds():g}s"
