"""What a rule means of one person, told in a few lines without SQL."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from mailer.database.tables import Consent
from mailer.rules.syntax import (
    Aim,
    And,
    Comparison,
    Deed,
    LastDays,
    LastIssues,
    Not,
    OneIssue,
    Operator,
    Or,
    Rule,
    Standing,
    Subject,
    Subscribed,
    Target,
    Verb,
    Window,
)
from tests.support.factories import NOON
from tests.support.people import COUNTRIES, ISSUES, LANGUAGE_NAMES, LINKS, Link, Person

_FOLD = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def _ways(wanted: str) -> set[str]:
    return {
        way.translate(_FOLD) for way in (wanted, wanted.lower(), wanted.upper(), wanted.title())
    }


def _text(operator: Operator, value: str | None, wanted: tuple[Any, ...]) -> bool:
    if operator is Operator.EMPTY:
        return not value
    if value is None:
        return False
    small = value.translate(_FOLD)
    ways = {way for one in wanted for way in _ways(one)}
    if operator is Operator.STARTS:
        return any(small.startswith(way) for way in ways)
    return any(way in small for way in ways) if operator is Operator.CONTAINS else small in ways


def _dated(operator: Operator, day: date, value: Any) -> bool:
    answers: dict[Operator, bool] = {
        Operator.ON: day == value,
        Operator.BEFORE: day < value,
        Operator.AFTER: day > value,
        Operator.SINCE: day >= value,
    }
    return answers[operator]


def _field(leaf: Comparison, person: Person) -> bool:
    value = person.fields.get(leaf.field)
    if leaf.operator is Operator.EMPTY:
        return value is None
    if value is None:
        return False
    if leaf.operator is Operator.LAST_DAYS:
        days = timedelta(days=float(str(leaf.values[0])))
        today = NOON.astimezone(person.joined.tzinfo).date()
        return today - days <= date.fromisoformat(value) <= today
    wanted: Any = leaf.values[0]
    if isinstance(wanted, date):
        return _dated(leaf.operator, date.fromisoformat(value), wanted)
    if isinstance(value, str):
        return _text(leaf.operator, value, leaf.values)
    answers: dict[Operator, bool] = {
        Operator.ABOVE: value > wanted,
        Operator.BELOW: value < wanted,
        Operator.AT_LEAST: value >= wanted,
        Operator.AT_MOST: value <= wanted,
    }
    return answers.get(leaf.operator, value in leaf.values)


def _tag(leaf: Comparison, person: Person) -> bool:
    tags = {tag.casefold() for tag in person.tags}
    if leaf.operator is Operator.EMPTY:
        return not tags
    return any(str(one).casefold() in tags for one in leaf.values)


def _joined(leaf: Comparison, person: Person) -> bool:
    if leaf.operator is Operator.LAST_DAYS:
        return person.joined >= NOON - timedelta(days=float(str(leaf.values[0])))
    return _dated(leaf.operator, person.joined.date(), leaf.values[0])


def _language(leaf: Comparison, person: Person) -> bool:
    have = (person.language or "").lower()
    if leaf.operator is Operator.EMPTY:
        return not have
    words = [LANGUAGE_NAMES.get(str(one), str(one)).lower() for one in leaf.values]
    return any(have == word or have.startswith(f"{word}-") for word in words)


def _place(leaf: Comparison, person: Person) -> bool:
    city, postcode = person.fields.get("city"), person.fields.get("postcode")
    country = str(person.fields.get("country", "")).lower()
    wanted = str(leaf.values[0]).lower()
    return (
        _text(Operator.IS, city, leaf.values)
        or _text(Operator.STARTS, postcode, leaf.values)
        or country == wanted
        or any({country, wanted} <= names for names in COUNTRIES)
    )


def _domain(leaf: Comparison, person: Person) -> bool:
    domain = f".{person.address.lower().partition('@')[2]}"
    ends = [f".{str(one).lower()}" for one in leaf.values]
    if leaf.operator is Operator.WITHIN:
        return any(domain.endswith(end) for end in ends)
    return domain in ends


def _source(leaf: Comparison, person: Person) -> bool:
    return any(
        state is Consent.CONFIRMED and _text(leaf.operator, source, leaf.values)
        for state, source in person.subscriptions.values()
    )


_COMPARISONS: dict[Subject, Callable[[Comparison, Person], bool]] = {
    Subject.FIELD: _field,
    Subject.TAG: _tag,
    Subject.JOINED: _joined,
    Subject.LANGUAGE: _language,
    Subject.PLACE: _place,
    Subject.NAME: lambda leaf, person: _text(leaf.operator, person.name, leaf.values),
    Subject.ADDRESS: lambda leaf, person: _text(leaf.operator, person.address, leaf.values),
    Subject.DOMAIN: _domain,
    Subject.TIME_ZONE: lambda leaf, person: _text(leaf.operator, person.time_zone, leaf.values),
    Subject.SOURCE: _source,
}


def _issues(window: Window | None) -> set[int]:
    numbered = dict(enumerate(ISSUES, start=1))
    if isinstance(window, OneIssue):
        return {window.number}
    if not isinstance(window, LastIssues):
        return set(numbered)
    started = [
        (one.started_at, number)
        for number, one in numbered.items()
        if one.started_at and window.newsletter in ("", one.newsletter)
    ]
    return {number for _, number in sorted(started, reverse=True)[: window.count]}


def _hits(target: Target | None, link: Link) -> bool:
    if target is None:
        return True
    if target.aim is Aim.ACTION and link.role not in ("action", "item"):
        return False
    if not target.named:
        return True
    if target.aim is Aim.BLOCK:
        return link.block == target.named
    if "://" in target.named:
        return link.url.startswith(target.named)
    return _text(Operator.IS, link.label, (target.named,))


def _did(leaf: Deed, person: Person) -> bool:
    if leaf.verb is Verb.NOTHING:
        return _did(Deed(Verb.RECEIVED, None, leaf.window), person) and not (
            _did(Deed(Verb.OPENED, None, leaf.window), person)
            or _did(Deed(Verb.CLICKED, None, leaf.window), person)
        )
    happened = {
        Verb.RECEIVED: person.received,
        Verb.OPENED: person.opens,
        Verb.CLICKED: person.clicks,
    }[leaf.verb]
    days = leaf.window.count if isinstance(leaf.window, LastDays) else 10_000
    issues = _issues(leaf.window)
    return any(
        one.counts
        and one.issue in issues
        and one.days_ago <= days
        and (leaf.verb is not Verb.CLICKED or _hits(leaf.target, LINKS[one.link - 1]))
        for one in happened
    )


_WORD_OF = {
    Standing.SUBSCRIBED: Consent.CONFIRMED,
    Standing.PENDING: Consent.PENDING,
    Standing.UNSUBSCRIBED: Consent.UNSUBSCRIBED,
}


def _subscribed(leaf: Subscribed, person: Person) -> bool:
    state, _ = person.subscriptions.get(leaf.newsletter, (None, ""))
    return state is _WORD_OF[leaf.standing]


def _segment(name: str, person: Person) -> bool:
    volunteer = "volunteer" in person.tags
    if name.lower() == "volunteers":
        return volunteer
    return not volunteer and not _did(Deed(Verb.CLICKED), person)


def fits(rule: Rule, person: Person) -> bool:
    """Whether *rule* means this person; days are those of the zone in which their joining is told."""
    match rule:
        case And(parts):
            return all(fits(part, person) for part in parts)
        case Or(parts):
            return any(fits(part, person) for part in parts)
        case Not(inner):
            return not fits(inner, person)
        case Comparison():
            return _COMPARISONS[rule.subject](rule, person)
        case Deed():
            return _did(rule, person)
        case Subscribed():
            return _subscribed(rule, person)
        case _:
            return _segment(rule.name, person)
