"""How long a reader's pause lasts, in the zone they live in."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mailer.audience.readers import Visit
from mailer.web.languages import day_words

LONGEST = timedelta(days=731)


def paused_until(visit: Visit, now: datetime) -> str:
    """The day on which it goes on, as the language writes it; empty: they have no pause."""
    if visit.paused_until is None or visit.paused_until <= now:
        return ""
    day = visit.paused_until.astimezone(_zone(visit)).date()
    return day_words(day)


def read_day(text: str, visit: Visit, now: datetime) -> datetime | None:
    """The moment a day begins for them; ``ValueError`` when it is none of the next two years."""
    if not text:
        return None
    moment = datetime.combine(date.fromisoformat(text), time(), _zone(visit))
    if not now < moment <= now + LONGEST:
        raise ValueError("a pause lasts two years at most")
    return moment


def _zone(visit: Visit) -> ZoneInfo:
    return ZoneInfo(visit.time_zone or "UTC")
