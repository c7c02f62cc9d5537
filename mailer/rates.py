"""How fast an installation may send: rules as people write them, and the arithmetic behind them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_UNITS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_RATE = re.compile(r"\s*(\d+)\s*(?:/|per)\s*(second|minute|hour|day)\s*", re.IGNORECASE)
# Rates over seconds and minutes are spread evenly, but for what a tenth of a second brings, which
# may come at once; quotas over hours and days are used up as fast as it goes.
_SMOOTH_BELOW = timedelta(minutes=1)
_BURST = timedelta(seconds=0.1)
# What a quota gave out is remembered by slots, so many in a window: half a minute of an hour.
_SLOTS = 120


@dataclass(frozen=True, slots=True)
class Rate:
    """At most *most* in each *window*."""

    most: int
    window: timedelta

    @property
    def smooth(self) -> bool:
        """Whether it is spread evenly over its window."""
        return self.window <= _SMOOTH_BELOW

    def __str__(self) -> str:
        unit = next(name for name, window in _UNITS.items() if window == self.window)
        return f"{self.most}/{unit}"


@dataclass(frozen=True, slots=True)
class Meter:
    """How much of a rate is used.

    Smooth rates: *until* is when the last permit is paid for. Quotas: how many permits were given
    out in each slot of time, the newest first, which began at *until*.
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


def available(rate: Rate, meter: Meter | None, now: datetime) -> int:
    """How many permits the rate has left now."""
    meter = _current(rate, meter, now)
    if not rate.smooth:
        return max(0, rate.most - sum(meter.slots))
    return max(0, (now - meter.until) // _step(rate) + _burst(rate))


def spend(rate: Rate, meter: Meter | None, permits: int, now: datetime) -> Meter:
    """The meter after *permits* were given out; more than were available are owed."""
    meter = _current(rate, meter, now)
    if not rate.smooth:
        return Meter(meter.until, (meter.slots[0] + permits, *meter.slots[1:]))
    return Meter(meter.until + permits * _step(rate))


def next_permit(rate: Rate, meter: Meter | None, now: datetime) -> datetime:
    """When there will be a permit: *now*, if there is one."""
    meter = _current(rate, meter, now)
    if rate.smooth:
        return max(now, meter.until - (_burst(rate) - 1) * _step(rate))
    left = sum(meter.slots)
    ready = now
    for age, permits in reversed(list(enumerate(meter.slots))):  # the oldest are free first
        if left < rate.most:
            break
        left -= permits
        ready = meter.until + (_SLOTS + 1 - age) * _slot(rate)
    return ready


def _current(rate: Rate, meter: Meter | None, now: datetime) -> Meter:
    if not rate.smooth:
        return _slid(meter, now, _slot(rate))
    # Paid for later than a window from now: the clock was set back.
    if meter is None or not now <= meter.until <= now + rate.window:
        return Meter(now)
    return meter


def _slid(meter: Meter | None, now: datetime, slot: timedelta) -> Meter:
    """The meter with its newest slot now; where the clock was set back, all counts as of now."""
    start = _EPOCH + (now - _EPOCH) // slot * slot
    if meter is None:
        return Meter(start, (0,))
    passed = max(0, (start - meter.until) // slot)
    # One slot more than a window has: the oldest counts until its last moment is a window ago.
    new = (0,) * min(passed, _SLOTS + 1)
    return Meter(start, (*new, *meter.slots)[: _SLOTS + 1] or (0,))


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _slot(rate: Rate) -> timedelta:
    return rate.window / _SLOTS


def _burst(rate: Rate) -> int:
    return max(1, int(rate.most * (_BURST / rate.window)))


def _step(rate: Rate) -> timedelta:
    # As much longer than an even share as the burst needs: no window sees more than the rate.
    return rate.window / (rate.most - _burst(rate) + 1)
