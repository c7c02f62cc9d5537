"""Whether people belong to a set that other tables know, in the way that suits each database.

PostgreSQL draws a set up once, as one array of words of 64 bits, and hands it to all its parallel
workers; a person is looked up in it by number, which costs next to nothing, where a join costs as much
as reading everybody. SQLite looks people up one by one: by the tables' own indexes where these have
each person once, else in a set of its own, drawn up once.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    ScalarSelect,
    Select,
    case,
    false,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from mailer.audience import bits
from mailer.database.tables import Answered, Answers, Receipts, Subscriber

Condition = ColumnElement[bool]
_MOST_UNITED = 20  # issues
_MOST_JOINS = 40  # SQLite joins 64 tables at most (https://sqlite.org/limits.html)
Ids: TypeAlias = Select[int]
Words: TypeAlias = Select[int, int]  # named "word" and "people"


@dataclass(frozen=True, slots=True)
class Done:
    """Whoever did it with one of the issues, by the answers; ``None``: with any."""

    deed: Answered
    issues: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class People:
    """Everybody in any of the queries for subscribers' numbers, in the receipts, or in the answers.

    *unique*: none comes twice in one query.
    """

    ids: tuple[Ids, ...] = ()
    unique: bool = False
    issues: tuple[int, ...] = ()  # whose receipts
    done: Done | None = None

    def kept(self) -> list[Kept]:
        """The receipts' and the answers' rows of bits."""
        found = [Kept(Receipts, self.issues)] if self.issues else []
        return [*found, Kept(Answers, self.done.issues, self.done.deed)] if self.done else found


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows of bits: of each word, one for each of the issues; ``None``: for any."""

    table: type[Receipts] | type[Answers]
    issues: tuple[int, ...] | None
    deed: Answered | None = None

    def words(self) -> Words:
        """All of them."""
        return self._of(select(self.table.word.label("word"), self.table.people.label("people")))

    def united(self, issues: tuple[int, ...]) -> Words:
        """A row for each word, without the help of a function that unites bits."""
        each: list[ColumnElement[int]] = [
            func.coalesce(func.max(case((self.table.issue_id == one, self.table.people))), 0)
            for one in issues
        ]
        people = reduce(_either, each)
        rows = select(self.table.word.label("word"), people.label("people"))
        return self._of(rows).group_by(self.table.word)

    def _of(self, rows: Words) -> Words:
        if self.issues is not None:
            rows = rows.where(self.table.issue_id.in_(self.issues))
        return rows if self.deed is None else rows.where(Answers.deed == int(self.deed))


def _either(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    return one.op("|")(other)


class Membership(Protocol):
    """Adds to a query of subscribers what it takes to tell who is in a set."""

    source: FromClause
    answered: Collection[Answered]  # told by the answers; of the rest, clicks and opens are asked

    def among(self, people: People) -> Condition:
        """The condition of being in it, which is never NULL."""


class Lookups:
    """SQLite's. Clicks are so few that looking for each person in the answers takes longer."""

    answered: Collection[Answered] = (Answered.OPENED,)

    def __init__(self) -> None:
        self.source: FromClause = Subscriber.__table__
        self._joins = 0

    def among(self, people: People) -> Condition:
        """A join or a look into a set for each query, a look at the receipts and answers."""
        self._joins += len(people.ids) if people.unique else 0
        joined = people.unique and self._joins <= _MOST_JOINS
        tests = [self._joined(ids) if joined else Subscriber.id.in_(ids) for ids in people.ids]
        tests += [self._in_words(kept) for kept in people.kept()]
        return or_(false(), *tests)

    def _in_words(self, kept: Kept) -> Condition:
        """A look into the words of a few issues, united before, costs less than one for each issue."""
        self._joins += 1
        if not kept.issues or len(kept.issues) > _MOST_UNITED or self._joins > _MOST_JOINS:
            return self._looked_up(kept.words())
        found: Any = kept.united(kept.issues).subquery()
        self.source = self.source.outerjoin(found, found.c.word == bits.word(Subscriber.id))
        return bits.has(found.c.people, Subscriber.id)

    def _looked_up(self, words: Words) -> Condition:
        word, bit = words.selected_columns
        mine = words.where(word == bits.word(Subscriber.id), bits.has(bit, Subscriber.id))
        return mine.correlate(Subscriber).exists()

    def _joined(self, ids: Ids) -> Condition:
        found: Any = ids.subquery()
        self.source = self.source.outerjoin(found, found.c.subscriber_id == Subscriber.id)
        condition: Condition = found.c.subscriber_id.is_not(None)
        return condition


class Bits:
    """PostgreSQL's."""

    answered: Collection[Answered] = tuple(Answered)

    def __init__(self) -> None:
        self.source: FromClause = Subscriber.__table__

    def among(self, people: People) -> Condition:
        """A look into the array of everybody's bits."""
        parts = [*map(_words, people.ids), *(kept.words() for kept in people.kept())]
        if not parts:
            return false()
        mine: Any = _array(_united(parts))[bits.word(Subscriber.id) + 1]
        return bits.has(mine, Subscriber.id)


def _words(ids: Ids) -> Words:
    """A row of one bit for each: what is united afterwards is read by all workers at once."""
    number: Any = ids.subquery().c.subscriber_id
    return select(bits.word(number).label("word"), bits.bit(number).label("people"))


def _united(parts: list[Words]) -> Words:
    either: Any = union_all(*parts).subquery()
    word = either.c.word
    return select(word, bits.united(either.c.people).label("people")).group_by(word)


def _array(words: Words) -> ScalarSelect[Any]:
    """The bits of all words up to the last subscriber's, in their order; drawn up once.

    A WITH although it is read as a value: where a rule says the same twice, it is the same.
    """
    some = words.subquery()
    last = select(bits.word(func.max(Subscriber.id))).scalar_subquery()
    every = func.generate_series(0, last).table_valued("word").render_derived()
    people = func.coalesce(some.c.people, 0)
    array: Any = func.array_agg(aggregate_order_by(people, every.c.word), type_=ARRAY(BigInteger))
    query = select(array.label("people")).select_from(
        every.outerjoin(some, some.c.word == every.c.word)
    )
    return select(query.cte().c.people).scalar_subquery()
