"""How fast an installation may send: rules as people write them, and the arithmetic behind them."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

_UNITS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_RATE = re.compile(r"\s*(\d+)\s*(?:/|per)\s*(second|minute|hour|day)\s*", re.IGNORECASE)
# Rates over seconds and minutes are spread evenly: each permit is for a moment of its own, and good
# for so long after it. Quotas over hours and days are used up as fast as it goes.
_SMOOTH_BELOW = timedelta(minutes=1)
PUNCTUAL = timedelta(seconds=0.1)
# So far ahead moments are given out: what the ledger needs to write it down makes nobody late.
AHEAD = timedelta(seconds=0.5)
# What a quota gave out is remembered by slots, so many in a window: half a minute of an hour.
_SLOTS = 120
# So long a permit of a quota may be kept before it is used.
KEPT = timedelta(seconds=10)
# Clocks of workers may differ, and transactions wait for each other, by so much.
_SKEW = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most *most* in each *window*."""

    most: int
    window: timedelta

    @property
    def smooth(self) -> bool:
        """Whether it is spread evenly over its window."""
        return self.window <= _SMOOTH_BELOW

    @property
    def step(self) -> timedelta:
        """From one moment of a smooth rate to the next, rounded up.

        A window in which messages go holds the moments of itself, and of what is punctual before.
        """
        return -(-(self.window + PUNCTUAL) // self.most)

    def __str__(self) -> str:
        unit = next(name for name, window in _UNITS.items() if window == self.window)
        return f"{self.most}/{unit}"


@dataclass(frozen=True, slots=True)
class Meter:
    """How much of a rate is used.

    Smooth rates: *until* is the next moment that is free. Quotas: how many permits may be used in
    each slot of time, the newest first, which began at *until*.
    """

    until: datetime
    slots: tuple[int, ...] = ()


def parse_rates(text: str) -> tuple[Rate, ...]:
    """``"10/second, 20000/day"``; ``ValueError`` says what is not a rate."""
    rates = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        match = _RATE.fullmatch(part)
        if not match or int(match[1]) < 1:
            raise ValueError(f"{part!r} is not a rate; write 10/second, 600/minute or 20000/day")
        rates.append(Rate(int(match[1]), _UNITS[match[2].lower()]))
    return tuple(rates)


def available(quota: Rate, meter: Meter | None, now: datetime) -> int:
    """How many permits a quota has left now."""
    return max(0, quota.most - sum(current(quota, meter, now).slots))


def spend(rate: Rate, meter: Meter | None, permits: int, now: datetime) -> Meter:
    """The meter after *permits* were given out; more than were available are owed."""
    meter = current(rate, meter, now)
    if rate.smooth:
        return Meter(meter.until + permits * rate.step)
    return Meter(meter.until, (meter.slots[0] + permits, *meter.slots[1:]))


def give_back(quota: Rate, meter: Meter, permits: int, given: datetime) -> Meter:
    """The meter without *permits* that were *given* out and not used."""
    age = (meter.until - _start(quota, given)) // _slot(quota)
    slots = list(meter.slots)
    if 0 <= age < len(slots):  # else it is over, or the clock was set back since
        slots[age] = max(0, slots[age] - permits)
    return Meter(meter.until, tuple(slots))


def next_permit(rate: Rate, meter: Meter | None, now: datetime) -> datetime:
    """When there will be a permit: *now*, if there is one."""
    meter = current(rate, meter, now)
    if rate.smooth:
        return meter.until
    left = sum(meter.slots)
    ready = now
    for age, permits in reversed(list(enumerate(meter.slots))):  # the oldest are free first
        if left < rate.most:
            break
        left -= permits
        ready = meter.until + (_SLOTS + 1 - age) * _slot(rate) - KEPT
    return ready


def current(rate: Rate, meter: Meter | None, now: datetime) -> Meter:
    """The meter as it stands *now*."""
    if not rate.smooth:
        return _slid(rate, meter, now)
    if meter is None or meter.until <= now:
        return Meter(now)
    if meter.until > now + rate.window + _SKEW:  # the clock was set back: what went, went just now
        return Meter(now + rate.window)
    return meter


_Kind = TypeVar("_Kind", bound=Hashable)
_Pace = TypeVar("_Pace", bound=Hashable)


def share_out(
    wanted: Mapping[_Kind, int],
    paces: Mapping[_Kind, Sequence[_Pace]],
    steps: Mapping[_Pace, timedelta],
    free: dict[_Pace, datetime],
    *,
    until: datetime,
) -> dict[_Kind, list[datetime]]:
    """Moments for each kind, the earliest first, up to *until*, at most as many as are wanted.

    Each moment of a kind is free in all of its *paces*, and takes *steps* of them; *free* says from
    when on each of them is, and is carried on.
    """
    given: dict[_Kind, list[datetime]] = {kind: [] for kind in wanted}

    def first(kind: _Kind) -> tuple[datetime, int]:
        return max(free[pace] for pace in paces[kind]), -len(paces[kind])  # the rarer one first

    left = {kind: number for kind, number in wanted.items() if number > 0}
    while left:
        kind = min(left, key=first)
        moment, _ = first(kind)
        if moment > until:
            break
        given[kind].append(moment)
        free.update({pace: moment + steps[pace] for pace in paces[kind]})
        left[kind] -= 1
        if not left[kind]:
            del left[kind]
    return given


def _slid(quota: Rate, meter: Meter | None, now: datetime) -> Meter:
    """The meter with its newest slot now; where the clock was set back, all counts as of now."""
    start, slot = _start(quota, now), _slot(quota)
    if meter is None:
        return Meter(start, (0,))
    passed = max(0, (start - meter.until) // slot)
    # One slot more than a window has: the oldest counts until its last moment is a window ago.
    new = (0,) * min(passed, _SLOTS + 1)
    return Meter(start, (*new, *meter.slots)[: _SLOTS + 1] or (0,))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _start(quota: Rate, now: datetime) -> datetime:
    """When the slot begins in which a permit of *now* is used at the latest."""
    slot = _slot(quota)
    return _EPOCH + (now + KEPT - _EPOCH) // slot * slot


def _slot(quota: Rate) -> timedelta:
    return quota.window / _SLOTS
