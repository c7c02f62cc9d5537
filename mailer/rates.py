"""How fast an installation may send: rules as people write them, and the arithmetic behind them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

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
_DAY = timedelta(days=1)


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
    """How much of a rate is used: *until* is when the last permit is paid for (smooth rates), or
    when the window began (quotas)."""

    until: datetime
    used: int = 0


def parse_rates(text: str) -> tuple[Rate, ...]:
    """``"10/second, 20000/day"``; ``ValueError`` says what is not a rate."""
    rates = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        match = _RATE.fullmatch(part)
        if not match or int(match[1]) < 1:
            raise ValueError(f"{part!r} is not a rate; write 10/second, 600/minute or 20000/day")
        rates.append(Rate(int(match[1]), _UNITS[match[2].lower()]))
    return tuple(rates)


def available(rate: Rate, meter: Meter | None, now: datetime, zone: tzinfo = UTC) -> int:
    """How many permits the rate has left now; days begin at midnight in *zone*."""
    meter = _current(rate, meter, now, zone)
    if not rate.smooth:
        return max(0, rate.most - meter.used)
    return max(0, (now - meter.until) // _step(rate) + _burst(rate))


def spend(
    rate: Rate, meter: Meter | None, permits: int, now: datetime, zone: tzinfo = UTC
) -> Meter:
    """The meter after *permits* were given out."""
    meter = _current(rate, meter, now, zone)
    if not rate.smooth:
        return Meter(meter.until, meter.used + permits)
    return Meter(meter.until + permits * _step(rate), 0)


def next_permit(rate: Rate, meter: Meter | None, now: datetime, zone: tzinfo = UTC) -> datetime:
    """When there will be a permit: *now*, if there is one."""
    meter = _current(rate, meter, now, zone)
    if rate.smooth:
        return max(now, meter.until - (_burst(rate) - 1) * _step(rate))
    return now if meter.used < rate.most else _window_end(rate.window, now, zone)


def start_of_day(now: datetime, zone: tzinfo) -> datetime:
    """The last midnight in *zone*."""
    return datetime.combine(now.astimezone(zone).date(), time(), zone).astimezone(UTC)


def _current(rate: Rate, meter: Meter | None, now: datetime, zone: tzinfo) -> Meter:
    if not rate.smooth:
        start = _window_start(rate.window, now, zone)
        # A meter from another window, past or (the clock was set back) future, counts no more.
        return meter if meter is not None and meter.until == start else Meter(start)
    # Paid for later than a window from now: the clock was set back.
    if meter is None or not now <= meter.until <= now + rate.window:
        return Meter(now)
    return meter


def _window_start(window: timedelta, now: datetime, zone: tzinfo) -> datetime:
    if window == _DAY:
        return start_of_day(now, zone)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + ((now - epoch) // window) * window


def _window_end(window: timedelta, now: datetime, zone: tzinfo) -> datetime:
    start = _window_start(window, now, zone)
    # A day has 23 to 25 hours, where clocks are put forward and back.
    return start_of_day(start + 1.5 * window, zone) if window == _DAY else start + window


def _burst(rate: Rate) -> int:
    return max(1, int(rate.most * (_BURST / rate.window)))


def _step(rate: Rate) -> timedelta:
    # As much longer than an even share as the burst needs: no window sees more than the rate.
    return rate.window / (rate.most - _burst(rate) + 1)
