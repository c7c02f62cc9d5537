"""Reads a rule's text by recursive descent; what is wrong is said with its place."""

from __future__ import annotations

from collections.abc import Iterable

from mailer.errors import InvalidRule
from mailer.rules.faults import unexpected, unknown
from mailer.rules.lexing import Kind, Token, day_in, tokens
from mailer.rules.syntax import (
    DATED,
    NUMERIC,
    OPERATORS,
    Aim,
    And,
    Comparison,
    Deed,
    InSegment,
    LastDays,
    LastIssues,
    Leaf,
    Not,
    OneIssue,
    Operator,
    Or,
    Rule,
    Standing,
    Subject,
    Subscribed,
    Target,
    Value,
    Verb,
    Window,
    number,
)
from mailer.sentences import Sentence

_DEEPEST = 40
_MOST_LEAVES = 200
_LARGEST_COUNT = 100_000
_BEGINNINGS = (*map(str, Subject), *map(str, Standing), "segment", *map(str, Verb), "acted")


def parse(text: str) -> Rule:
    """The rule that *text* says; ``InvalidRule`` with the place and what was expected there."""
    return _Parser(text).whole()


def reread(text: str) -> Rule:
    """A rule that was kept, however many others it took in: those it names, longer names of tags."""
    return _Parser(text, kept=True).whole()


def positions(text: str) -> list[int]:
    """Where each leaf of a rule begins in its *text*, in the order of `leaves`."""
    parser = _Parser(text)
    parser.whole()
    return parser.begun


