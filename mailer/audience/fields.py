"""Custom fields: defining them, and making values fit on their way to a subscriber."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.audience.field_values import convert, type_of
from mailer.audience.naming import segments_that
from mailer.audience.selecting.comparing import require_fit
from mailer.database.tables import CustomField, Subscriber
from mailer.errors import Conflict, InvalidInput, NotFound
from mailer.field_kinds import EditableBy, FieldKind, FieldType, Kept
from mailer.names import clean_title
from mailer.placeholders import BUILT_IN, TOKEN
from mailer.rules.syntax import Comparison, Leaf
from mailer.sentences import Sentence, there_are

_NAME = re.compile(r"[^\W\d]\w{0,59}")
_TAKEN = frozenset((*BUILT_IN, TOKEN, "last_name", "tags", "language", "time_zone"))
_NEWEST = 500  # people looked at for names of fields


def add(
    session: Session,
    name: str,
    kind: FieldKind,
    *,
    now: datetime,
    label: str = "",
    options: Iterable[str] = (),
    editable_by: EditableBy = EditableBy.STAFF,
    default: str | None = None,
    clear_unfit: bool = False,
) -> tuple[CustomField, int]:
    """Define a field, and make what people have under its name fit; how many values changed.

    ``InvalidInput`` when values do not fit, unless *clear_unfit*: they are taken away then.
    """
    name = new_name(session, name)
    kept = _checked_type(kind, options)
    made = CustomField(
        name=name,
        label=clean_title(label or name.replace("_", " ").capitalize(), Sentence("field")),
        kind=kind,
        options=list(kept.options),
        editable_by=editable_by,
        default=_kept_default(kept, default),
        created_at=now,
    )
    session.add(made)
    session.flush()
    return made, convert(session, made, clear_unfit=clear_unfit)


def new_name(session: Session, name: str) -> str:
    """A name that a field can get; ``InvalidInput``, or ``Conflict`` where it is taken."""
    name = name.strip().lower()
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise InvalidInput(
            "A field cannot be called {name!r}; write letters, digits and _ after a first letter, "
            "and none of {taken}.",
            name=name,
            taken=", ".join(sorted(_TAKEN)),
        )
    if session.get(CustomField, name) is not None:
        raise Conflict(
            "There is a field {name!r} already; `mailer field set` changes it.", name=name
        )
    return name


def change(
    session: Session,
    name: str,
    *,
    label: str | None = None,
    kind: FieldKind | None = None,
    options: Iterable[str] | None = None,
    editable_by: EditableBy | None = None,
    default: str | None = None,
    clear_unfit: bool = False,
) -> tuple[CustomField, int]:
    """Change what is given; as in `add`, what people have is made to fit. ``NotFound``."""
    field = get(session, name)
    field.label = field.label if label is None else clean_title(label, Sentence("field"))
    field.editable_by = editable_by or field.editable_by
    before = type_of(field)
    wanted = before.options if options is None else tuple(options)
    after = _checked_type(
        kind or field.kind, wanted if (kind or field.kind) is FieldKind.CHOICE else ()
    )
    field.kind, field.options = after.kind, list(after.options)
    if default is not None:
        field.default = _kept_default(after, default)
    elif field.default:
        field.default = _kept_default(after, str(field.default["value"]))
    session.flush()
    if after == before:
        return field, 0
    _require_rules_fit(session, field.name, after)
    return field, convert(session, field, clear_unfit=clear_unfit)


def every(session: Session) -> list[CustomField]:
    """All fields by name."""
    return list(session.scalars(select(CustomField).order_by(CustomField.name)))


def undefined(session: Session) -> list[str]:
    """Names under which the newest people have values, and that are no fields yet."""
    newest = select(Subscriber.fields).order_by(Subscriber.id.desc()).limit(_NEWEST)
    names = {name for values in session.scalars(newest) for name in values}
    return sorted(names - {one.name for one in every(session)})


def types(session: Session) -> dict[str, FieldType]:
    """The fields' types, by name."""
    return {one.name: type_of(one) for one in every(session)}


def defaults(session: Session) -> dict[str, str]:
    """What mails say where a person has no value, by the fields that have a default."""
    text = FieldType(FieldKind.TEXT)
    return {one.name: str(text.keep(one.default["value"])) for one in every(session) if one.default}


def get(session: Session, name: str) -> CustomField:
    """The field with this name; ``NotFound``."""
    field = session.get(CustomField, name.strip().lower())
    if field is None:
        names = [one.name for one in every(session)]
        raise NotFound("There is no field {name!r}; {there}", name=name, there=there_are(names))
    return field


def kept_values(
    session: Session, values: Mapping[str, Any], *, by: EditableBy = EditableBy.STAFF
) -> dict[str, Kept | None]:
    """*values* as they are kept; of a field without definition, as text.

    ``InvalidInput`` names what does not fit, or what readers may not change themselves.
    """
    known = {one.name: one for one in every(session)}
    kept: dict[str, Kept | None] = {}
    for name, value in values.items():
        field = known.get(name)
        if by is EditableBy.READER and (field is None or field.editable_by is not by):
            raise InvalidInput("The field {name} cannot be changed here.", name=name)
        try:
            kept[name] = (type_of(field) if field else FieldType(FieldKind.TEXT)).keep(value)
        except InvalidInput as error:
            raise InvalidInput(
                "{field}: {value!r} {problem}.",
                field=field.label if field else name,
                value=value,
                problem=error.sentence,
            ) from error
    return kept


def _require_rules_fit(session: Session, name: str, kept: FieldType) -> None:
    """``Conflict`` while a segment compares the field in a way that its new type does not know."""

    def breaks(leaf: Leaf) -> bool:
        if not isinstance(leaf, Comparison) or leaf.field != name:
            return False
        try:
            require_fit(leaf, kept)
        except InvalidInput:
            return True
        return False

    using = segments_that(session, breaks)
    if using:
        raise Conflict(
            "The field {name} is compared otherwise by the segment {segment!r}; change its rule first.",
            name=name,
            segment=using[0],
        )


def _checked_type(kind: FieldKind, options: Iterable[str]) -> FieldType:
    given = [clean_title(option, Sentence("option")) for option in options]
    if kind is not FieldKind.CHOICE:
        if given:
            raise InvalidInput("Options are for a choice; the kind here is {kind}.", kind=kind)
        return FieldType(kind)
    if len({one.casefold() for one in given}) != len(given) or not given:
        raise InvalidInput("A choice needs options, each of them once.")
    return FieldType(kind, tuple(given))


def _kept_default(kept: FieldType, default: str | None) -> dict[str, Any]:
    try:
        value = kept.keep(default)
    except InvalidInput as error:
        raise InvalidInput(
            "The default {default!r} {problem}.", default=default, problem=error.sentence
        ) from error
    return {} if value is None else {"value": value}
