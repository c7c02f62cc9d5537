"""Comparisons of one person's own data as SQL conditions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from mailer.addresses import parse_address
from mailer.audience import world
from mailer.audience.places import is_country, is_postcode
from mailer.audience.selecting.texts import Columns, spellings
from mailer.audience.selecting.vocabulary import Vocabulary, brief
from mailer.database.tables import Subscriber
from mailer.errors import InvalidAddress, InvalidInput
from mailer.field_kinds import FieldKind, FieldType
from mailer.rules.syntax import DATED, NUMERIC, Comparison, Operator, Subject, shown
from mailer.sentences import Sentence

Condition = ColumnElement[bool]
_MOST_VALUES = 200

_TEXTUAL = (Operator.IS, Operator.ONE_OF, Operator.STARTS, Operator.CONTAINS, Operator.EMPTY)
OPERATORS_OF_KIND: dict[FieldKind, tuple[Operator, ...]] = {
    FieldKind.TEXT: _TEXTUAL,
    FieldKind.CHOICE: (Operator.IS, Operator.ONE_OF, Operator.EMPTY),
    FieldKind.NUMBER: (Operator.IS, Operator.ONE_OF, *NUMERIC, Operator.EMPTY),
    FieldKind.DATE: (*DATED, Operator.EMPTY),
    FieldKind.YES_NO: (Operator.IS, Operator.EMPTY),
}
_VALUE_OF_KIND: dict[FieldKind, tuple[type, Sentence]] = {
    FieldKind.TEXT: (str, Sentence("texts in quotation marks")),
    FieldKind.CHOICE: (str, Sentence("texts in quotation marks")),
    FieldKind.NUMBER: (float, Sentence("numbers")),
    FieldKind.DATE: (date, Sentence("days such as 2026-01-31")),
    FieldKind.YES_NO: (bool, Sentence("yes or no")),
}


class Comparer:
    """Turns comparisons into conditions on ``subscribers``; a condition may be NULL for "no"."""

    def __init__(self, columns: Columns, vocabulary: Vocabulary) -> None:
        self._columns = columns
        self._vocabulary = vocabulary

    def condition(self, leaf: Comparison) -> Condition:
        """``InvalidInput`` or ``NotFound`` when the field's kind does not allow it."""
        match leaf.subject:
            case Subject.FIELD:
                return self._field(leaf, self._vocabulary.field(leaf.field))
            case Subject.JOINED:
                return self._joined(leaf)
            case Subject.LANGUAGE:
                return self._language(leaf)
            case Subject.PLACE:
                return self._place(str(leaf.values[0]))
            case Subject.ADDRESS:
                return self._address(leaf)
            case Subject.DOMAIN:
                _require_few(leaf)
                return or_(*(self._domain(leaf.operator, str(one)) for one in leaf.values))
            case Subject.TIME_ZONE:
                return self.text(leaf, Subscriber.time_zone)
            case _:
                return self.text(leaf, Subscriber.name)

    def text(self, leaf: Comparison, column: Any) -> Condition:
        """A text of the person."""
        if leaf.operator is Operator.EMPTY:
            return or_(column.is_(None), column == "")
        if leaf.operator in (Operator.IS, Operator.ONE_OF):
            return self._columns.is_any(column, map(str, leaf.values))
        tests: dict[Operator, Callable[[Any, str], Condition]] = {
            Operator.STARTS: self._columns.starts,
            Operator.CONTAINS: self._columns.contains,
        }
        return tests[leaf.operator](column, str(leaf.values[0]))

    # fields

    def _field(self, leaf: Comparison, kept: FieldType) -> Condition:
        require_fit(leaf, kept)
        name = leaf.field
        if leaf.operator is Operator.EMPTY:
            return self._columns.field(name).is_(None)
        if kept.kind is FieldKind.NUMBER:
            return self._number(leaf)
        if kept.kind is FieldKind.DATE:
            return self._day(leaf)
        if kept.kind is FieldKind.YES_NO:
            return self._columns.yes(name, bool(leaf.values[0]))
        return self.text(leaf, self._columns.field(name))

    def _number(self, leaf: Comparison) -> Condition:
        number, value = self._columns.number(leaf.field), leaf.values[0]
        match leaf.operator:
            case Operator.ABOVE:
                return number > value
            case Operator.BELOW:
                return number < value
            case Operator.AT_LEAST:
                return number >= value
            case Operator.AT_MOST:
                return number <= value
            case _:
                return number.in_(leaf.values)

    def _day(self, leaf: Comparison) -> Condition:
        """A day of the calendar, the same everywhere."""
        day, value = self._columns.day(leaf.field), leaf.values[0]
        if leaf.operator is Operator.LAST_DAYS:
            today = self._vocabulary.today
            first = today - _length(leaf)
            return and_(day >= first.isoformat(), day <= today.isoformat())  # none to come
        wanted = str(value)
        match leaf.operator:
            case Operator.ON:
                return day == wanted
            case Operator.BEFORE:
                return day < wanted
            case Operator.AFTER:
                return day > wanted
            case _:
                return day >= wanted

    # what everybody has

    def _joined(self, leaf: Comparison) -> Condition:
        joined = Subscriber.created_at
        if leaf.operator is Operator.LAST_DAYS:
            return joined >= self._vocabulary.now - _length(leaf)
        begin, end = _bounds(leaf.values[0], self._vocabulary.zone)
        match leaf.operator:
            case Operator.ON:
                return and_(joined >= begin, joined < end)
            case Operator.BEFORE:
                return joined < begin
            case Operator.AFTER:
                return joined >= end
            case _:
                return joined >= begin

    def _language(self, leaf: Comparison) -> Condition:
        language = Subscriber.language
        if leaf.operator is Operator.EMPTY:
            return self.text(leaf, language)
        # RFC 4647, basic filtering: "en" is also en-GB.
        _require_few(leaf)
        names = (str(one) for one in leaf.values)
        tags = [tag.replace("_", "-") for name in names for tag in world.language_tags(name)]
        return or_(
            *(self._columns.is_text(language, tag) for tag in tags),
            *(self._columns.starts(language, f"{tag}-") for tag in tags),
        )

    def _place(self, wanted: str) -> Condition:
        return or_(*(self._located(name, wanted) for name in self._vocabulary.places()))

    def _located(self, name: str, wanted: str) -> Condition:
        value = self._columns.field(name)
        if is_postcode(name):
            return self._columns.starts(value, wanted)
        names = world.country_names(wanted) if is_country(name) else ()
        return self._columns.is_any(value, (wanted, *names))

    def _address(self, leaf: Comparison) -> Condition:
        if leaf.operator in (Operator.IS, Operator.ONE_OF):
            return Subscriber.address_key.in_([_key(str(one)) for one in leaf.values])
        return self.text(leaf, Subscriber.address_key)

    def _domain(self, operator: Operator, name: str) -> Condition:
        domain = _key(f"x@{name.strip().removeprefix('@')}").rpartition("@")[2]
        at = Subscriber.address_key.endswith(f"@{domain}", autoescape=True)
        if operator is not Operator.WITHIN:
            return at
        return at | Subscriber.address_key.endswith(f".{domain}", autoescape=True)


