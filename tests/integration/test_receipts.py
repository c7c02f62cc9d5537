"""Who got an issue is gathered once it has ended, and rules answer as the deliveries would."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from mailer.audience.selecting import select_people
from mailer.database.engine import reading, transaction
from mailer.database.tables import Delivery, Fate, Gathering, Issue, IssueState, Receipts
from mailer.keeping import thinning
from mailer.keeping.erasing import erase
from mailer.keeping.gathering import gather
from mailer.rules import parse
from tests.support.factories import NOON, add_issue, add_newsletter, add_subscriber
from tests.support.sending import SIGNER

# At the edges of words of 64 bits, the sign among them.
GOT = (1, 62, 63, 64, 127, 128, 70_000)
OTHERS = (2, 65, 126, 129)
ENDED = NOON - timedelta(hours=2)
RULES = ("received", "received in last 1 issues", "received in issue 1", "received in last 3 days")


@pytest.fixture
def sent(engine: Engine) -> Engine:
    """An issue that ended two hours ago; others were refused or are not in it."""
    with transaction(engine) as session:
        issue = add_issue(
            session, add_newsletter(session), state=IssueState.SENT,
            started_at=ENDED - timedelta(hours=1), finished_at=ENDED,
        )  # fmt: skip
        for number in (*GOT, *OTHERS):
            add_subscriber(session, f"r{number}@x.test", id=number)
        session.add_all(delivery(issue.id, number, Fate.ACCEPTED) for number in GOT)
        session.add(delivery(issue.id, OTHERS[0], Fate.REFUSED))
        session.add(delivery(issue.id, -7, Fate.ACCEPTED))
    return engine


def delivery(issue_id: int, number: int, fate: Fate) -> Delivery:
    return Delivery(
        issue_id=issue_id, subscriber_id=number, fate=int(fate), attempts=1, at=ENDED, reply=""
    )


def at_noon() -> datetime:
    return NOON


def received(engine: Engine, rule: str) -> list[int]:
    with reading(engine) as session:
        return sorted(session.scalars(select_people(session, parse(rule), now=NOON).ids()))


def gathered(engine: Engine) -> int:
    with reading(engine) as session:
        return len(session.scalars(select(Receipts)).all())


def test_rules_mean_the_same_before_and_after(sent: Engine) -> None:
    def everybody() -> dict[str, tuple[list[int], list[int]]]:
        return {rule: (received(sent, rule), received(sent, f"not {rule}")) for rule in RULES}

    before = everybody()
    assert gather(sent, at_noon) == 1
    with transaction(sent) as session:  # what is asked now are the receipts
        for one in session.scalars(select(Delivery)).all():
            session.delete(one)

    assert everybody() == before == dict.fromkeys(RULES, (list(GOT), list(OTHERS)))
    assert gather(sent, at_noon) == 0  # there is nothing left to do


def test_an_issue_that_goes_on_is_asked_itself_until_it_is_gathered_again(sent: Engine) -> None:
    gather(sent, at_noon)
    with transaction(sent) as session:
        issue = session.get_one(Issue, 1)
        issue.state = IssueState.SENDING
        session.add(delivery(1, OTHERS[1], Fate.ACCEPTED))
    wanted = sorted((*GOT, OTHERS[1]))
    assert received(sent, "received in issue 1") == wanted
    with transaction(sent) as session:
        issue = session.get_one(Issue, 1)
        issue.state, issue.finished_at = IssueState.SENT, NOON + timedelta(minutes=1)
    assert received(sent, "received in issue 1") == wanted
    assert gather(sent, lambda: NOON + timedelta(minutes=2)) == 0  # a late report may still come
    assert gather(sent, lambda: NOON + timedelta(hours=3)) == 1
    assert received(sent, "received in issue 1") == wanted


def test_an_issue_that_goes_on_while_it_is_gathered_is_left_alone(sent: Engine) -> None:
    def meanwhile() -> datetime:
        """Asked for the time again after reading, and before writing."""
        with transaction(sent) as session:
            session.get_one(Issue, 1).state = IssueState.SENDING
        return NOON

    times = iter((at_noon, meanwhile))
    gather(sent, lambda: next(times)())

    assert gathered(sent) == 0


def test_of_whoever_is_erased_no_bit_is_left(sent: Engine) -> None:
    gather(sent, at_noon)
    with transaction(sent) as session:
        erase(session, "r63@x.test", SIGNER, source="test", now=NOON)

    assert received(sent, "received") == [one for one in GOT if one != 63]
    with reading(sent) as session:
        assert session.get_one(Receipts, (1, 0)).people == 1 << 1 | 1 << 62


def test_of_deliveries_that_are_kept_no_longer_no_receipts_are(sent: Engine) -> None:
    gather(sent, at_noon)
    with transaction(sent) as session:
        assert thinning.thin_out(session, before=NOON, now=NOON) == 9

    assert gather(sent, at_noon) == 0
    assert gathered(sent) == 0
    assert received(sent, "received") == []
    with reading(sent) as session:
        assert session.scalars(select(Gathering)).all() == []
