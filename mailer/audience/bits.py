"""People as bits of whole numbers, 64 to a word: a set of a million fits into a processor's cache."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    SQLColumnExpression,
    cast,
    func,
    literal_column,
)

Number: TypeAlias = SQLColumnExpression[int]

_ONE: ColumnElement[int] = literal_column("1", BigInteger())
_NONE: ColumnElement[int] = literal_column("0", BigInteger())


def word(number: Number) -> ColumnElement[int]:
    """Which word a person's bit is in."""
    return number.op(">>")(literal_column("6", Integer()))


def _place(number: Number) -> ColumnElement[int]:
    # PostgreSQL shifts by nothing larger than an integer.
    return cast(number.op("&")(literal_column("63", Integer())), Integer)


def bit(number: Number) -> ColumnElement[int]:
    """A person's bit in their word."""
    return cast(_ONE, BigInteger).op("<<")(_place(number))


def joined(number: Number, *, postgresql: bool) -> ColumnElement[int]:
    """The bits of many people of one word; on SQLite, none of them may come twice."""
    return func.bit_or(bit(number)) if postgresql else func.sum(bit(number))


def united(people: Number) -> ColumnElement[int]:
    """Several words as one, on PostgreSQL."""
    return func.bit_or(people)


def has(people: Number, number: Number) -> ColumnElement[bool]:
    """Whether a person's bit is set in their word; no word (NULL): it is not."""
    shifted: Any = func.coalesce(people, _NONE).op(">>")(_place(number))
    found: ColumnElement[bool] = shifted.op("&")(_ONE) == _ONE
    return found


def without(people: Number, number: int) -> ColumnElement[int]:
    """The word without one person's bit."""
    (mask,) = others([number]).values()
    return people.op("&")(literal_column(str(mask), BigInteger()))


def others(numbers: Iterable[int]) -> dict[int, int]:
    """For the word of each of some people, the bits of everybody else in it."""
    masks: dict[int, int] = {}
    for number in numbers:
        masks[number >> 6] = masks.get(number >> 6, -1) & ~(1 << (number & 63))
    # As signed numbers of 64 bits: without the highest, none is below zero.
    return {word: mask if mask >= -(2**63) else mask + 2**64 for word, mask in masks.items()}