def _require_few(leaf: Comparison) -> None:
    """Each is a term of its own, and SQLite takes a thousand."""
    if len(leaf.values) > _MOST_VALUES:
        raise InvalidInput(
            "The {subject} is compared with {most} at most.",
            subject=leaf.subject,
            most=_MOST_VALUES,
        )


def _key(address: str) -> str:
    try:
        return parse_address(address).key
    except InvalidAddress:
        return spellings(address.strip())[0]  # nobody has it, yet it is no error to ask


_CALENDAR = date(1, 1, 2), date(9999, 12, 30)  # days that begin and end within it everywhere


def _bounds(day: Any, zone: tzinfo) -> tuple[datetime, datetime]:
    """When a day begins in *zone*, be it at one o'clock, for clocks are put forward, and the next."""
    first = min(max(day, _CALENDAR[0]), _CALENDAR[1])
    begin, end = (
        datetime.combine(one, time(), zone).astimezone(UTC)
        for one in (first, first + timedelta(days=1))
    )
    return begin, end


def _length(leaf: Comparison) -> timedelta:
    """So many days as the leaf says."""
    return timedelta(days=float(str(leaf.values[0])))


def require_fit(leaf: Comparison, kept: FieldType) -> None:
    """``InvalidInput`` where a field of this type cannot be compared so."""
    known = OPERATORS_OF_KIND[kept.kind]
    if leaf.operator not in known:
        raise InvalidInput(
            "The field {field} ({kind}) cannot be compared by {operator!s}; write one of: {known}.",
            field=leaf.field,
            kind=kept.kind,
            operator=leaf.operator,
            known=", ".join(known),
        )
    wanted, words = _VALUE_OF_KIND[kept.kind]
    for value in leaf.values if leaf.operator is not Operator.LAST_DAYS else ():
        if not isinstance(value, wanted) or (wanted is float and isinstance(value, bool)):
            raise InvalidInput(
                "The field {field} ({kind}) is compared with {words}, not {value}.",
                field=leaf.field,
                kind=kept.kind,
                words=words,
                value=brief(shown(value)),
            )
        if kept.kind is FieldKind.CHOICE:
            _require_option(leaf.field, str(value), kept)


def _require_option(name: str, value: str, kept: FieldType) -> None:
    try:
        kept.keep(value)
    except InvalidInput as error:
        raise InvalidInput(
            "The field {name}: {value!r} {problem}.",
            name=name,
            value=brief(value),
            problem=error.sentence,
        ) from error
