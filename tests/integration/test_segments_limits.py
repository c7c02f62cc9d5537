"""A rule is as large as it may be on both databases, or refused with a sentence; none stops an issue."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.audience import segments, tags, targeting
from mailer.audience.selecting import select_people
from mailer.database.engine import transaction
from mailer.database.tables import Issue, Newsletter
from mailer.delivering import lifecycle
from mailer.errors import InvalidInput
from mailer.rules import parse
from tests.support.factories import NOON, add_issue, add_newsletter, add_subscriber

SILENT = "did nothing in last 3 issues"  # what takes the most words in SQL


def a_newsletter(session: Session, count: int = 0) -> Newsletter:
    """Of Ann, who has the tag t5 of so many."""
    river = add_newsletter(session)
    ann = add_subscriber(session, newsletter=river, language="de", time_zone="Europe/Berlin")
    tags.ensure(session, [f"t{n}" for n in range(count)], now=NOON)
    tags.mark(session, ann.id, ["t5"], now=NOON)
    return river


def sent_to(session: Session, issue: Issue) -> int:
    """How many the issue counts; as many are planned when it starts."""
    session.refresh(issue)
    counted = targeting.size(session, issue, now=NOON)
    planned = lifecycle.start(session, issue.id, version=issue.version, batch_size=9, now=NOON)
    assert planned == counted
    return planned


def listed(count: int) -> str:
    return ", ".join(f'"{n:x}"' for n in range(count))


def test_as_many_parts_and_values_as_may_be_are_counted(engine: Engine) -> None:
    """More tags than SQLite joins tables, more values than it takes terms."""
    with transaction(engine) as session:
        a_newsletter(session, 199)
        for rule, people in (
            (" or ".join(f'tag is "t{n}"' for n in range(199)), 1),
            (" and ".join(f'not tag is "t{n}"' for n in range(6, 199)), 1),
            (" or ".join(f'name contains "É{n}"' for n in range(199)), 0),
            *((f"{one} is one of {listed(1300)}", 0) for one in ("name", "source", "address")),
            *((f"{one} is one of {listed(200)}", 0) for one in ("language", "domain")),
        ):
            found = segments.count(session, select_people(session, parse(rule), now=NOON))
            assert found == people, rule[:50]
        for one in ("language", "domain"):
            with pytest.raises(InvalidInput, match=f"The {one} is compared with 200 at most"):
                segments.add(session, "Wrong", f"{one} is one of {listed(201)}", now=NOON)


@pytest.mark.parametrize("form", ["({part} {word} {rule})", "not ({part} {word} {rule})"])
def test_as_deep_as_may_be_is_sent_to(engine: Engine, form: str) -> None:
    rule, steps = SILENT, 10 if form.startswith("(") else 5
    for n in range(steps):
        rule = form.format(part=SILENT, word=("and", "or")[n % 2], rule=rule)
    with transaction(engine) as session:
        river = a_newsletter(session)
        segments.add(session, "Deep", rule, now=NOON)
        segments.add(session, "German", 'language is "de"', now=NOON)
        for manner in ({}, {"local_time": True, "scheduled_at": NOON}, {"canary_percent": 5.0}):
            issue = add_issue(session, river, **manner)
            targeting.choose(session, issue.id, include=["German"], exclude=["Deep"], now=NOON)
            sent_to(session, issue)
        with pytest.raises(InvalidInput, match="more than 10 groups within each other"):
            segments.add(session, "Deeper", 'not (opened and segment "Deep")', now=NOON)


def test_segments_of_segments_become_no_larger_than_databases_take(engine: Engine) -> None:
    """Each names the one before again and again: what they are together is never written out."""
    with transaction(engine) as session:
        a_newsletter(session, 6)
        segments.add(session, "S0", 'tag is "t5"', now=NOON)
        for n in range(1, 3):
            many = " or ".join([f'segment "S{n - 1}"'] * 19)
            segments.add(session, f"S{n}", f"opened or {many}", now=NOON)
        with pytest.raises(InvalidInput, match="more than 400 parts"):
            segments.add(session, "S3", " or ".join(['segment "S2"'] * 20), now=NOON)
        found = segments.count(session, segments.selection(session, "S2", now=NOON))
        assert found == 1


def test_an_issue_goes_to_more_than_one_person_may_write_into_one_rule(engine: Engine) -> None:
    """The rule it keeps is longer, too, and is read again for those who are missing."""
    with transaction(engine) as session:
        river = a_newsletter(session)
        for n in range(3):
            parts = [f'name is "nobody of this name {k} {"x" * 20}"' for k in range(120)]
            segments.add(session, f"S{n}", " or ".join(parts), now=NOON)
        named = " or ".join(f'segment "S{n}"' for n in range(3))
        segments.add(session, "All", f'{named} or language is "de"', now=NOON)
        issue = add_issue(session, river)
        targeting.choose(session, issue.id, include=["All"], now=NOON)
        assert sent_to(session, issue) == 1
        assert targeting.size(session, issue, now=NOON) == 1


def test_a_rule_that_grew_with_the_name_of_a_tag_is_read(engine: Engine) -> None:
    with transaction(engine) as session:
        a_newsletter(session, 6)
        segments.add(session, "Them", " or ".join(['tag is "t5"'] * 200), now=NOON)
        tags.rename(session, "t5", "v" * 100)
        assert len(segments.get(session, "Them").rule) > 20_000
        assert segments.count(session, segments.selection(session, "Them", now=NOON)) == 1
        assert tags.needed_by(session) == {"v" * 100: ["Them"]}
