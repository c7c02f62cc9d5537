"""Texts and fields in SQL, so that both databases compare them alike.

Databases fold capitals differently, and none of ours every script. Here A–Z never matter; of other
letters a text is found as it is written in the rule, in small letters, in capitals, or with each
word capitalised.
"""

from __future__ import annotations

import json
import string
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    SQLColumnExpression,
    Text,
    case,
    cast,
    func,
    literal_column,
    or_,
)

from mailer.database.tables import Subscriber

Texts = ColumnElement[str]
AnyText = SQLColumnExpression[Any]

_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def spellings(text: str) -> list[str]:
    """The ways *text* is looked for, A–Z in small letters."""
    plain = unicodedata.normalize("NFC", text)
    ways = (plain, plain.lower(), plain.upper(), plain.title())
    return sorted({way.translate(_SMALL) for way in ways})


def _pattern(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


class Columns:
    """A subscriber's columns and fields on one of the databases."""

    def __init__(self, dialect: str) -> None:
        self._postgresql = dialect == "postgresql"

    def small(self, text: AnyText) -> Texts:
        """*text* with A–Z in small letters and nothing else changed."""
        return func.lower(text.collate("C") if self._postgresql else text)

    def is_text(self, text: AnyText, wanted: str) -> ColumnElement[bool]:
        """It is the *wanted* text."""
        return self.is_any(text, (wanted,))

    def is_any(self, text: AnyText, wanted: Iterable[str]) -> ColumnElement[bool]:
        """It is one of the *wanted* texts."""
        return self.small(text).in_(sorted({way for one in wanted for way in spellings(one)}))

    def starts(self, text: AnyText, wanted: str) -> ColumnElement[bool]:
        """It begins with the *wanted* text."""
        return self._like(text, wanted, lambda inner: f"{inner}%")

    def contains(self, text: AnyText, wanted: str) -> ColumnElement[bool]:
        """The *wanted* text stands somewhere in it."""
        return self._like(text, wanted, lambda inner: f"%{inner}%")

    def _like(self, text: AnyText, wanted: str, frame: Callable[[str], str]) -> ColumnElement[bool]:
        small = self.small(text)
        return or_(*(small.like(frame(_pattern(one)), escape="\\") for one in spellings(wanted)))

    def field(self, name: str) -> Texts:
        """A field's value as text; NULL where there is none."""
        if self._postgresql:
            return Subscriber.fields.op("->>", return_type=Text())(name)
        return _looked_up(func.json_extract, name)

    def day(self, name: str) -> Texts:
        """A field's day, comparable as text."""
        value = self.field(name)
        return value.collate("C") if self._postgresql else value

    def number(self, name: str) -> ColumnElement[float]:
        """A field's number; NULL where it has none."""
        if self._postgresql:
            kind = func.jsonb_typeof(Subscriber.fields.op("->")(name)) == "number"
            return case((kind, cast(self.field(name), Double())))
        kind = kind_on_sqlite(name).in_(("integer", "real"))
        return case((kind, self.field(name)))

    def yes(self, name: str, wanted: bool) -> ColumnElement[bool]:
        """Whether a field says yes, or no."""
        word = "true" if wanted else "false"
        if self._postgresql:
            return Subscriber.fields.op("->")(name) == literal_column(f"'{word}'::jsonb")
        return kind_on_sqlite(name) == word


def kind_on_sqlite(name: str) -> Texts:
    """What a field's value is in JSON (integer, text, …); NULL where there is none."""
    return _looked_up(func.json_type, name)


def _looked_up(function: Callable[[Any, str], Any], name: str) -> Texts:
    """By the name as it is, and by its escapes: SQLite before 3.45 compares them as they stand."""
    spelled = dict.fromkeys((name, json.dumps(name)[1:-1]))
    found = [function(Subscriber.fields, f'$."{one}"') for one in spelled]
    return found[0] if len(found) == 1 else func.coalesce(*found)
