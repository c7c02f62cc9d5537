"""A rule's text as people mean it here: what is wrong, or means nobody, is said of the part that says it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.audience.selecting.compiling import Selection, select_people
from mailer.audience.selecting.examples import examples, subject_of
from mailer.audience.selecting.sets import aimed_at
from mailer.audience.selecting.texts import Columns
from mailer.audience.selecting.vocabulary import Vocabulary, brief, hint
from mailer.database.tables import IssueLink
from mailer.errors import InvalidInput, InvalidRule, MeaninglessRule, NotFound
from mailer.rules import Rule, parse, positions
from mailer.rules.syntax import WORD, Aim, Comparison, Deed, Leaf, Operator, Subject, Target, leaves
from mailer.sentences import Sentence

_MOST_ASKED = 20  # values of one rule that are looked for
_NAMED = (Subject.TAG, Subject.JOINED)  # a tag that is not there is an error, a day always is


@dataclass(frozen=True, slots=True)
class Doubt:
    """A part of a rule (counted from 0) that means nobody, in a sentence."""

    part: int
    words: Sentence


def understood(session: Session, text: str, *, now: datetime) -> tuple[Rule, Selection]:
    """*text* as a tree and as a query; ``InvalidRule`` says what is wrong with it, and where."""
    rule = _read(session, text, now=now)
    try:
        return rule, select_people(session, rule, now=now)
    except (InvalidInput, NotFound):
        _require_each(session, text, rule, now=now)
        raise


def _read(session: Session, text: str, *, now: datetime) -> Rule:
    try:
        return parse(text)
    except InvalidRule as error:
        word = WORD.match(text, error.position)
        known = Vocabulary(session, now=now).types
        if word is None or word[0] not in known or str(Subject.FIELD) not in error.expected:
            raise
        raise InvalidRule(
            "{name} is a field; write field {name}",
            position=error.position,
            expected=error.expected,
            name=word[0],
        ) from error


def _require_each(session: Session, text: str, rule: Rule, *, now: datetime) -> None:
    fine: set[Leaf] = set()
    for part, (leaf, position) in enumerate(zip(leaves(rule), positions(text), strict=True)):
        if leaf in fine:
            continue
        try:
            select_people(session, leaf, now=now)
            fine.add(leaf)
        except (InvalidInput, NotFound) as error:
            raise MeaninglessRule(error.sentence, position=position, part=part) from error


def doubts(session: Session, rule: Rule, *, now: datetime) -> list[Doubt]:
    """Values that a rule asks for and nobody has, and what people have instead."""
    asked = ((part, one) for part, leaf in enumerate(leaves(rule)) for one in _single(leaf))
    vain = [
        (part, one)
        for part, one in islice(asked, _MOST_ASKED)
        if not _means_somebody(session, one, now=now)
    ]
    known = examples(session) if vain else {}
    return [Doubt(part, _said(session, one, known)) for part, one in vain]


def _single(leaf: Leaf) -> Iterator[Leaf]:
    """*leaf* once for each text that it names, without its window."""
    match leaf:
        case Comparison(subject, _, values) if subject not in _NAMED:
            operator = Operator.IS if leaf.operator is Operator.ONE_OF else leaf.operator
            texts = (one for one in values if isinstance(one, str))
            yield from (replace(leaf, operator=operator, values=(one,)) for one in texts)
        case Deed(_, Target(named=named)) if named:
            yield replace(leaf, window=None)


def _means_somebody(session: Session, leaf: Leaf, *, now: datetime) -> bool:
    if isinstance(leaf, Deed) and leaf.target:
        columns = Columns(session.get_bind().dialect.name)
        link = select(IssueLink.number).where(aimed_at(columns, leaf.target))
        return session.scalar(link.limit(1)) is not None
    return session.scalar(select_people(session, leaf, now=now).ids().limit(1)) is not None


def _said(session: Session, leaf: Leaf, known: dict[str, list[str]]) -> Sentence:
    if isinstance(leaf, Deed) and leaf.target:
        return Sentence(
            "No issue has the {aim} {name!r}; {hint}",
            aim=leaf.target.aim,
            name=brief(leaf.target.named),
            hint=hint(leaf.target.named, _links(session, leaf.target.aim)),
        )
    if isinstance(leaf, Comparison) and (names := known.get(subject_of(leaf))):
        return Sentence(
            "Nobody fits {part}; {hint}",
            part=brief(str(leaf)),
            hint=hint(str(leaf.values[0]), names),
        )
    return Sentence("Nobody fits {part}.", part=brief(str(leaf)))


def _links(session: Session, aim: Aim) -> list[str]:
    name = IssueLink.block if aim is Aim.BLOCK else IssueLink.label
    query = select(name).where(aimed_at(Columns(session.get_bind().dialect.name), Target(aim)))
    newest = query.order_by(IssueLink.issue_id.desc(), IssueLink.number).limit(200)
    return list(dict.fromkeys(filter(None, session.scalars(newest))))
