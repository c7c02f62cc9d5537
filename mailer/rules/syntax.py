"""The tree of a rule: frozen values whose ``str()`` is the rule's canonical text."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeAlias

WORD = re.compile(r"[^\W\d]\w*(?:[.-]\w+)*")

Value: TypeAlias = str | float | date | bool


class Subject(enum.StrEnum):
    """What of a person is compared."""

    TAG = "tag"
    FIELD = "field"
    JOINED = "joined"
    LANGUAGE = "language"
    PLACE = "place"
    NAME = "name"
    ADDRESS = "address"
    DOMAIN = "domain"
    TIME_ZONE = "time zone"
    SOURCE = "source"


class Operator(enum.StrEnum):
    """How it is compared."""

    IS = "is"
    ONE_OF = "is one of"
    EMPTY = "is empty"
    STARTS = "starts with"
    CONTAINS = "contains"
    WITHIN = "within"
    ABOVE = "above"
    BELOW = "below"
    AT_LEAST = "at least"
    AT_MOST = "at most"
    ON = "on"
    BEFORE = "before"
    AFTER = "after"
    SINCE = "since"
    LAST_DAYS = "in last"


_TEXT = (Operator.IS, Operator.ONE_OF, Operator.STARTS, Operator.CONTAINS, Operator.EMPTY)
NUMERIC = (Operator.ABOVE, Operator.BELOW, Operator.AT_LEAST, Operator.AT_MOST)
DATED = (Operator.ON, Operator.BEFORE, Operator.AFTER, Operator.SINCE, Operator.LAST_DAYS)
OPERATORS: Mapping[Subject, tuple[Operator, ...]] = {
    Subject.TAG: (Operator.IS, Operator.ONE_OF, Operator.EMPTY),
    Subject.FIELD: (*_TEXT, *NUMERIC, *DATED),
    Subject.JOINED: DATED,
    Subject.LANGUAGE: (Operator.IS, Operator.ONE_OF, Operator.EMPTY),
    Subject.PLACE: (Operator.WITHIN,),
    Subject.NAME: _TEXT,
    Subject.ADDRESS: (Operator.IS, Operator.ONE_OF, Operator.STARTS, Operator.CONTAINS),
    Subject.DOMAIN: (Operator.IS, Operator.ONE_OF, Operator.WITHIN),
    Subject.TIME_ZONE: (Operator.IS, Operator.ONE_OF, Operator.STARTS, Operator.EMPTY),
    Subject.SOURCE: (Operator.IS, Operator.ONE_OF, Operator.STARTS),
}


def quoted(text: str) -> str:
    """*text* as it stands in a rule."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def number(value: float) -> str:
    """A number in plain digits, as short as it can be."""
    plain = format(Decimal(repr(value)), "f")
    return plain.removesuffix(".0")


