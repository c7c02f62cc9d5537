"""What the charts of the statistics pages show, in the person's language and time zone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton
from markupsafe import Markup

from mailer.tracking import comparisons
from mailer.tracking.comparisons import SentIssue
from mailer.tracking.reports import Hour
from mailer.web import languages
from mailer.web.editor import charts
from mailer.web.editor.charts import Point
from mailer.web.languages import gettext, ngettext, number_words, percent_words

_MOST_HOURS = 72  # a longer time is shown by days
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """Clicks of one hour, or one day, in the person's zone."""

    at: datetime
    words: str
    clicks: int


def moments_of(hours: Sequence[Hour], *, with_machines: bool) -> list[Moment]:
    """Hours as they are, or, of a longer time, days of the person's zone."""
    speech = languages.current()
    zone = ZoneInfo(speech.time_zone)
    local = [
        (one.at.astimezone(zone), one.clicks + (one.machine_clicks if with_machines else 0))
        for one in hours
    ]
    if len(local) <= _MOST_HOURS:
        return [
            Moment(
                at,
                format_skeleton("EEEHm", at, tzinfo=zone, locale=speech.locale),
                clicks,
            )
            for at, clicks in local
        ]
    days: dict[datetime, int] = {}
    for at, clicks in local:
        day = at.replace(hour=0, minute=0)
        days[day] = days.get(day, 0) + clicks
    return [
        Moment(day, format_date(day.date(), "medium", locale=speech.locale), clicks)
        for day, clicks in days.items()
    ]


def by_days(moments: Sequence[Moment]) -> bool:
    return len(moments) > 1 and moments[1].at - moments[0].at >= _DAY - timedelta(hours=2)


def clicks_chart(moments: Sequence[Moment]) -> Markup:
    points = [
        Point(
            one.words,
            one.clicks,
            f"{one.words}: "
            + ngettext("%(num)s click", "%(num)s clicks", one.clicks)
            % {"num": number_words(one.clicks)},
        )
        for one in moments
    ]
    return charts.area(points, name=gettext("Clicks over time"), number=number_words)


def acted_chart(issues: Sequence[SentIssue]) -> Markup:
    locale = languages.current().locale
    zone = ZoneInfo(languages.current().time_zone)
    points = [
        Point(
            format_skeleton("MMMd", one.started_at, tzinfo=zone, locale=locale),
            100 * one.share,
            f"{one.subject}: {percent_words(one.share)}",
        )
        for one in issues
    ]
    return charts.area(
        points,
        name=gettext("People who acted, of those reached"),
        number=lambda value: percent_words(value / 100),
    )


def growth_chart(months: Sequence[comparisons.Month]) -> Markup:
    points = []
    for one in months:
        words = month_words(one)
        points.append(
            (
                Point(
                    _month_label(one),
                    one.joined,
                    gettext("%(month)s: %(num)s joined")
                    % {"month": words, "num": number_words(one.joined)},
                ),
                Point(
                    "",
                    one.left,
                    gettext("%(month)s: %(num)s left")
                    % {"month": words, "num": number_words(one.left)},
                ),
            )
        )
    return charts.pairs(points, name=gettext("Joined and left by month"), number=number_words)


def month_words(month: comparisons.Month) -> str:
    return _month(month, "yMMMM")


def _month_label(month: comparisons.Month) -> str:
    return _month(month, "MMM")


def _month(month: comparisons.Month, skeleton: str) -> str:
    first = datetime(month.year, month.month, 1, tzinfo=ZoneInfo("UTC"))
    return str(format_skeleton(skeleton, first, locale=languages.current().locale))
