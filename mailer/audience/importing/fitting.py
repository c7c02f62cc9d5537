"""Values of custom fields made to fit their kinds; what does not fit is left out, with a note."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from mailer.errors import InvalidInput
from mailer.field_kinds import FieldKind, FieldType, Kept
from mailer.sentences import Sentence, Several, parts_of

Types = Mapping[str, FieldType]


def typed(types: Types) -> dict[str, FieldType]:
    """Those whose values are not kept as they are written."""
    return {name: one for name, one in types.items() if one.kind is not FieldKind.TEXT}


def noted(notes: list[str], row: int, note: str) -> None:
    """Put a note to a row's others."""
    if note:
        notes[row] = Several([*parts_of(notes[row]), note]) if notes[row] else note


def with_fitting(
    objects: list[str], name: str, wanted: FieldType, cells: Sequence[str], notes: list[str]
) -> list[str]:
    """The objects with one more field each, where its cell is not empty and fits."""
    begin = f"{json.dumps(name, ensure_ascii=False)}:"
    made = list(objects)
    for n, cell in enumerate(cells):
        if cell:
            value, reason = _fitted(wanted, cell)
            noted(notes, n, _left_out(name, reason))
            if value:
                one = made[n]
                made[n] = f"{one[:-1]}{',' if len(one) > 2 else ''}{begin}{value}}}"
    return made


def fit_object(fields: dict[str, Any], types: Types) -> list[str]:
    """Make the fields of one object fit, in place; notes on those that were left out."""
    notes: list[str] = []
    for name in fields.keys() & types.keys():
        try:
            value: Kept | None = types[name].keep(fields.pop(name))
        except InvalidInput as error:
            notes.append(_left_out(name, error.sentence))
        else:
            if value is not None:
                fields[name] = value
    return sorted(notes)


def _left_out(name: str, reason: str) -> str:
    if not reason:
        return ""
    return Sentence("{field}: a value that {reason} was left out", field=name, reason=reason)


@lru_cache(maxsize=16_384)
def _fitted(wanted: FieldType, cell: str) -> tuple[str, str]:
    """The value as JSON, and why it does not fit."""
    try:
        value = wanted.keep(cell)
    except InvalidInput as error:
        return "", error.sentence
    return ("" if value is None else json.dumps(value, ensure_ascii=False)), ""
