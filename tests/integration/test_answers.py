"""Who opened and clicked is gathered once it is written and judged, and rules answer as before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete, select, text

from mailer.audience.selecting import select_people
from mailer.database.engine import reading, transaction
from mailer.database.tables import (
    Answered,
    Answers,
    Click,
    Delivery,
    Fate,
    Issue,
    IssueLink,
    IssueState,
    Open,
)
from mailer.keeping.erasing import erase
from mailer.keeping.gathering import gather_answers
from mailer.keeping.loosening import loosen
from mailer.rules import parse
from mailer.tracking.judging import judge
from tests.support.factories import NOON, add_issue, add_newsletter, add_subscriber
from tests.support.sending import SIGNER

# At the edges of words of 64 bits, the sign among them.
ACTED, READ, OPENED = (1, 63, 64), (62, 127, 128), (1, 63, 70_000)
NOTHING, MACHINES = (2, 65), (3,)
EVERYBODY = sorted({*ACTED, *READ, *OPENED, *NOTHING, *MACHINES})
AT = NOON - timedelta(hours=3)
RULES = {
    f"{deed}{window}": sorted(people)
    for deed, people in {
        "clicked": (*ACTED, *READ),
        "clicked any action": ACTED,
        "opened": OPENED,
        "did nothing": {*EVERYBODY}.difference(ACTED, READ, OPENED),
    }.items()
    for window in ("", " in last 1 issues", " in issue 1", " in last 3 days")
    if deed != "did nothing" or window
}


@pytest.fixture
def answered(engine: Engine) -> Engine:
    """An issue that ended two hours ago and what people and machines did with it."""
    with transaction(engine) as session:
        issue = add_issue(
            session, add_newsletter(session), state=IssueState.SENT,
            started_at=NOON - timedelta(hours=4), finished_at=NOON - timedelta(hours=3, minutes=30),
        )  # fmt: skip
        for number in EVERYBODY:
            add_subscriber(session, f"r{number}@x.test", id=number)
        session.add_all(
            IssueLink(
                issue_id=issue.id, number=number, url=f"https://act.test/{number}", label="Go",
                role=role, block=f"b-{number}", block_position=number,
            )
            for number, role in enumerate(("action", "text"), start=1)
        )  # fmt: skip
        session.add_all(
            Delivery(
                issue_id=issue.id, subscriber_id=number, fate=int(Fate.ACCEPTED), attempts=1,
                at=AT - timedelta(minutes=30), reply="",
            )
            for number in EVERYBODY
        )  # fmt: skip
        session.add_all([click(one, 1) for one in (*ACTED, *ACTED)])
        session.add_all([click(one, 2) for one in READ])
        session.add_all([click(one, 1, machine="HEAD request") for one in MACHINES])
        session.add_all([opened(one) for one in (*OPENED, *OPENED, -5)])
    return engine


def click(number: int, link: int, machine: str | None = None) -> Click:
    return Click(issue_id=1, subscriber_id=number, link_number=link, at=AT, machine=machine)


def opened(number: int) -> Open:
    return Open(issue_id=1, subscriber_id=number, at=AT, machine=None)


def judged(engine: Engine) -> None:
    with transaction(engine) as session:
        judge(session, now=NOON)


def gathered(engine: Engine, *, minutes: Sequence[int] = (0, 5)) -> None:
    """By a scheduler that has come by at these minutes after noon."""
    for later in minutes:
        gather_answers(engine, lambda after=timedelta(minutes=later): NOON + after)


def who(engine: Engine, rule: str) -> list[int]:
    with reading(engine) as session:
        return sorted(session.scalars(select_people(session, parse(rule), now=NOON).ids()))


def bits_of(engine: Engine, deed: Answered) -> dict[int, int]:
    with reading(engine) as session:
        rows = session.scalars(select(Answers).where(Answers.deed == deed, Answers.people != 0))
        return {one.word: one.people for one in rows}


def test_rules_mean_the_same_before_and_after(answered: Engine) -> None:
    others = {rule: sorted({*EVERYBODY}.difference(whom)) for rule, whom in RULES.items()}
    for rule, whom in RULES.items():
        assert (who(answered, rule), who(answered, f"not {rule}")) == (whom, others[rule]), rule
    judged(answered)
    gathered(answered)
    with transaction(answered) as session:  # what is asked now are the answers
        session.execute(delete(Open))
        if answered.dialect.name == "postgresql":
            session.execute(delete(Click))
    for rule, whom in RULES.items():
        # "clicked" of everybody begins with the clicks themselves: asked by its opposite, it does not.
        assert who(answered, f"not not {rule}") == whom, rule
        assert who(answered, f"not {rule}") == others[rule], rule


def test_what_comes_after_gathering_counts_at_once(answered: Engine) -> None:
    judged(answered)
    gathered(answered)
    with transaction(answered) as session:
        session.add_all([click(NOTHING[0], 1), opened(NOTHING[1])])

    assert NOTHING[0] in who(answered, "not not clicked any action in last 1 issues")
    assert NOTHING[1] in who(answered, "opened in last 3 days")
    assert who(answered, "did nothing in last 1 issues") == list(MACHINES)
    gathered(answered, minutes=(10, 15))
    assert NOTHING[1] in who(answered, "opened in last 3 days")


def test_nothing_is_gathered_before_it_is_surely_written(answered: Engine) -> None:
    """A number may be given before, and committed after, that of another row."""
    judged(answered)
    gathered(answered, minutes=(0, 1, 2))

    assert bits_of(answered, Answered.OPENED) == {}


def test_nothing_is_gathered_before_it_is_judged(answered: Engine) -> None:
    gathered(answered)
    assert bits_of(answered, Answered.CLICKED) == {}
    judged(answered)
    gathered(answered, minutes=(10,))
    assert bits_of(answered, Answered.CLICKED) != {}


def test_of_whoever_is_erased_no_bit_is_left(answered: Engine) -> None:
    judged(answered)
    gathered(answered)
    with transaction(answered) as session:
        erase(session, "r63@x.test", SIGNER, source="test", now=NOON)

    assert bits_of(answered, Answered.OPENED) == {0: 1 << 1, 70_000 // 64: 1 << 70_000 % 64}
    assert bits_of(answered, Answered.ACTED) == {0: 1 << 1, 1: 1}


def test_what_is_cut_loose_from_people_is_theirs_no_longer(answered: Engine) -> None:
    judged(answered)
    gathered(answered)
    with transaction(answered) as session:
        while loosen(session, before=NOON, now=NOON):
            pass

    assert bits_of(answered, Answered.CLICKED) == {}
    assert who(answered, "opened") == who(answered, "not not clicked") == []


def test_an_issue_that_is_removed_takes_its_answers_along(answered: Engine) -> None:
    judged(answered)
    gathered(answered)
    with transaction(answered) as session:
        for table in ("deliveries", "clicks", "opens", "issue_links"):
            session.execute(text(f"DELETE FROM {table}"))  # noqa: S608  # constant
        session.execute(delete(Issue))

    assert bits_of(answered, Answered.CLICKED) == {}
