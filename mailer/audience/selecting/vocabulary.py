"""What the names in a rule stand for: fields, tags, newsletters, issues, other segments."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from mailer.audience import answers, newsletters, places, receipts
from mailer.database.engine import zone_of
from mailer.database.tables import CustomField, Issue, Segment, Tag
from mailer.errors import InvalidInput, NotFound
from mailer.field_kinds import FieldType
from mailer.names import name_key
from mailer.rules import Rule, reread
from mailer.rules.syntax import And, InSegment, LastDays, Not, OneIssue, Or, Window
from mailer.sentences import Sentence, did_you_mean, there_are

_LONGEST = 120
_MOST_PARTS = 400  # SQLite takes a thousand terms one after the other,
_DEEPEST = 10  # and parentheses in each other until its parser's stack of a hundred is full
_AROUND = 3  # of any segment in, of none out: what an issue's audience puts around segments


class Vocabulary:
    """Looks up names, each once; ``NotFound`` says what there is instead."""

    def __init__(self, session: Session, *, now: datetime, besides: int = 0) -> None:
        self.now = now
        self.zone = zone_of(session)  # where the days of a rule begin
        self._session = session
        self._parts = 0
        self._besides = besides  # the issue that is about to be sent is not among the last ones
        self._types: dict[str, FieldType] | None = None

    @property
    def today(self) -> date:
        """The day it is where the days begin."""
        return self.now.astimezone(self.zone).date()

    @property
    def types(self) -> dict[str, FieldType]:
        """The custom fields' types, by name."""
        if self._types is None:
            self._types = {
                one.name: FieldType(one.kind, tuple(one.options))
                for one in self._session.scalars(select(CustomField))
            }
        return self._types

    def field(self, name: str) -> FieldType:
        """The type of a custom field."""
        if name not in self.types:
            raise NotFound(
                "There is no field {name!r}; {hint}",
                name=brief(name),
                hint=hint(name, list(self.types)),
            )
        return self.types[name]

    def places(self) -> list[str]:
        """Which of the fields that say where somebody lives there are."""
        known = sorted(filter(places.is_place, self.types))
        if not known:
            raise NotFound(
                "Nobody's place is known: there is no field country, region, city or postcode; "
                "add one of them to the fields first."
            )
        return known

    def tag(self, name: str) -> int:
        """A tag's number."""
        found = self._session.scalar(select(Tag.id).where(Tag.key == name_key(name)))
        if found is None:
            names = self._session.scalars(select(Tag.name).order_by(Tag.name)).all()
            raise NotFound(
                "There is no tag {name!r}; {hint}", name=brief(name), hint=hint(name, names)
            )
        return found

    def newsletter(self, slug: str) -> int:
        """A newsletter's number."""
        return newsletters.get(self._session, brief(slug)).id

    def issues(self, window: Window | None) -> list[int] | None:
        """The issues in a window; ``None`` for all of them."""
        if window is None:
            return None
        if isinstance(window, OneIssue):
            if self._session.get(Issue, window.number) is None:
                raise NotFound("There is no issue {number}.", number=window.number)
            return [window.number]
        query = select(Issue.id).where(Issue.started_at.is_not(None), Issue.id != self._besides)
        if isinstance(window, LastDays):
            ended = Issue.finished_at.is_(None) | (Issue.finished_at >= self.since(window))
            return list(self._session.scalars(query.where(ended)))
        if window.newsletter:
            query = query.where(Issue.newsletter_id == self.newsletter(window.newsletter))
        newest = query.order_by(Issue.started_at.desc(), Issue.id.desc()).limit(window.count)
        return list(self._session.scalars(newest))

    def divided(self, window: LastDays) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The issues that started in the days, so that nobody answered them before; older ones."""
        issues = self._session.execute(
            select(Issue.id, Issue.started_at >= self.since(window))
            .where(Issue.started_at.is_not(None))
            .order_by(Issue.id)
        ).all()
        young = tuple(number for number, inside in issues if inside)
        return young, tuple(number for number, inside in issues if not inside)

    def gathered_up_to(self, source: answers.Source) -> int:
        """The last row whose doer the answers have."""
        return answers.gathered_up_to(self._session, source)

    def receipts(self, window: Window | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The issues in a window whose receipts tell who got them in it, and the others."""
        issues = self.issues(window)
        if issues is None:
            issues = list(
                self._session.scalars(select(Issue.id).where(Issue.started_at.is_not(None)))
            )
        whole: list[ColumnElement[bool]] = [Issue.id.in_(issues)]
        if isinstance(window, LastDays):
            whole.append(Issue.started_at >= self.since(window))
        gathered = tuple(receipts.standing(self._session, *whole))
        return gathered, tuple(one for one in issues if one not in gathered)

    def since(self, window: LastDays) -> datetime:
        """When the window begins."""
        return self.now - timedelta(days=window.count)

    def expanded(self, rule: Rule) -> Rule:
        """*rule* with the segments it names written out.

        ``InvalidInput`` where they go in circles, or it becomes more than databases take.
        """
        self._parts = 0
        return self._expanded(rule, (), 0)

    def _expanded(self, rule: Rule, path: Sequence[str], depth: int) -> Rule:
        if depth > _DEEPEST + (_AROUND if self._besides else 0):
            raise InvalidInput(
                "With the segments it names, the rule has more than {most} groups within each other.",
                most=_DEEPEST,
            )
        match rule:
            case InSegment(name):
                return self._segment(name, path, depth)
            case Not(inner):
                return Not(self._expanded(inner, path, depth + 1))
            case And(parts) | Or(parts):
                inside = (self._expanded(part, path, depth + 1) for part in parts)
                return And(tuple(inside)) if isinstance(rule, And) else Or(tuple(inside))
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise InvalidInput(
                "With the segments it names, the rule has more than {most} parts.",
                most=_MOST_PARTS,
            )
        return rule

    def _segment(self, name: str, path: Sequence[str], depth: int) -> Rule:
        key = name_key(name)
        if key in path:
            raise InvalidInput(
                "The segment {name!r} would be part of itself, by way of {path}.",
                name=name,
                path=" → ".join(path),
            )
        segment = self._session.scalar(select(Segment).where(Segment.key == key))
        if segment is None:
            names = self._session.scalars(select(Segment.name).order_by(Segment.name)).all()
            raise NotFound(
                "There is no segment {name!r}; {hint}", name=brief(name), hint=hint(name, names)
            )
        return self._expanded(reread(segment.rule), (*path, key), depth)


def brief(words: str) -> str:
    """*words* as a sentence may quote them: nothing that has a name has so long a one."""
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"


def hint(name: str, names: Sequence[str]) -> Sentence:
    """What a sentence about an unknown name goes on with."""
    close = difflib.get_close_matches(name.casefold(), {one.casefold(): one for one in names}, n=1)
    if close:
        return did_you_mean(next(one for one in names if one.casefold() == close[0]))
    return there_are(names)
