"""Where fields are used: they keep their use when they are renamed, and are removed when they have none."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mailer.audience.field_values import holders, renamed, without, write
from mailer.audience.fields import every, get, new_name
from mailer.audience.naming import require_unused, reword, segments_that
from mailer.audience.places import is_place
from mailer.database.tables import CustomField, Issue, IssueState, Newsletter
from mailer.errors import Conflict
from mailer.placeholders import find
from mailer.rules.syntax import Comparison, Leaf, Subject
from mailer.sentences import Sentence

_ENDED = (IssueState.SENT, IssueState.CANCELLED, IssueState.DISCARDED)


@dataclass(slots=True)
class Uses:
    """The segments that ask for a field, the newsletters whose forms do, the issues to be sent that say it."""

    segments: list[str] = field(default_factory=list)
    forms: list[str] = field(default_factory=list)
    issues: list[int] = field(default_factory=list)


def uses(session: Session) -> dict[str, Uses]:
    """Of every field."""
    found = {
        one.name: Uses(segments_that(session, partial(_names, name=one.name)))
        for one in every(session)
    }
    for newsletter in session.scalars(select(Newsletter).order_by(Newsletter.name)):
        for name in _asked(newsletter):
            if name in found:
                found[name].forms.append(newsletter.name)
    for name, issues in _said(session).items():
        if name in found:
            found[name].issues = issues
    return found


def remove(session: Session, name: str, *, with_values: bool = False) -> int:
    """Take a definition away; with *with_values*, people's values too: how many.

    ``Conflict`` while a segment or a form asks for it, or an issue would lack the values.
    """
    gone = get(session, name)
    _require_no_rule(session, gone.name)
    for newsletter in session.scalars(select(Newsletter).order_by(Newsletter.name)):
        if gone.name in _asked(newsletter):
            raise Conflict(
                "The form of {newsletter} asks for the field {field}; take it out there first.",
                newsletter=newsletter.name,
                field=gone.name,
            )
    if with_values:
        _require_unsaid(session, gone.name)
    session.delete(gone)
    session.flush()
    return write(session, without(holders(session, gone.name), gone.name)) if with_values else 0


def rename(session: Session, name: str, new: str) -> CustomField:
    """Another name, with people's values, and in rules and forms.

    ``Conflict`` where the name is taken, or an issue that is to be sent says the old one.
    """
    old, name = get(session, name).name, new_name(session, new)
    _require_unsaid(session, old)
    if next(holders(session, name), None):
        raise Conflict("People have values under the name {name!r} already.", name=name)
    session.execute(update(CustomField).where(CustomField.name == old).values(name=name))
    session.expire_all()
    write(session, renamed(holders(session, old), old, name))
    reword(session, lambda leaf: _called(leaf, old, name))
    for newsletter in session.scalars(select(Newsletter)):
        if old in _asked(newsletter):
            asked = [
                one | {"name": name} if one["name"] == old else one
                for one in newsletter.sign_up["fields"]
            ]
            newsletter.sign_up = newsletter.sign_up | {"fields": asked}
    session.flush()
    return get(session, name)


def _require_no_rule(session: Session, name: str) -> None:
    what = Sentence("The field {field}", field=name)
    require_unused(session, partial(_names, name=name), what)


def _require_unsaid(session: Session, name: str) -> None:
    issues = _said(session).get(name)
    if issues:
        raise Conflict(
            "Issue {issue} says [[{name}]] and is not sent yet; take it out there first.",
            issue=issues[0],
            name=name,
        )


def _names(leaf: Leaf, name: str) -> bool:
    if not isinstance(leaf, Comparison):
        return False
    placed = leaf.subject is Subject.PLACE and is_place(name)
    return placed or (leaf.subject is Subject.FIELD and leaf.field == name)


def _called(leaf: Leaf, old: str, new: str) -> Leaf:
    if isinstance(leaf, Comparison) and leaf.field == old:
        return replace(leaf, field=new)
    return leaf


def _asked(newsletter: Newsletter) -> list[str]:
    """The fields that its form asks for."""
    return [one["name"] for one in newsletter.sign_up.get("fields", ())]


def _said(session: Session) -> dict[str, list[int]]:
    """By the field's name, the issues that say it and have not ended."""
    found: dict[str, list[int]] = defaultdict(list)
    waiting = select(Issue).where(Issue.state.not_in(_ENDED)).order_by(Issue.id)
    for issue in session.scalars(waiting):
        for name in dict.fromkeys(_placeholders(issue)):
            found[name].append(issue.id)
    return found


def _placeholders(issue: Issue) -> Iterator[str]:
    contents: list[dict[str, Any]] = [block.content for block in issue.blocks]
    written = (issue.subject, issue.preheader, json.dumps(contents, ensure_ascii=False))
    for text in written:
        yield from (one.field for one in find(text))
