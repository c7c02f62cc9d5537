"""Random rules, for properties that hold for all of them."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

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
)

_LETTERS = st.characters(codec="utf-8", exclude_characters="\x00")
_TEXTS = st.text(_LETTERS, max_size=8)
_NAMES = st.text(_LETTERS, min_size=1, max_size=8).filter(lambda name: bool(name.strip()))
_NUMBERS = st.integers(-1000, 1000).map(float) | st.decimals(-99, 99, places=3).map(float)
_DAYS = st.dates(date(1990, 1, 1), date(2199, 12, 31))
_COUNTS = st.integers(1, 400)


@st.composite
def comparisons(draw: st.DrawFn) -> Rule:
    """One comparison that its subject knows."""
    subject = draw(st.sampled_from(list(Subject)))
    operator = draw(st.sampled_from(OPERATORS[subject]))
    field = draw(_NAMES) if subject is Subject.FIELD else ""
    values: tuple[Value, ...]
    if operator is Operator.EMPTY:
        values = ()
    elif operator is Operator.LAST_DAYS:
        values = (float(draw(_COUNTS)),)
    elif operator in DATED:
        values = (draw(_DAYS),)
    elif operator in NUMERIC:
        values = (draw(_NUMBERS),)
    elif operator is Operator.ONE_OF:
        values = tuple(draw(st.lists(_TEXTS, min_size=1, max_size=3)))
    elif subject is Subject.FIELD and operator is Operator.IS:
        values = (draw(_TEXTS | _NUMBERS | st.booleans()),)
    else:
        values = (draw(_TEXTS),)
    return Comparison(subject, operator, values, field)


_WINDOWS = (
    st.builds(LastIssues, _COUNTS, st.just("") | _NAMES)
    | st.builds(OneIssue, _COUNTS)
    | st.builds(LastDays, _COUNTS)
)
_TARGETS = st.none() | st.builds(Target, st.sampled_from(list(Aim)), st.just("") | _NAMES)
_DEEDS = (
    st.builds(Deed, st.just(Verb.CLICKED), _TARGETS, st.none() | _WINDOWS)
    | st.builds(
        Deed, st.sampled_from([Verb.RECEIVED, Verb.OPENED]), st.none(), st.none() | _WINDOWS
    )
    | st.builds(Deed, st.just(Verb.NOTHING), st.none(), _WINDOWS)
)
_LEAVES = (
    comparisons()
    | st.builds(Subscribed, _NAMES, st.sampled_from(list(Standing)))
    | st.builds(InSegment, _NAMES)
    | _DEEDS
)


def combined(leaves: st.SearchStrategy[Rule], *, most: int = 12) -> st.SearchStrategy[Rule]:
    """Trees over *leaves* with and, or and not."""
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(Not, inner)
            | st.lists(inner, min_size=2, max_size=4).map(lambda parts: And(tuple(parts)))
            | st.lists(inner, min_size=2, max_size=4).map(lambda parts: Or(tuple(parts)))
        ),
        max_leaves=most,
    )


def rules() -> st.SearchStrategy[Rule]:
    """Any rule."""
    return combined(_LEAVES)
