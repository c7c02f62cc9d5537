"""Random people in a small world, and what a rule means of them, told without SQL."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from mailer.database.tables import Consent, IssueState
from mailer.rules.syntax import (
    Aim,
    Comparison,
    Deed,
    InSegment,
    LastDays,
    LastIssues,
    Not,
    OneIssue,
    Operator,
    Rule,
    Standing,
    Subject,
    Subscribed,
    Target,
    Verb,
    Window,
)
from tests.support.factories import NOON
from tests.support.rules import combined


@dataclass(frozen=True)
class Link:
    number: int
    label: str
    role: str
    url: str
    block: str


@dataclass(frozen=True)
class SentIssue:
    newsletter: str
    started_at: datetime | None
    finished_at: datetime | None = None

    @property
    def state(self) -> IssueState:
        if self.started_at is None:
            return IssueState.DRAFT
        return IssueState.SENT if self.finished_at else IssueState.SENDING


@dataclass(frozen=True)
class Happening:
    """Somebody got (link 0) or opened an issue, or followed a link of it."""

    issue: int  # from 1
    link: int
    days_ago: int
    counts: bool  # accepted; by a person


@dataclass(frozen=True)
class Person:
    name: str
    address: str
    language: str | None
    time_zone: str | None
    joined: datetime
    fields: dict[str, Any]
    tags: frozenset[str]
    subscriptions: dict[str, tuple[Consent, str]]
    received: tuple[Happening, ...] = field(default=())
    opens: tuple[Happening, ...] = field(default=())
    clicks: tuple[Happening, ...] = field(default=())


LINKS = (
    Link(1, "Sign now", "action", "https://act.test/sign?utm_source=river", "now-1"),
    Link(2, "Read on", "text", "https://news.test/", "text-2"),
    Link(3, "ÉCRIRE", "item", "https://act.test/write", "letters-3"),
)
# Started in another order than they were written; the last was never started.
ISSUES = (
    SentIssue("river", NOON - timedelta(days=20), NOON - timedelta(days=5)),
    SentIssue("hills", NOON - timedelta(days=2)),
    SentIssue("river", NOON - timedelta(days=9)),
    SentIssue("river", NOON - timedelta(days=1)),
    SentIssue("river", None),
)
ENDED = 1  # the issue whose deliveries can be gathered
TAGS = ("volunteer", "Press", "Ärzte")
SEGMENTS = {
    "Volunteers": 'tag is "volunteer"',
    "Quiet ones": 'not segment "Volunteers" and not clicked',
}

_WORDS = (
    "North", "NORTH", "north", "Südost", "SÜDOST", "100%", "a_b", "", "10",
    "İzmir", "IZMIR", "izmir", "ılıca", "Straße", "STRASSE", "ΣΟΦΟΣ", "σοφος",
)  # fmt: skip
_DAYS = st.sampled_from(
    [date(2026, 10, 25), date(2026, 10, 30), date(2026, 11, 1), date(2026, 11, 2),
     date(2026, 11, 3), date(2025, 1, 1), date.min, date.max]
)  # fmt: skip
# Where days may begin: on the evening before, and on the other side of the date line.
ZONES = st.sampled_from(
    [UTC, *map(ZoneInfo, ("Europe/Berlin", "America/New_York", "Pacific/Kiritimati"))]
)
# Around midnight, and in the nights in which Europe's and America's clocks go back.
_MOMENTS = (
    *(NOON - timedelta(days=days) for days in (0, 1, 2, 3, 30, 40, 400)),
    datetime(2026, 11, 1, 23, 59, 59, 999_999, UTC),
    datetime(2026, 11, 2, tzinfo=UTC),
    *(
        datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo("America/New_York"))
        for day, hour, minute in ((1, 0, 0), (1, 23, 59), (2, 0, 0), (2, 6, 0))
    ),
    datetime(2026, 10, 24, 23, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 1, 30, tzinfo=ZoneInfo("Europe/Berlin")),
    datetime(2026, 10, 26, 0, 30, tzinfo=ZoneInfo("Europe/Berlin")),
)
_NUMBERS = st.sampled_from([-1, 0, 2.5, 18, 1000])
_LANGUAGES = st.sampled_from([None, "en", "en-GB", "EN-us", "english", "de", "tr"])
LANGUAGE_NAMES = {"german": "de", "Englisch": "en", "TÜRKÇE": "tr"}
_ZONES = st.sampled_from([None, "Europe/Berlin", "Europe/Lisbon", "UTC"])
_ADDRESSES = st.sampled_from(
    ["a@readers.test", "b@mail.readers.test", "c@otherreaders.test", "d_d@x.test", "DD@X.test"]
)
_PLACES = ("Lindholm", "lindholm", "Lindholm East", "12345", "12")
COUNTRIES = (
    frozenset({"de", "deu", "germany", "deutschland", "allemagne", "германия"}),
    frozenset({"se", "swe", "sweden", "sverige", "schweden"}),
)
_COUNTRY_NAMES = (
    "DE",
    "Germany",
    "DEUTSCHLAND",
    "Allemagne",
    "Германия",
    "se",
    "SWE",
    "Sverige",
    "Nowhere",
)


def _possible(one: Happening) -> Happening:
    """Nothing happened to an issue before it started, or to the finished one after its end."""
    started = ISSUES[one.issue - 1].started_at
    days = min(one.days_ago, (NOON - started).days) if started else one.days_ago
    return replace(one, days_ago=max(days, 5) if one.issue == 1 else days)


def happenings(links: tuple[int, ...]) -> st.SearchStrategy[tuple[Happening, ...]]:
    one = st.builds(
        Happening,
        st.integers(1, len(ISSUES) - 1),
        st.sampled_from(links),
        st.sampled_from([0, 1, 3, 5, 10, 30]),
        st.booleans(),
    ).map(_possible)
    return st.lists(one, max_size=4).map(tuple)


def _fields() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "district": st.sampled_from([word or None for word in _WORDS]),
            "age": _NUMBERS | st.none(),
            "given": _DAYS.map(date.isoformat),
            "member": st.booleans(),
            "size": st.sampled_from(["small", "large"]),
            "city": st.sampled_from(_PLACES),
            "postcode": st.sampled_from(_PLACES),
            "country": st.sampled_from(_COUNTRY_NAMES),
        },
    )


PEOPLE = st.lists(
    st.builds(
        Person,
        name=st.sampled_from(["", "Ann", "ANNA", "Zoë Ö"]),
        address=_ADDRESSES,
        language=_LANGUAGES,
        time_zone=_ZONES,
        joined=st.sampled_from(_MOMENTS),
        fields=_fields(),
        tags=st.frozensets(st.sampled_from(TAGS)),
        subscriptions=st.dictionaries(
            st.sampled_from(["river", "hills"]),
            st.tuples(st.sampled_from(list(Consent)), st.sampled_from(["form", "import", "Form 2"])),
        ),
        received=happenings((0,)),
        opens=happenings((0,)),
        clicks=happenings((1, 2, 3)),
    ),
    min_size=1,
    max_size=6,
)  # fmt: skip

_TEXT_VALUES = st.sampled_from([*_WORDS, "nor", "öst", "südost", "%", "_", "İ", "i", "ss", "ς"])
_WINDOWS: st.SearchStrategy[Window] = (
    st.builds(LastIssues, st.integers(1, 4), st.sampled_from(["", "river", "hills"]))
    | st.builds(OneIssue, st.integers(1, len(ISSUES)))
    | st.builds(LastDays, st.sampled_from([1, 3, 10, 40]))
)
_TARGETS = st.sampled_from(
    [
        None,
        *(Target(aim) for aim in Aim),
        Target(Aim.ACTION, "sign NOW"),
        Target(Aim.ACTION, "écrire"),
        Target(Aim.ACTION, "Read on"),
        Target(Aim.LINK, "https://act.test/"),
        Target(Aim.LINK, "read on"),
        Target(Aim.BLOCK, "letters-3"),
    ]
)


def _compare(
    subject: Subject, operators: str, values: st.SearchStrategy[Any], name: str = ""
) -> st.SearchStrategy[Rule]:
    def values_of(operator: Operator) -> st.SearchStrategy[tuple[Any, ...]]:
        if operator is Operator.EMPTY:
            return st.just(())
        if operator is Operator.LAST_DAYS:
            return st.sampled_from([1.0, 3.0, 40.0]).map(lambda one: (one,))
        many = operator is Operator.ONE_OF
        return st.lists(values, min_size=1, max_size=3 if many else 1).map(tuple)

    return st.sampled_from([Operator(one) for one in operators.split(", ")]).flatmap(
        lambda operator: values_of(operator).map(
            lambda drawn: Comparison(subject, operator, drawn, name)
        )
    )


_LEAVES: st.SearchStrategy[Rule] = st.one_of(
    _compare(Subject.FIELD, "is, is one of, starts with, contains, is empty", _TEXT_VALUES, "district"),
    _compare(Subject.FIELD, "is, is one of, above, below, at least, at most, is empty", _NUMBERS.map(float), "age"),
    _compare(Subject.FIELD, "on, before, after, since, in last, is empty", _DAYS, "given"),
    _compare(Subject.FIELD, "is, is empty", st.booleans(), "member"),
    _compare(Subject.FIELD, "is, is one of, is empty", st.sampled_from(["small", "large"]), "size"),
    _compare(Subject.TAG, "is, is one of, is empty", st.sampled_from([*TAGS, "VOLUNTEER"])),
    _compare(Subject.JOINED, "on, before, after, since, in last", _DAYS),
    _compare(Subject.LANGUAGE, "is, is one of, is empty", st.sampled_from(["en", "EN-gb", "de", "e", *LANGUAGE_NAMES])),
    _compare(Subject.PLACE, "within", st.sampled_from((*_PLACES, *_COUNTRY_NAMES))),
    _compare(Subject.NAME, "is, starts with, contains, is empty", st.sampled_from(["ann", "AN", "ö", "zoë ö"])),
    _compare(Subject.ADDRESS, "is, is one of, starts with, contains", st.sampled_from(["a@readers.test", "D_D@x.test", "dd@x.test", "d", "_", "@x"])),
    _compare(Subject.DOMAIN, "is, is one of, within", st.sampled_from(["readers.test", "X.test", "test"])),
    _compare(Subject.TIME_ZONE, "is, is one of, starts with, is empty", st.sampled_from(["Europe/", "utc", "Europe/Berlin"])),
    _compare(Subject.SOURCE, "is, is one of, starts with", st.sampled_from(["form", "import", "FORM"])),
    st.builds(Subscribed, st.sampled_from(["river", "hills"]), st.sampled_from(list(Standing))),
    st.builds(InSegment, st.sampled_from([*SEGMENTS, "volunteers"])),
    st.builds(Deed, st.just(Verb.CLICKED), _TARGETS, st.none() | _WINDOWS),
    st.builds(Deed, st.sampled_from([Verb.RECEIVED, Verb.OPENED]), st.none(), st.none() | _WINDOWS),
    st.builds(Deed, st.just(Verb.NOTHING), st.none(), _WINDOWS),
)  # fmt: skip
RULES = combined(_LEAVES, most=6)
SINGLE_RULES = _LEAVES | st.builds(Not, _LEAVES)
