"""Finds the day until which something has to happen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janvier enero janeiro gennaio januari",
            "february feb februar février febrero fevereiro febbraio februari",
            "march mar märz mars marzo março maart",
            "april apr avril abril aprile",
            "may mai mayo maio maggio mei",
            "june jun juni juin junio junho giugno",
            "july jul juli juillet julio julho luglio",
            "august aug août agosto augustus",
            "september sep sept septembre septiembre setembro settembre",
            "october oct oktober octobre octubre outubro ottobre",
            "november nov novembre noviembre novembro",
            "december dec dezember décembre diciembre dezembro dicembre",
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH = rf"(?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\b\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th|\.|º|er)?"
_YEAR = r"(?:,? (?:de |del )?(?P<year>(?:19|20)\d\d)\b)?"
_DATES = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        r"\b(?P<year>(?:19|20)\d\d)-(?P<month>\d\d)-(?P<day>\d\d)\b",
        rf"\b{_MONTH} {_DAY}(?!\d){_YEAR}",
        rf"(?<!\d){_DAY} (?:de |of )?{_MONTH}{_YEAR}",
    )
)
_UNTIL = re.compile(
    r"(?:\b(?:by|before|until|till|deadline|no later than|ends?|closes?|due|bis|vor|avant"
    r"|jusqu.au|antes|hasta|até|entro|voor)\b|:)[\w ,:.]{0,24}$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Day:
    """A day named in a text; without a year *value* is a guess or None."""

    words: str
    value: date | None
    until: bool


def days(text: str, *, near: date | None = None) -> Iterator[Day]:
    """The days *text* names; *near* is the issue's own date and gives a missing year."""
    for form in _DATES:
        for found in form.finditer(text):
            before = text[max(0, found.start() - 40) : found.start()]
            yield Day(found[0].strip(" ,"), _value(found, near), bool(_UNTIL.search(before)))


def read_date(text: str) -> date | None:
    """The one day that *text* is, or None."""
    named = [day.value for day in days(text) if day.value]
    return named[0] if named else None


def _value(found: re.Match[str], near: date | None) -> date | None:
    month_words = found["month"].lower()
    month = int(month_words) if month_words.isdigit() else _MONTHS[month_words]
    day = int(found["day"])
    try:
        if found["year"]:
            return date(int(found["year"]), month, day)
        if near is None:
            return None
        value = date(near.year, month, day)
        return value if value >= near else date(near.year + 1, month, day)
    except ValueError:
        return None
