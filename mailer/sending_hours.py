"""The hours of the day in which a newsletter is sent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailer.errors import InvalidInput

_HOURS = re.compile(r"\s*(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})\s*")


@dataclass(frozen=True, slots=True)
class SendingHours:
    """From *start* until *end*, over midnight when *end* is the earlier one."""

    start: time
    end: time

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    def open_at(self, moment: datetime, zone: str) -> bool:
        """Whether anything is sent at *moment*, by the clocks of *zone*."""
        now = moment.astimezone(ZoneInfo(zone)).time()
        if self.start <= self.end:
            return self.start <= now < self.end
        return now >= self.start or now < self.end

    def next_opening(self, moment: datetime, zone: str) -> datetime:
        """When they begin next, by the clocks of *zone*."""
        local = moment.astimezone(ZoneInfo(zone))
        day = local.date() + timedelta(days=local.time() >= self.start)
        return datetime.combine(day, self.start, ZoneInfo(zone))


def parse_sending_hours(text: str) -> SendingHours:
    """``08:00-20:00``; ``InvalidInput`` says how to write it."""
    match = _HOURS.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        hours = SendingHours(
            time(int(match[1]), int(match[2])), time(int(match[3]) % 24, int(match[4]))
        )
    except ValueError as error:
        raise InvalidInput(
            "{text!r} are no sending hours; write 08:00-20:00.", text=text
        ) from error
    if hours.start == hours.end:
        raise InvalidInput(
            "{text!r}: the hours must differ; leave them out to send at any time.", text=text
        )
    return hours
