"""A rule as one query: a condition for each leaf, and what it takes to tell who is in which set.

What clicks and tags everybody has to have is an IN: both databases begin with those few people
then, and nobody has to see to it that a person is found once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, false, func, not_, or_, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from mailer.audience.selecting.comparing import Comparer
from mailer.audience.selecting.membership import Bits, Lookups, Membership
from mailer.audience.selecting.sets import Sets
from mailer.audience.selecting.texts import Columns
from mailer.audience.selecting.vocabulary import Vocabulary
from mailer.database.tables import Subscriber
from mailer.rules import Rule
from mailer.rules.syntax import (
    And,
    Comparison,
    Deed,
    InSegment,
    Leaf,
    Not,
    Operator,
    Or,
    Subject,
    Subscribed,
    Verb,
)

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Selection:
    """The people a rule means, as a query that can be counted, paged, or joined to others."""

    source: FromClause
    condition: Condition

    @property
    def id(self) -> InstrumentedAttribute[int]:
        """The column of their numbers."""
        return Subscriber.id

    def ids(self, *before: ColumnElement[Any]) -> Select[Any]:
        """Their numbers, behind other columns if need be."""
        query = select(*before, Subscriber.id).select_from(self.source).where(self.condition)
        return query.correlate(None)  # within a query of subscribers, it is of its own people

    def people(self) -> Select[Subscriber]:
        """They themselves."""
        return select(Subscriber).select_from(self.source).where(self.condition)

    def count(self) -> Select[int]:
        """How many they are."""
        return select(func.count()).select_from(self.source).where(self.condition)


def select_people(session: Session, rule: Rule, *, now: datetime, besides: int = 0) -> Selection:
    """Compile *rule*; *besides* is an issue that does not count among the last ones.

    ``NotFound`` or ``InvalidInput`` say which name or comparison in it means nothing here.
    """
    if session.get_bind().dialect.name == "postgresql":
        # For this transaction: a set of a million people in memory, and no time for compiling.
        session.execute(text("SET LOCAL work_mem = '64MB'"))
        session.execute(text("SET LOCAL jit = off"))
    vocabulary = Vocabulary(session, now=now, besides=besides)
    return _Compiler(session, vocabulary).selection(vocabulary.expanded(rule))


class _Compiler:
    def __init__(self, session: Session, vocabulary: Vocabulary) -> None:
        dialect = session.get_bind().dialect.name
        columns = Columns(dialect)
        self._comparer = Comparer(columns, vocabulary)
        self._membership: Membership = Bits() if dialect == "postgresql" else Lookups()
        self._sets = Sets(columns, vocabulary, answered=self._membership.answered)
        self._known: dict[Leaf, Condition] = {}

    def selection(self, rule: Rule) -> Selection:
        parts = rule.parts if isinstance(rule, And) else (rule,)
        condition = and_(*map(self._demanded, parts))
        return Selection(self._membership.source, condition)

    def _demanded(self, rule: Rule) -> Condition:
        """What everybody has to fulfil."""
        match rule:
            case Deed(Verb.CLICKED):
                few = self._sets.followed(rule)
            case Comparison(Subject.TAG, Operator.IS | Operator.ONE_OF):
                few = self._sets.tagged(rule)
            case _:
                return self._rule(rule)
        return or_(false(), *(Subscriber.id.in_(ids) for ids in few.ids))

    def _rule(self, rule: Rule) -> Condition:
        match rule:
            case And(parts):
                return and_(*map(self._rule, parts))
            case Or(parts):
                return or_(*map(self._rule, parts))
            case Not(inner):
                return not_(self._rule(inner))
            case _:
                return self._leaf(rule)

    def _leaf(self, leaf: Leaf) -> Condition:
        if leaf not in self._known:
            self._known[leaf] = self._made(leaf)
        return self._known[leaf]

    def _made(self, leaf: Leaf) -> Condition:
        match leaf:
            case Subscribed():
                return self._membership.among(self._sets.subscribed(leaf))
            case Deed(Verb.NOTHING, _, window):
                answered = [self._leaf(Deed(verb, None, window)) for verb in _ANSWERS]
                return and_(self._leaf(Deed(Verb.RECEIVED, None, window)), *map(not_, answered))
            case Deed():
                return self._membership.among(self._sets.did(leaf))
            case Comparison(Subject.TAG, operator):
                tagged = self._membership.among(self._sets.tagged(leaf))
                return not_(tagged) if operator is Operator.EMPTY else tagged
            case Comparison(Subject.SOURCE):
                return self._membership.among(self._sets.came_by(leaf))
            case Comparison():
                # NULL is "no", also under "not".
                return func.coalesce(self._comparer.condition(leaf), false())
            case InSegment():  # pragma: no cover  # written out before
                raise AssertionError(leaf)


_ANSWERS = (Verb.OPENED, Verb.CLICKED)
