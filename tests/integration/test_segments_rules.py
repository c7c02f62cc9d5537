"""Every rule means the same people in SQL, on both databases, as in a few lines of Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta, tzinfo

import pytest
from hypothesis import given, settings
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from mailer.audience import answers, receipts
from mailer.audience.selecting import select_people
from mailer.database.engine import ZONE
from mailer.database.tables import (
    Click,
    CustomField,
    Delivery,
    Fate,
    Issue,
    IssueLink,
    IssueState,
    Open,
    Segment,
    Subscriber,
    SubscriberTag,
    Subscription,
    Tag,
)
from mailer.field_kinds import EditableBy, FieldKind
from mailer.names import name_key
from mailer.rules import Rule, parse
from tests.support.factories import NOON, add_issue, add_newsletter
from tests.support.meaning import fits
from tests.support.people import (
    ENDED,
    ISSUES,
    LINKS,
    PEOPLE,
    RULES,
    SEGMENTS,
    SINGLE_RULES,
    TAGS,
    ZONES,
    Happening,
    Person,
)

_FIELDS = {
    "district": FieldKind.TEXT,
    "age": FieldKind.NUMBER,
    "given": FieldKind.DATE,
    "member": FieldKind.YES_NO,
    "size": FieldKind.CHOICE,
    "city": FieldKind.TEXT,
    "postcode": FieldKind.TEXT,
    "country": FieldKind.TEXT,
}


@pytest.fixture
def world(engine: Engine) -> Engine:
    """Newsletters, issues with links, fields, tags, segments; nobody yet."""
    with Session(engine) as session, session.begin():
        newsletters = {slug: add_newsletter(session, slug) for slug in ("river", "hills")}
        for number, one in enumerate(ISSUES, start=1):
            started = one.started_at
            issue = Issue(
                id=number, newsletter_id=newsletters[one.newsletter].id, subject="News",
                created_at=NOON, changed_at=NOON, started_at=started, finished_at=one.finished_at,
                state=one.state,
            )  # fmt: skip
            session.add(issue)
            session.flush()
            session.add_all(
                IssueLink(
                    issue_id=number, number=link.number, url=link.url, label=link.label,
                    role=link.role, block=link.block, block_position=1,
                )
                for link in LINKS
            )  # fmt: skip
        session.add_all(
            CustomField(
                name=name, label=name, kind=kind, editable_by=EditableBy.STAFF, created_at=NOON,
                options=["small", "large"] if kind is FieldKind.CHOICE else [],
            )
            for name, kind in _FIELDS.items()
        )  # fmt: skip
        session.add_all(
            Tag(id=n, name=name, key=name_key(name), created_at=NOON)
            for n, name in enumerate(TAGS, start=1)
        )
        session.add_all(
            Segment(name=name, key=name_key(name), rule=rule, created_at=NOON, changed_at=NOON)
            for name, rule in SEGMENTS.items()
        )
    return engine


def put(session: Session, people: Sequence[Person]) -> None:
    """Everybody with a number of their own, from 1, and all that they did."""
    newsletters = {"river": 1, "hills": 2}
    for number, one in enumerate(people, start=1):
        session.add(
            Subscriber(
                id=number, address=one.address, address_key=one.address.lower(), name=one.name,
                language=one.language, time_zone=one.time_zone, fields=one.fields,
                created_at=one.joined,
            )
        )  # fmt: skip
    session.flush()
    for number, one in enumerate(people, start=1):
        session.add_all(
            SubscriberTag(tag_id=TAGS.index(tag) + 1, subscriber_id=number) for tag in one.tags
        )
        session.add_all(
            Subscription(
                newsletter_id=newsletters[slug], subscriber_id=number, state=state,
                changed_at=NOON, source=source,
            )
            for slug, (state, source) in one.subscriptions.items()
        )  # fmt: skip
        session.add_all(_delivery(got, number) for got in _once(one.received))
        session.add_all(
            Open(issue_id=seen.issue, subscriber_id=number, at=_when(seen), machine=_by(seen))
            for seen in one.opens
        )
        session.add_all(
            Click(
                issue_id=hit.issue, subscriber_id=number, link_number=hit.link, at=_when(hit),
                machine=_by(hit),
            )
            for hit in one.clicks
        )  # fmt: skip
    session.flush()


def _once(received: Sequence[Happening]) -> list[Happening]:
    return list({one.issue: one for one in received}.values())


def _delivery(got: Happening, number: int) -> Delivery:
    fate = Fate.ACCEPTED if got.counts else Fate.REFUSED
    return Delivery(
        issue_id=got.issue,
        subscriber_id=number,
        fate=int(fate),
        attempts=1,
        at=_when(got),
        reply="",
    )


def _when(one: Happening) -> object:
    return NOON - timedelta(days=one.days_ago)


def _by(one: Happening) -> str | None:
    return None if one.counts else "HEAD request"


def selected(session: Session, rule: Rule) -> set[int]:
    return set(session.scalars(select_people(session, rule, now=NOON).ids()))


def _compare(engine: Engine, people: Sequence[Person], rule: Rule, zone: tzinfo) -> None:
    people = list({one.address.lower(): one for one in people}.values())
    people = [_as_last_seen(one, zone) for one in people]
    with Session(engine.execution_options(**{ZONE: zone})) as session:
        session.begin()
        put(session, people)
        wanted = {n for n, one in enumerate(people, start=1) if fits(rule, one)}
        found = session.scalars(select_people(session, rule, now=NOON).ids()).all()
        assert sorted(found) == sorted(wanted), str(rule)  # sorted: nobody twice
        assert session.scalar(select_people(session, rule, now=NOON).count()) == len(wanted)
        receipts.keep(session, ENDED, receipts.gathered(session, ENDED), now=NOON)
        found = session.scalars(select_people(session, rule, now=NOON).ids()).all()
        assert sorted(found) == sorted(wanted), f"by receipts: {rule}"
        for below in (3, None):  # some of the clicks and opens first, then all
            _gather_answers(session, below)
            found = session.scalars(select_people(session, rule, now=NOON).ids()).all()
            assert sorted(found) == sorted(wanted), f"by answers below {below}: {rule}"
        session.rollback()


def _gather_answers(session: Session, below: int | None) -> None:
    for source in answers.SOURCES:
        first = session.scalar(select(func.min(source.id))) or 0
        for minutes in (0, 5, 10):
            answers.gather(
                session,
                source,
                below=None if below is None else first + below,
                now=NOON + timedelta(minutes=minutes),
            )


def _as_last_seen(person: Person, zone: tzinfo) -> Person:
    joined = person.joined.astimezone(zone)
    return replace(person, received=tuple(_once(person.received)), joined=joined)


_FEW = settings(max_examples=60)


@_FEW
@given(people=PEOPLE, rule=SINGLE_RULES, zone=ZONES)
def test_each_comparison_means_the_people_it_says(
    world: Engine, people: list[Person], rule: Rule, zone: tzinfo
) -> None:
    _compare(world, people, rule, zone)


@_FEW
@given(people=PEOPLE, rule=RULES, zone=ZONES)
def test_any_combination_means_the_people_it_says(
    world: Engine, people: list[Person], rule: Rule, zone: tzinfo
) -> None:
    _compare(world, people, rule, zone)


def test_opposites_divide_everybody(world: Engine) -> None:
    """Also those of whom nothing is known: no third answer comes out of an empty field."""
    with Session(world) as session, session.begin():
        put(session, [Person("", "a@x.test", None, None, NOON, {}, frozenset(), {})])
        for text in (
            'field district is "x"',
            "field age above 3",
            'language is "en"',
            'tag is "press"',
        ):
            assert selected(session, parse(text)) == set()
            assert selected(session, parse(f"not ({text})")) == {1}


def test_many_issues_find_nobody_twice(engine: Engine) -> None:
    """Also where so many are asked for that they are collected instead of looked up one by one."""
    with Session(engine) as session, session.begin():
        river = add_newsletter(session)
        issues = [
            add_issue(session, river, started_at=NOON - timedelta(days=n), state=IssueState.SENT)
            for n in range(9)
        ]
        put(
            session,
            [Person("", f"{n}@x.test", None, None, NOON, {}, frozenset(), {}) for n in "ab"],
        )
        session.add_all(
            Delivery(
                issue_id=issue.id, subscriber_id=1, fate=int(Fate.ACCEPTED), attempts=1, at=NOON,
                reply="",
            )
            for issue in issues[:8]
        )  # fmt: skip
        for text in ("received in last 8 issues", "not received in last 8 issues", "received"):
            people = select_people(session, parse(text), now=NOON)
            wanted = [2] if text.startswith("not") else [1]
            assert session.scalars(people.ids()).all() == wanted, text
            assert session.scalar(people.count()) == 1
        assert selected(session, parse("received in last 8 issues and opened")) == set()
