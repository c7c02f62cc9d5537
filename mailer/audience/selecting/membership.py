"""Whether people belong to a set that other tables know, in the way that suits each database.

PostgreSQL hashes a million numbers in half a second, and bits of them, 64 to a word, in a tenth; a
WITH that is materialized is drawn up once, where each of its parallel workers would draw it up for
itself. SQLite looks people up, one by one, by the tables' own indexes: a join wherever the set
stands, for under "or" and "not" it would run an EXISTS that has to search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from sqlalchemy import ColumnElement, FromClause, Select, exists, false, or_, select, union_all

from mailer.audience import bits
from mailer.database.tables import Receipts, Subscriber

Condition = ColumnElement[bool]
Ids: TypeAlias = Select[int]


@dataclass(frozen=True, slots=True)
class People:
    """Everybody in any of the queries for subscribers' numbers, or in the receipts of the issues.

    *unique*: none comes twice in one query.
    """

    ids: tuple[Ids, ...] = ()
    unique: bool = False
    issues: tuple[int, ...] = ()


class Membership(Protocol):
    """Adds to a query of subscribers what it takes to tell who is in a set."""

    source: FromClause

    def among(self, people: People) -> Condition:
        """The condition of being in it, which is never NULL."""


class Lookups:
    """SQLite's."""

    def __init__(self) -> None:
        self.source: FromClause = Subscriber.__table__

    def among(self, people: People) -> Condition:
        """A join for each query, a look at the receipts."""
        tests = [self._joined(ids, unique=people.unique) for ids in people.ids]
        if people.issues:
            got = exists().where(
                Receipts.issue_id.in_(people.issues),
                Receipts.word == bits.word(Subscriber.id),
                bits.has(Receipts.people, Subscriber.id),
            )
            tests.append(got.correlate(Subscriber))
        return or_(false(), *tests)

    def _joined(self, ids: Ids, *, unique: bool) -> Condition:
        found: Any = (ids if unique else ids.distinct()).subquery()
        self.source = self.source.outerjoin(found, found.c.subscriber_id == Subscriber.id)
        condition: Condition = found.c.subscriber_id.is_not(None)
        return condition


class Bits:
    """PostgreSQL's."""

    def __init__(self) -> None:
        self.source: FromClause = Subscriber.__table__

    def among(self, people: People) -> Condition:
        """One join to the words of everybody in the set."""
        parts: list[Any] = [_words(ids) for ids in people.ids]
        if people.issues:
            parts.append(
                select(Receipts.word.label("word"), bits.united(Receipts.people).label("people"))
                .where(Receipts.issue_id.in_(people.issues))
                .group_by(Receipts.word)
            )
        if not parts:
            return false()
        found: Any = _united(parts).cte().prefix_with("MATERIALIZED")
        self.source = self.source.outerjoin(found, found.c.word == bits.word(Subscriber.id))
        return bits.has(found.c.people, Subscriber.id)


def _words(ids: Ids) -> Any:
    found: Any = ids.subquery()
    number = found.c.subscriber_id
    words = bits.word(number).label("word")
    return select(words, bits.joined(number, postgresql=True).label("people")).group_by(words)


def _united(parts: list[Any]) -> Any:
    if len(parts) == 1:
        return parts[0]
    either: Any = union_all(*parts).subquery()
    words = either.c.word
    return select(words, bits.united(either.c.people).label("people")).group_by(words)
