"""What people have in a field: made to fit when its type changes, taken away with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mailer.audience.selecting.texts import kind_on_sqlite
from mailer.database.tables import CustomField, Subscriber
from mailer.errors import InvalidInput
from mailer.field_kinds import FieldType
from mailer.sentences import Sentence

_AT_ONCE = 5_000

Held: TypeAlias = tuple[int, dict[str, Any]]  # a subscriber's number and all their values


def type_of(field: CustomField) -> FieldType:
    """What its values are."""
    return FieldType(field.kind, tuple(field.options))


def convert(session: Session, field: CustomField, *, clear_unfit: bool) -> int:
    """Make everybody's value fit the field's type; how many changed."""
    kept, name = type_of(field), field.name
    unfit = 0
    example = ""

    def converted(held: Iterable[Held]) -> Iterator[Held]:
        nonlocal unfit, example
        for id_, values in held:
            try:
                value = kept.keep(values[name])
            except InvalidInput as error:
                unfit, example, value = (
                    unfit + 1,
                    example
                    or str(
                        Sentence(
                            "{value!r}, which {problem}", value=values[name], problem=error.sentence
                        )
                    ),
                    None,
                )
            if value is None or value != values[name] or type(value) is not type(values[name]):
                rest = {key: one for key, one in values.items() if key != name}
                yield id_, rest if value is None else {**rest, name: value}

    changed = write(session, converted(holders(session, name)))
    if unfit and not clear_unfit:
        raise InvalidInput(
            "The field {name}: {unfit:,} of people's values cannot be of the kind {kind}, "
            "such as {example}. Mend them, or have them taken away by --clear-unfit.",
            name=name,
            unfit=unfit,
            kind=kept.kind,
            example=example,
        )
    return changed


def without(held: Iterable[Held], name: str) -> Iterator[Held]:
    for id_, values in held:
        yield id_, {key: one for key, one in values.items() if key != name}


def renamed(held: Iterable[Held], old: str, new: str) -> Iterator[Held]:
    for id_, values in held:
        yield id_, {new if key == old else key: one for key, one in values.items()}


def holders(session: Session, name: str) -> Iterator[Held]:
    """Everybody with a value in the field, some thousands at a time."""
    after = 0
    while True:
        rows = session.execute(
            select(Subscriber.id, Subscriber.fields)
            .where(Subscriber.id > after, _has(session, name))
            .order_by(Subscriber.id)
            .limit(_AT_ONCE)
        ).all()
        yield from ((id_, values) for id_, values in rows)
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1][0]


def _has(session: Session, name: str) -> Any:
    if session.get_bind().dialect.name == "postgresql":
        return Subscriber.fields.op("?")(name)
    return kind_on_sqlite(name).is_not(None)


def write(session: Session, changed: Iterable[Held]) -> int:
    count = 0
    waiting: list[dict[str, Any]] = []
    for id_, values in changed:
        waiting.append({"id": id_, "fields": values})
        count += 1
        if len(waiting) >= _AT_ONCE:
            session.execute(update(Subscriber), waiting)
            waiting = []
    if waiting:
        session.execute(update(Subscriber), waiting)
    return count
