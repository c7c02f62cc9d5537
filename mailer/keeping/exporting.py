"""Writes a newsletter's subscribers as CSV or JSON lines: streamed, and `mailer import` reads it back."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Any, TextIO

from sqlalchemy import ColumnElement, Text, cast, select, text
from sqlalchemy.orm import Session

from mailer.audience.importing.cells import guarded, joined_tags
from mailer.audience.importing.headers import meaning_of
from mailer.audience.importing.meanings import field_name
from mailer.database.tables import Consent, Newsletter, Subscriber, SubscriberTag, Subscription, Tag
from mailer.delivering.packing import among

_AT_ONCE = 2_000  # people
# What a person has besides fields of the organisation's own, which get a column each; of these,
# what is no text or would be taken for something else stands together in "data".
COLUMNS = (
    "email", "name", "status", "language", "time_zone", "joined", "since", "source", "tags", "data",
)  # fmt: skip
_AS_THEY_ARE = ("first_name", "last_name")

Write = Callable[[Session, TextIO, Iterator[dict[str, Any]], "Guard"], int]
Guard = Callable[[str], str]


def people(
    session: Session,
    newsletter: Newsletter,
    *,
    states: Collection[Consent] = (),
    chosen: ColumnElement[bool] | None = None,
) -> Iterator[dict[str, Any]]:
    """Everybody in one of the *states* (all, if none is named), in the order of their numbers.

    *chosen* is a further condition on `Subscriber`.
    """
    query = (
        select(
            Subscriber.id, Subscriber.address, Subscriber.name, cast(Subscription.state, Text),
            Subscriber.language, Subscriber.time_zone, Subscriber.created_at,
            Subscription.changed_at, Subscription.source, cast(Subscriber.fields, Text),
        )
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .where(Subscription.newsletter_id == newsletter.id)
        .order_by(Subscription.subscriber_id)
        .execution_options(yield_per=_AT_ONCE)
    )  # fmt: skip
    if states:
        query = query.where(Subscription.state.in_(states))
    if chosen is not None:
        query = query.where(chosen)
    for part in session.execute(query).partitions():
        tags = _tags(session, [row[0] for row in part])
        for row in part:
            yield _person(row, tags.get(row[0], []))


def write_csv(
    session: Session, stream: TextIO, found: Iterator[dict[str, Any]], guard: Guard = guarded
) -> int:
    """As CSV; *guard* keeps spreadsheets from taking cells for formulas. How many people."""
    own = _columns_of_their_own(session)
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow((*COLUMNS, *own))
    count = 0
    for count, one in enumerate(found, start=1):  # noqa: B007  # counted for the caller
        writer.writerow([guard(cell) for cell in _cells(one, own)])
    return count


def write_json_lines(
    _session: Session, stream: TextIO, found: Iterator[dict[str, Any]], _guard: Guard = guarded
) -> int:
    """A JSON object a line; how many people."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    count = 0
    for count, one in enumerate(found, start=1):  # noqa: B007  # the last one is how many
        stream.write(f"{encode(one)}\n")
    return count


WRITERS: dict[str, Write] = {
    ".csv": write_csv,
    ".jsonl": write_json_lines,
    ".ndjson": write_json_lines,
}


def _person(row: Any, tags: Sequence[str]) -> dict[str, Any]:
    _, address, name, state, language, zone, joined, since, source, own = row
    fields = {} if own == "{}" else json.loads(own)
    return {
        "email": address,
        "name": name,
        "status": state,
        "language": language,
        "time_zone": zone,
        "joined": _moment(joined),
        "since": _moment(since),
        "source": source,
        "tags": list(tags),
        "fields": fields,
    }


def _moment(moment: datetime) -> str:
    return moment.isoformat(" ", "seconds")[:19]


def _tags(session: Session, ids: Sequence[int]) -> dict[int, list[str]]:
    found: defaultdict[int, list[str]] = defaultdict(list)
    rows = session.execute(
        select(SubscriberTag.subscriber_id, Tag.name)
        .join(Tag, Tag.id == SubscriberTag.tag_id)
        .where(among(SubscriberTag.subscriber_id, ids))
        .order_by(Tag.key)
    )
    for number, name in rows:
        found[number].append(name)
    return found


def _columns_of_their_own(session: Session) -> list[str]:
    """The fields that anybody has and that a column's header names without doubt."""
    names = session.scalars(text(_FIELD_NAMES[session.get_bind().dialect.name])).all()
    return sorted(name for name in names if _names_a_field(name))


_FIELD_NAMES = {
    "sqlite": "SELECT DISTINCT key FROM subscribers, json_each(fields) WHERE fields <> '{}'",
    "postgresql": "SELECT DISTINCT jsonb_object_keys(fields) FROM subscribers",
}


def _names_a_field(name: str) -> bool:
    if name in _AS_THEY_ARE:
        return True
    return name not in COLUMNS and meaning_of(name) is None and field_name(name) == name


def _cells(one: dict[str, Any], own: Sequence[str]) -> Iterator[str]:
    fields = one["fields"]
    rest = {
        name: value
        for name, value in fields.items()
        if not isinstance(value, str) or name not in own or value != value.strip() or not value
    }
    for name in COLUMNS[:-2]:
        yield one[name] or ""
    yield joined_tags(tuple(one["tags"]))
    yield json.dumps(rest, ensure_ascii=False) if rest else ""
    for name in own:
        yield "" if name in rest else fields.get(name, "")
