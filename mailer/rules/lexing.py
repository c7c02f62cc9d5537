"""Cuts a rule's text into words, quoted texts, numbers and days."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from datetime import date

from mailer.errors import InvalidRule
from mailer.rules.syntax import WORD, Value
from mailer.sentences import Sentence

LONGEST = 10_000

_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?(?![\w.])")
_LIKE_A_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?(?![\w.])", re.IGNORECASE)
# NUL, and half a character: no database keeps them.
_UNREADABLE = re.compile("[\x00\ud800-\udfff]")
_DATE = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?![\w./-])"
    r"|(?P<the>\d{1,2})\.(?P<of>\d{1,2})\.(?P<in>\d{4})(?![\w./-])"
)
_LIKE_A_DATE = re.compile(r"\d{1,4}([./-])\d{1,2}\1\d{1,4}")
_ESCAPE = re.compile(r'\\(["\\])')
# What word processors make of quotation marks is taken as well.
_CLOSING = {'"': '"', "“": "”", "„": "“”", "«": "»"}
_INSTEAD = {
    "=": "is", "!": "not", "<": "below or before", ">": "above or after", "&": "and", "|": "or",
    "'": 'quotation marks like "this"', "‘": 'quotation marks like "this"',
}  # fmt: skip


class Kind(enum.Enum):
    """What a token is."""

    WORD = enum.auto()
    TEXT = enum.auto()
    NUMBER = enum.auto()
    DATE = enum.auto()
    MARK = enum.auto()  # a parenthesis or a comma
    END = enum.auto()


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a rule and where it stands, from 0."""

    kind: Kind
    source: str
    position: int
    value: Value = ""


def tokens(text: str, *, kept: bool = False) -> list[Token]:
    """The pieces of *text*, the last of them its end; ``InvalidRule``."""
    if len(text) > LONGEST and not kept:
        raise InvalidRule("it has more than {most:,} characters", position=LONGEST, most=LONGEST)
    if match := _UNREADABLE.search(text):
        raise InvalidRule("there is something that is no character", position=match.start())
    found: list[Token] = []
    at = _skip(text, 0)
    while at < len(text):
        token = _next(text, at)
        found.append(token)
        at = _skip(text, at + len(token.source))
    return [*found, Token(Kind.END, "", len(text))]


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _next(text: str, at: int) -> Token:
    first = text[at]
    if first in _CLOSING:
        return _text(text, at)
    if first in "(),":
        return Token(Kind.MARK, first, at)
    if match := _DATE.match(text, at):
        return Token(Kind.DATE, match[0], at, _day(match, at))
    if match := _LIKE_A_DATE.match(text, at):
        raise InvalidRule("write the day {day} like 2026-01-31", position=at, day=match[0])
    if match := _NUMBER.match(text, at):
        return Token(Kind.NUMBER, match[0], at, float(match[0]))
    if match := _LIKE_A_NUMBER.match(text, at):
        raise InvalidRule(
            "write the number {number} in at most 15 plain digits, like 1250 or 1.5",
            position=at,
            number=match[0],
        )
    if match := WORD.match(text, at):
        return Token(Kind.WORD, match[0], at)
    instead = Sentence("; write {sign}", sign=_INSTEAD[first]) if first in _INSTEAD else ""
    raise InvalidRule(
        "{word!r} has no meaning here{instead}", position=at, word=first, instead=instead
    )


def _text(text: str, at: int) -> Token:
    closing = _CLOSING[text[at]]
    end = at + 1
    while end < len(text) and text[end] not in closing:
        end += 2 if text[end] == "\\" else 1
    if end >= len(text):
        raise InvalidRule("the text that begins here has no closing quotation mark", position=at)
    inner = _ESCAPE.sub(r"\1", text[at + 1 : end])
    return Token(Kind.TEXT, text[at : end + 1], at, inner)


def day_in(text: str) -> date | None:
    """The day that *text* is, if it is one and nothing else."""
    match = _DATE.fullmatch(text.strip())
    return _day(match, 0) if match else None


def _day(match: re.Match[str], at: int) -> date:
    year, month, day = match.group("year", "month", "day")
    if year is None:
        year, month, day = match.group("in", "of", "the")
    try:
        return date(int(year), int(month), int(day))
    except ValueError as error:
        raise InvalidRule("there is no day {day}", position=at, day=match[0]) from error
