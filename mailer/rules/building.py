"""Rules as JSON, for a page on which they are put together instead of written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from mailer.errors import InvalidInput
from mailer.rules.parsing import parse
from mailer.rules.syntax import (
    DATED,
    Aim,
    And,
    Comparison,
    Deed,
    InSegment,
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
    Value,
    Verb,
    Window,
)

_DEEPEST = 40


def to_json(rule: Rule) -> dict[str, Any]:
    """The tree as JSON objects: ``{"and": […]}``, ``{"not": …}``, and a leaf's own members."""
    match rule:
        case And(parts):
            return {"and": [to_json(part) for part in parts]}
        case Or(parts):
            return {"or": [to_json(part) for part in parts]}
        case Not(inner):
            return {"not": to_json(inner)}
        case InSegment(name):
            return {"segment": name}
        case Subscribed(newsletter, standing):
            return {"standing": str(standing), "newsletter": newsletter}
        case Deed(verb, target, window):
            aimed = {"aim": str(target.aim), "named": target.named} if target else None
            return {"verb": str(verb), "target": aimed, "window": _window_json(window)}
        case Comparison(subject, operator, values, field):
            shown = [one.isoformat() if isinstance(one, date) else one for one in values]
            named = {"field": field} if subject is Subject.FIELD else {}
            return {"subject": str(subject), **named, "operator": str(operator), "values": shown}


def _window_json(window: Window | None) -> dict[str, Any] | None:
    match window:
        case LastIssues(count, newsletter):
            return {"issues": count, "newsletter": newsletter}
        case OneIssue(number):
            return {"issue": number}
        case LastDays(count):
            return {"days": count}
        case None:
            return None


def from_json(value: Any) -> Rule:
    """The tree that `to_json` wrote; ``InvalidInput`` or ``InvalidRule`` when it says no rule."""
    rule = _rule(value, "rule", 0)
    text = str(rule)
    if parse(text) != rule:  # every tree is as good as its text: nothing else has to be checked
        raise InvalidInput("These parts do not make a rule: {text}", text=text)
    return rule


def _rule(value: Any, place: str, depth: int) -> Rule:
    if depth > _DEEPEST:
        raise InvalidInput("The rule is nested too deeply.")
    if not isinstance(value, Mapping):
        raise InvalidInput("{place} must be an object.", place=place)
    try:
        for word, kind in (("and", And), ("or", Or)):
            if word in value:
                return kind(_parts(value[word], f"{place}.{word}", depth))
        if "not" in value:
            return Not(_rule(value["not"], f"{place}.not", depth + 1))
        return _leaf(value)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(
            "{place} is no part of a rule: {problem}.", place=place, problem=error
        ) from error


def _parts(value: Any, place: str, depth: int) -> tuple[Rule, ...]:
    if not isinstance(value, list) or len(value) < 2:
        raise InvalidInput("{place} must be a list of two or more.", place=place)
    return tuple(_rule(part, f"{place}.{n}", depth + 1) for n, part in enumerate(value))


def _leaf(value: Mapping[str, Any]) -> Rule:
    if "segment" in value:
        return InSegment(str(value["segment"]))
    if "standing" in value:
        return Subscribed(str(value["newsletter"]), Standing(value["standing"]))
    if "verb" in value:
        target, window = value.get("target"), value.get("window")
        aimed = Target(Aim(target["aim"]), str(target.get("named", ""))) if target else None
        return Deed(Verb(value["verb"]), aimed, _window(window) if window else None)
    subject, operator = Subject(value["subject"]), Operator(value["operator"])
    field = str(value["field"]) if subject is Subject.FIELD else ""
    values = tuple(_value(operator, one) for one in value.get("values", ()))
    return Comparison(subject, operator, values, field)


def _window(value: Mapping[str, Any]) -> Window:
    if "issues" in value:
        return LastIssues(int(value["issues"]), str(value.get("newsletter", "")))
    return OneIssue(int(value["issue"])) if "issue" in value else LastDays(int(value["days"]))


def _value(operator: Operator, value: Any) -> Value:
    if operator in DATED and operator is not Operator.LAST_DAYS:
        return date.fromisoformat(value)
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return float(value)
    raise InvalidInput("{value!r} can be no value of a rule.", value=value)
