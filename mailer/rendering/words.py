"""What a mail says besides what its authors wrote, and how its language writes dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from mailer.errors import ConfigurationError

_RIGHT_TO_LEFT = frozenset(
    {"ar", "arc", "ckb", "dv", "fa", "he", "iw", "ks", "nqo", "ps", "sd", "syr", "ug", "ur", "yi"}
)
_RIGHT_TO_LEFT_SCRIPTS = frozenset({"arab", "hebr", "syrc", "thaa", "nkoo"})
_OTHER_LETTERS = frozenset(
    {
        "ja",
        "ko",
        "zh",
        "yue",
        "th",
        "hi",
        "bn",
        "mr",
        "ne",
        "ta",
        "te",
        "ml",
        "kn",
        "gu",
        "pa",
        "si",
        "km",
        "lo",
        "my",
        "ka",
        "hy",
        "am",
    }
)


def direction(language: str) -> str:
    """``rtl`` or ``ltr``, by the script where the language names one, else by the language."""
    primary, *subtags = language.lower().split("-")
    for subtag in subtags:
        if len(subtag) == 4 and subtag.isalpha():
            return "rtl" if subtag in _RIGHT_TO_LEFT_SCRIPTS else "ltr"
    return "rtl" if primary in _RIGHT_TO_LEFT else "ltr"


def has_own_letters(language: str) -> bool:
    """Is *language* written in letters that the usual Latin fonts do not have?"""
    return direction(language) == "rtl" or language.lower().split("-")[0] in _OTHER_LETTERS


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language; ``templates/words/en.toml`` shows each in its place."""

    view: str
    urgent: str
    until: str
    response: str
    our_view: str
    watch: str
    picture: str
    video: str
    unsubscribe: str
    preferences: str
    reason: str
    email: str
    comma: str  # between a name and an office
    digits: str  # from zero to nine
    dated: str
    deadline: str
    months: tuple[str, ...]
    weekdays: tuple[str, ...]

    def on(self, day: date) -> str:
        """*day* as it is written out: 7 November 2026."""
        return self._dated(self.dated, day)

    def by(self, day: date) -> str:
        """*day* with its weekday, as a deadline is written."""
        return self._dated(self.deadline, day)

    def _dated(self, pattern: str, day: date) -> str:
        return pattern.format(
            day=self.number(day.day),
            month=self.months[day.month - 1],
            number=self.number(day.month),
            year=self.number(day.year),
            weekday=self.weekdays[day.weekday()],
        )

    def number(self, number: int) -> str:
        """*number* in the language's digits."""
        return str(number).translate(str.maketrans("0123456789", self.digits))


def parse_words(values: Mapping[str, Any]) -> Words:
    """*values* as read from the TOML files; ``ConfigurationError`` names what is wrong with them."""
    names = {field.name for field in fields(Words)}
    unknown, missing = sorted(set(values) - names), sorted(names - set(values))
    if unknown or missing:
        what = f"nobody asks for {unknown[0]!r}" if unknown else f"{missing[0]!r} is missing"
        raise ConfigurationError(f"The words in templates/words cannot be used: {what}.")
    shaped: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
    for name, value in shaped.items():
        texts = value if name in {"months", "weekdays"} else (value,)
        if not isinstance(texts, tuple) or not all(isinstance(text, str) for text in texts):
            raise ConfigurationError(
                f"The words in templates/words cannot be used: {name!r} is no text."
            )
    words = Words(**shaped)
    _check(words)
    return words


def _check(words: Words) -> None:
    if len(words.months) != 12 or len(words.weekdays) != 7 or len(words.digits) != 10:
        raise ConfigurationError(
            "The words in templates/words cannot be used: a year has 12 months, a week 7 days, "
            "and there are 10 digits."
        )
    try:
        words.on(date(2026, 1, 1))
        words.by(date(2026, 1, 1))
        words.until.format(date="")
        words.reason.format(newsletter="")
        words.picture.format(alt="")
        words.video.format(alt="")
    except (KeyError, IndexError, ValueError) as error:
        raise ConfigurationError(
            f"The words in templates/words cannot be used: the mark {error} stands for nothing."
        ) from error
