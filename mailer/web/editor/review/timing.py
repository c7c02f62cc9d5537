"""When an issue goes out: days and hours as a form sends them, and in words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_timedelta

from mailer.errors import InvalidInput
from mailer.web import languages
from mailer.web.languages import gettext as _

_USUAL_HOUR = time(9)
_SOONEST = timedelta(hours=2)
_EXACT_HOURS = 6  # further away, minutes tell nothing


def suggested(zone: ZoneInfo, now: datetime) -> datetime:
    """Nine in the morning, today if that leaves time, else tomorrow."""
    local = now.astimezone(zone)
    today = datetime.combine(local.date(), _USUAL_HOUR, zone)
    return today if today - now >= _SOONEST else today + timedelta(days=1)


def moment_of(day: str, hour: str, zone: ZoneInfo) -> datetime:
    """A form's day and hour in *zone*; ``InvalidInput`` for what is none, or does not exist.

    An hour that comes twice, when clocks are set back, is the first one.
    """
    try:
        local = datetime.combine(date.fromisoformat(day), time.fromisoformat(hour), zone)
    except ValueError as error:
        raise InvalidInput("Choose a day and an hour.") from error
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise InvalidInput("Clocks are set forward then: that hour does not exist.")
    return moment


def words_of(moment: datetime, zone: ZoneInfo) -> str:
    """``Tuesday 1 December, 07:00``: in *zone*."""
    locale = languages.current().locale
    pattern = "EEEE d MMMM, HH:mm" if locale.language == "en" else "EEEE d MMMM HH:mm"
    return str(format_datetime(moment.astimezone(zone), pattern, locale=locale))


def until_words(left: timedelta) -> str:
    """``in 7 days and 4 hours``: no more exact than anybody needs."""
    minutes = max(1, round(left.total_seconds() / 60))
    days, rest = divmod(minutes, 24 * 60)
    hours = rest // 60
    exact = rest % 60 if not days and hours < _EXACT_HOURS else 0
    parts = (timedelta(days=days), timedelta(hours=hours), timedelta(minutes=exact))
    return _("in {duration}").format(duration=_joined(parts))


def _joined(parts: Iterable[timedelta]) -> str:
    locale = languages.current().locale
    said = [
        str(format_timedelta(part, threshold=1, granularity="minute", locale=locale))
        for part in parts
        if part
    ]
    return _(" and ").join(said)


def duration_words(duration: timedelta) -> str:
    """``less than a minute``, ``about 3 minutes``."""
    if duration < timedelta(minutes=1):
        return _("less than a minute")
    locale = languages.current().locale
    words = format_timedelta(duration, threshold=1.2, granularity="minute", locale=locale)
    return _("about {duration}").format(duration=words)