def shown(value: Value) -> str:
    """A value as it stands in a rule."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    return quoted(value) if isinstance(value, str) else number(value)


@dataclass(frozen=True, slots=True)
class Comparison:
    """``language is "de"``, ``field age at least 18``, ``joined in last 30 days``."""

    subject: Subject
    operator: Operator
    values: tuple[Value, ...] = ()
    field: str = ""

    def __str__(self) -> str:
        return self.text()

    def text(self, negation: str = "") -> str:
        """The text; *negation* (" not") goes behind the verb."""
        named = self.field if WORD.fullmatch(self.field) else quoted(self.field)
        subject = f"field {named}" if self.subject is Subject.FIELD else str(self.subject)
        verb = str(self.operator)
        if negation:
            verb = f"is{negation}{verb.removeprefix('is')}"
        words = [subject, verb, ", ".join(map(shown, self.values))]
        if self.operator is Operator.LAST_DAYS:
            words.append("days")
        return " ".join(filter(None, words))


class Standing(enum.StrEnum):
    """How somebody stands to a newsletter, with the word that leads to its name."""

    SUBSCRIBED = "subscribed to"
    PENDING = "pending for"
    UNSUBSCRIBED = "unsubscribed from"


@dataclass(frozen=True, slots=True)
class Subscribed:
    """``subscribed to "river-watch"``."""

    newsletter: str
    standing: Standing = Standing.SUBSCRIBED

    def __str__(self) -> str:
        return f"{self.standing} {quoted(self.newsletter)}"


@dataclass(frozen=True, slots=True)
class InSegment:
    """``segment "Volunteers"``: whoever its rule means."""

    name: str

    def __str__(self) -> str:
        return f"segment {quoted(self.name)}"


class Verb(enum.StrEnum):
    """What somebody did with an issue, or did not."""

    RECEIVED = "received"
    OPENED = "opened"
    CLICKED = "clicked"
    NOTHING = "did nothing"


class Aim(enum.StrEnum):
    """What was clicked."""

    ACTION = "action"
    LINK = "link"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Target:
    """``any action``, ``link "https://…"``; without a name: any."""

    aim: Aim
    named: str = ""

    def __str__(self) -> str:
        return f"{self.aim} {quoted(self.named)}" if self.named else f"any {self.aim}"


@dataclass(frozen=True, slots=True)
class LastIssues:
    """The last issues that went out, of all newsletters or of one."""

    count: int
    newsletter: str = ""

    def __str__(self) -> str:
        of = f" of {quoted(self.newsletter)}" if self.newsletter else ""
        return f"in last {self.count} issues{of}"


@dataclass(frozen=True, slots=True)
class OneIssue:
    """The issue with this number."""

    number: int

    def __str__(self) -> str:
        return f"in issue {self.number}"


@dataclass(frozen=True, slots=True)
class LastDays:
    """The days up to now."""

    count: int

    def __str__(self) -> str:
        return f"in last {self.count} days"


Window: TypeAlias = LastIssues | OneIssue | LastDays


@dataclass(frozen=True, slots=True)
class Deed:
    """``clicked any action in last 3 issues``; without a window: ever."""

    verb: Verb
    target: Target | None = None
    window: Window | None = None

    def __str__(self) -> str:
        return " ".join(str(part) for part in (self.verb, self.target, self.window) if part)


@dataclass(frozen=True, slots=True)
class Not:
    """Everybody but those."""

    rule: Rule

    def __str__(self) -> str:
        if isinstance(self.rule, Comparison) and self.rule.operator.startswith("is"):
            return self.rule.text(" not")
        inner = f"({self.rule})" if isinstance(self.rule, And | Or) else str(self.rule)
        return f"not {inner}"


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more."""

    parts: tuple[Rule, ...]

    def __str__(self) -> str:
        nested = And | Or
        return " and ".join(f"({p})" if isinstance(p, nested) else str(p) for p in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more."""

    parts: tuple[Rule, ...]

    def __str__(self) -> str:
        # "and" binds tighter, yet few know: both are put in parentheses.
        nested = And | Or
        return " or ".join(f"({p})" if isinstance(p, nested) else str(p) for p in self.parts)


Leaf: TypeAlias = Comparison | Subscribed | InSegment | Deed
Rule: TypeAlias = Leaf | Not | And | Or


def with_leaves(rule: Rule, change: Callable[[Leaf], Leaf]) -> Rule:
    """The tree with each of its leaves changed."""
    match rule:
        case Not(inner):
            return Not(with_leaves(inner, change))
        case And(parts):
            return And(tuple(with_leaves(part, change) for part in parts))
        case Or(parts):
            return Or(tuple(with_leaves(part, change) for part in parts))
        case _:
            return change(rule)


def asks_for_days(rule: Rule) -> bool:
    """Whether it matters where days begin: of a field's own days it does not, they are the calendar's."""
    dated = (
        leaf for leaf in leaves(rule) if isinstance(leaf, Comparison) and leaf.operator in DATED
    )
    return any(
        (leaf.operator is Operator.LAST_DAYS) is (leaf.subject is Subject.FIELD) for leaf in dated
    )


def leaves(rule: Rule) -> Iterator[Leaf]:
    """Every leaf of the tree, from left to right."""
    if isinstance(rule, Not):
        yield from leaves(rule.rule)
    elif isinstance(rule, And | Or):
        for part in rule.parts:
            yield from leaves(part)
    else:
        yield rule
