"""What a rule can say in this installation, for a page on which rules are put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.audience.answers import CALLS
from mailer.audience.selecting.comparing import OPERATORS_OF_KIND
from mailer.audience.selecting.examples import examples
from mailer.database.engine import zone_of
from mailer.database.tables import CustomField, Issue, IssueLink, Newsletter, Segment, Tag
from mailer.field_kinds import FieldKind
from mailer.rules.syntax import DATED, NUMERIC, OPERATORS, Aim, Operator, Standing, Subject, Verb
from mailer.sentences import Sentence

_LABELS = {
    Subject.TAG: Sentence("Tag"),
    Subject.JOINED: Sentence("Joined"),
    Subject.LANGUAGE: Sentence("Language"),
    Subject.PLACE: Sentence("Place"),
    Subject.NAME: Sentence("Name"),
    Subject.ADDRESS: Sentence("Address"),
    Subject.DOMAIN: Sentence("Domain of the address"),
    Subject.TIME_ZONE: Sentence("Time zone"),
    Subject.SOURCE: Sentence("Source of consent"),
}

_MOST_ISSUES = 50  # of those that went out, the newest


def describe(session: Session) -> dict[str, Any]:
    """Subjects with their operators and kinds of values, deeds with targets and windows, names."""
    tags = list(session.scalars(select(Tag.name).order_by(Tag.key)))
    newsletters = [
        {"slug": row.slug, "name": row.name}
        for row in session.execute(
            select(Newsletter.slug, Newsletter.name).order_by(Newsletter.name)
        )
    ]
    known = examples(session)
    segments = list(session.scalars(select(Segment.name).order_by(Segment.key)))
    fields = session.scalars(select(CustomField).order_by(CustomField.label))
    return {
        "subjects": [
            *(_subject(subject, label, tags, known) for subject, label in _LABELS.items()),
            *(_field(field, known) for field in fields),
        ],
        "deeds": [_deed(verb) for verb in Verb],
        "standings": list(map(str, Standing)),
        "newsletters": newsletters,
        "segments": segments,
        "time_zone": str(zone_of(session)),
        **_sent(session),
    }


def _sent(session: Session) -> dict[str, Any]:
    """Issues that went out, and what they asked to do: a rule names both."""
    issues = session.execute(
        select(Issue.id, Issue.title, Issue.subject)
        .where(Issue.started_at.is_not(None))
        .order_by(Issue.started_at.desc(), Issue.id.desc())
        .limit(_MOST_ISSUES)
    ).all()
    labels = session.scalars(
        select(IssueLink.label)
        .where(IssueLink.issue_id.in_([one.id for one in issues]), IssueLink.role.in_(CALLS))
        .distinct()
        .order_by(IssueLink.label)
    )
    return {
        "issues": [{"number": one.id, "subject": one.title or one.subject} for one in issues],
        "actions": list(labels),
    }


def _subject(
    subject: Subject, label: str, tags: Sequence[str], known: Mapping[str, list[str]]
) -> dict[str, Any]:
    return {
        "subject": str(subject),
        "label": label,
        "operators": [_operator(one, "text") for one in OPERATORS[subject]],
        "options": list(tags) if subject is Subject.TAG else [],
        "examples": known.get(subject, []),
    }


def _field(field: CustomField, known: Mapping[str, list[str]]) -> dict[str, Any]:
    return {
        "subject": str(Subject.FIELD),
        "field": field.name,
        "label": field.label,
        "kind": str(field.kind),
        "operators": [_operator(one, _VALUE[field.kind]) for one in OPERATORS_OF_KIND[field.kind]],
        "options": list(field.options),
        "examples": known.get(f"field {field.name}", []) if field.kind is FieldKind.TEXT else [],
    }


_VALUE = {
    FieldKind.TEXT: "text",
    FieldKind.CHOICE: "option",
    FieldKind.NUMBER: "number",
    FieldKind.DATE: "day",
    FieldKind.YES_NO: "yes-no",
}


def _operator(operator: Operator, value: str) -> dict[str, Any]:
    """With the kind of its value, and whether it takes several."""
    if operator is Operator.EMPTY:
        value = "nothing"
    elif operator is Operator.LAST_DAYS:
        value = "days"
    elif operator in DATED:
        value = "day"
    elif operator in NUMERIC:
        value = "number"
    return {"operator": str(operator), "value": value, "several": operator is Operator.ONE_OF}


def _deed(verb: Verb) -> dict[str, Any]:
    return {
        "verb": str(verb),
        "targets": list(map(str, Aim)) if verb is Verb.CLICKED else [],
        "windows": ["issues", "issue", "days"],
        "window_needed": verb is Verb.NOTHING,
    }