class _Parser:
    def __init__(self, text: str, *, kept: bool = False) -> None:
        self._tokens = tokens(text, kept=kept)
        self._most = None if kept else _MOST_LEAVES
        self._at = 0
        self._depth = 0
        self.begun: list[int] = []  # where the leaves stand

    def whole(self) -> Rule:
        rule = self._any()
        if self._here.kind is not Kind.END:
            raise self._failure(("and", "or", Sentence("the end")))
        return rule

    # and, or, not, parentheses

    def _any(self) -> Rule:
        parts = [self._all()]
        while self._take("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _all(self) -> Rule:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self) -> Rule:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise InvalidRule("the rule is nested too deeply", position=self._here.position)
        try:
            if self._take("not"):
                return Not(self._one())
            if self._mark("("):
                inside = self._any()
                if not self._mark(")"):
                    raise self._failure((")", "and", "or"))
                return inside
            return self._leaf()
        finally:
            self._depth -= 1

    def _leaf(self) -> Rule:
        self.begun.append(self._here.position)
        if self._most and len(self.begun) > self._most:
            raise InvalidRule(
                "the rule has more than {most} parts",
                position=self._here.position,
                most=self._most,
            )
        for subject in Subject:
            if self._take(*subject.split()):
                return self._comparison(subject)
        for standing in Standing:
            if self._take(*standing.split()):
                return Subscribed(self._name(Sentence("a newsletter's short name")), standing)
        if self._take("in", "segment") or self._take("segment"):
            return InSegment(self._name(Sentence("a segment's name")))
        return self._deed()

    # comparisons

    def _comparison(self, subject: Subject) -> Rule:
        field = self._field_name() if subject is Subject.FIELD else ""
        negated, operator = self._operator(subject)
        leaf = Comparison(subject, operator, self._values(subject, operator), field)
        return Not(leaf) if negated else leaf

    def _field_name(self) -> str:
        if self._here.kind is Kind.WORD:
            return self._next().source
        return self._name(Sentence("a field's name"))

    def _operator(self, subject: Subject) -> tuple[bool, Operator]:
        known = OPERATORS[subject]
        for operator in sorted(known, key=lambda one: -len(one)):
            words = operator.split()
            if words[0] == "is" and self._take("is", "not", *words[1:]):
                return True, operator
            if self._take(*words) or (
                operator is Operator.LAST_DAYS and self._take("in", "the", "last")
            ):
                return False, operator
        if subject is Subject.PLACE and self._take("is"):  # as everything else is compared
            return self._take("not"), Operator.WITHIN
        raise self._failure(known)

    def _values(self, subject: Subject, operator: Operator) -> tuple[Value, ...]:
        if operator is Operator.EMPTY:
            return ()
        if operator is Operator.LAST_DAYS:
            count = self._count(Sentence("a number of days"))
            self._words(("days", "day"))
            return (float(count),)
        if operator in DATED:
            return (self._day(),)
        if operator in NUMERIC:
            return (self._single((Kind.NUMBER,), Sentence("a number")),)
        if subject is Subject.FIELD and operator is Operator.IS:
            return (self._anything(),)
        if subject is Subject.FIELD and operator is Operator.ONE_OF:
            return self._list(
                (Kind.TEXT, Kind.NUMBER), Sentence('texts or numbers such as "this", "that"')
            )
        if operator is Operator.ONE_OF:
            return self._list((Kind.TEXT,), Sentence('texts such as "this", "that"'))
        return (self._value((Kind.TEXT,), Sentence('a text such as "this"')),)

    def _list(self, kinds: Iterable[Kind], expected: Sentence) -> tuple[Value, ...]:
        values = [self._value(kinds, expected)]
        while self._mark(","):
            values.append(self._value(kinds, expected))
        return tuple(values)

    def _anything(self) -> Value:
        for word, meaning in (("yes", True), ("no", False)):
            if self._take(word):
                return meaning
        return self._single(
            (Kind.TEXT, Kind.NUMBER), Sentence('a text such as "this", a number, yes or no')
        )

    def _single(self, kinds: Iterable[Kind], expected: Sentence) -> Value:
        """A value that is one alone, where many write numbers with a comma."""
        first, value = self._here, self._value(kinds, expected)
        if first.kind is Kind.NUMBER and self._here.source == ",":
            rest = self._tokens[self._at + 1]
            if rest.kind is Kind.NUMBER:
                raise InvalidRule(
                    "write {point} with a point, or several numbers behind: is one of",
                    position=first.position,
                    point=f"{first.source}.{rest.source}",
                )
        return value

    def _day(self) -> Value:
        """A day, in quotation marks or not."""
        if self._here.kind is Kind.TEXT and (day := day_in(str(self._here.value))):
            self._next()
            return day
        return self._value((Kind.DATE,), Sentence("a day such as 2026-01-31"))

    def _value(self, kinds: Iterable[Kind], expected: Sentence) -> Value:
        if self._here.kind not in kinds:
            raise self._failure((expected,))
        return self._next().value

    # what people did

    def _deed(self) -> Leaf:
        if self._take("acted"):
            named = self._name(Sentence("an action's words")) if self._take("on") else ""
            return Deed(Verb.CLICKED, Target(Aim.ACTION, named), self._window())
        for verb in Verb:
            if self._take(*verb.split()):
                target = self._target() if verb is Verb.CLICKED else None
                window = self._window()
                if verb is Verb.NOTHING and window is None:
                    raise self._failure(("in last 5 issues", "in issue 12", "in last 90 days"))
                return Deed(verb, target, window)
        raise unknown(self._here, ("not", "(", *_BEGINNINGS))

    def _target(self) -> Target | None:
        if self._take("any"):
            return Target(Aim(self._words(tuple(map(str, Aim)))))
        for aim in Aim:
            if self._take(aim):
                return Target(aim, self._name(Sentence("the {aim}'s name", aim=aim)))
        return None

    def _window(self) -> Window | None:
        if not self._take("in"):
            return None
        if self._take("issue"):
            return OneIssue(self._count(Sentence("the number of an issue")))
        self._take("the")
        if not self._take("last"):
            raise self._failure(("last", "issue"))
        count = self._count(Sentence("a number"))
        unit = self._words(("issues", "issue", "days", "day"))
        if unit.startswith("day"):
            return LastDays(count)
        newsletter = self._name(Sentence("a newsletter's short name")) if self._take("of") else ""
        return LastIssues(count, newsletter)

    # tokens

    @property
    def _here(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, *words: str) -> bool:
        """Step over these words, if they come next."""
        coming = self._tokens[self._at : self._at + len(words)]
        fits = len(coming) == len(words) and all(
            token.kind is Kind.WORD and token.source.lower() == word
            for token, word in zip(coming, words, strict=True)
        )
        self._at += len(words) if fits else 0
        return fits

    def _words(self, known: tuple[str, ...]) -> str:
        for word in known:
            if self._take(word):
                return word
        raise self._failure(known)

    def _mark(self, mark: str) -> bool:
        fits = self._here.kind is Kind.MARK and self._here.source == mark
        self._at += fits
        return fits

    def _name(self, what: Sentence) -> str:
        name = str(self._value((Kind.TEXT,), Sentence("{what} in quotation marks", what=what)))
        if not name.strip():
            self._at -= 1
            raise self._failure((Sentence("{what} in quotation marks", what=what),))
        return name

    def _count(self, what: Sentence) -> int:
        here = self._here
        value = self._value((Kind.NUMBER,), what)
        if not (isinstance(value, float) and value.is_integer() and 1 <= value <= _LARGEST_COUNT):
            raise InvalidRule(
                "{value} cannot be counted; write a whole number from 1 on",
                position=here.position,
                value=number(float(value)),  # type: ignore[arg-type]  # a NUMBER is one
            )
        return int(value)

    def _failure(self, expected: Iterable[str]) -> InvalidRule:
        return unexpected(self._here, expected)
