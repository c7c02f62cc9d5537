"""The kinds of custom fields, and how a value is made one of its kind."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from mailer.errors import InvalidInput

Kept: TypeAlias = str | int | float | bool  # as it stands in a subscriber's fields, JSON

LONGEST_TEXT = 10_000
_MOST = 10**15  # beyond it, numbers with a fraction lose digits
_NUMBER = re.compile(r"[+-]?\d{1,16}(?:[.,]\d{1,15})?")
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
_GROUPED = re.compile(
    r"[+-]?\d{1,3}(?:([,.' \u00a0\u2009\u202f])\d{3})(?:\1\d{3})*(?:[.,]\d{1,15})?"
)
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{2}:\d{2}.*)?")
_GERMAN_DAY = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_YES = _words("yes y true t 1 on x ja j wahr oui vrai si sí sim da да ✓ ✔")
_NO = _words("no n false f 0 off nein falsch non faux não nao ne нет ✗ ✘")


class FieldKind(enum.StrEnum):
    """What the values of a field are."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes-no"
    CHOICE = "choice"


class EditableBy(enum.StrEnum):
    """Who may change a person's value."""

    READER = "reader"  # themselves, and staff
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class FieldType:
    """A kind and, of a choice, its options."""

    kind: FieldKind
    options: tuple[str, ...] = ()

    def keep(self, value: object) -> Kept | None:
        """*value* as it is kept; ``None`` for nothing; ``InvalidInput`` when it does not fit."""
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if self.kind is FieldKind.CHOICE:
            return _choice(value, self.options)
        return _KEEPERS[self.kind](value)


def _text(value: object) -> Kept:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value).strip()
    if len(text) > LONGEST_TEXT:
        raise InvalidInput("is longer than {most:,} characters", most=LONGEST_TEXT)
    return text


def _number(value: object) -> Kept:
    if isinstance(value, bool):
        raise InvalidInput("is no number")
    if not isinstance(value, int | float):
        value = _parsed_number(str(value).strip())
    if not abs(value) < _MOST:  # not a number (NaN) is refused here, too
        raise InvalidInput("is no number that can be kept")
    return int(value) if value == int(value) else value


def _parsed_number(text: str) -> float:
    if _EITHER.fullmatch(text):
        raise InvalidInput("may be thousands or a fraction; write it without the comma")
    if _NUMBER.fullmatch(text):
        return float(text.replace(",", "."))
    grouped = _GROUPED.fullmatch(text)
    if grouped is None:
        raise InvalidInput("is no number")
    plain = text.replace(grouped[1], "")
    return float(plain.replace(",", "."))


def _date(value: object) -> Kept:
    if isinstance(value, date):
        return date(value.year, value.month, value.day).isoformat()
    text = str(value).strip()
    if match := _DAY.fullmatch(text):
        year, month, day = map(int, match.groups())
    elif match := _GERMAN_DAY.fullmatch(text):
        day, month, year = map(int, match.groups())
    else:
        raise InvalidInput("is no day; write 2026-01-31")
    try:
        return date(year, month, day).isoformat()
    except ValueError as error:
        raise InvalidInput("is a day that does not exist") from error


def _yes_no(value: object) -> Kept:
    if isinstance(value, bool):
        return value
    word = str(value).strip().casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise InvalidInput("is neither yes nor no")


def _choice(value: object, options: tuple[str, ...]) -> Kept:
    wanted = " ".join(str(value).split()).casefold()
    for option in options:
        if option.casefold() == wanted:
            return option
    raise InvalidInput("is none of {known}", known=", ".join(options))


_KEEPERS: Mapping[FieldKind, Callable[[object], Kept]] = {
    FieldKind.TEXT: _text,
    FieldKind.NUMBER: _number,
    FieldKind.DATE: _date,
    FieldKind.YES_NO: _yes_no,
}
