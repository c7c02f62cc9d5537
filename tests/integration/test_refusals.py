"""Whom the relay refused for good is not mailed again; whoever it refused for another reason is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from mailer.audience import consent, suppressions
from mailer.bouncing.suppressing import Rules
from mailer.bouncing.weighing import weigh
from mailer.database.engine import reading, transaction
from mailer.database.tables import Delivery, Fate, Issue, IssueState
from mailer.delivering import lifecycle
from tests.support.factories import NOON, add_issue, add_newsletter, add_subscriber
from tests.support.sending import SIGNER, a_worker, audited, run_until, start
from tests.support.sink import Sink, running

RULES = Rules(count=3, days=10)
FULL = "552 5.2.2 mailbox full"
GONE = "550 5.1.1 <ann@readers.test>: Recipient address rejected: User unknown"
BLOCKED = "554 5.7.1 Message blocked: your network is on our list"
OK = "250 2.0.0 OK"
ANN = "ann@readers.test"


def mailed(engine: Engine, *replies: str, state: IssueState = IssueState.SENT) -> int:
    """Issues a week apart, and what the relay said when each was offered to Ann; her number."""
    with transaction(engine) as session:
        newsletter = add_newsletter(session)
        ann = add_subscriber(session, ANN, newsletter=newsletter)
        for number, reply in enumerate(replies):
            at = NOON + timedelta(days=7 * number)
            issue = add_issue(session, newsletter, started_at=at, finished_at=at, state=state)
            fate = Fate.ACCEPTED if reply.startswith("2") else Fate.REFUSED
            session.add(
                Delivery(
                    issue_id=issue.id,
                    subscriber_id=ann.id,
                    fate=int(fate),
                    attempts=1,
                    at=at,
                    reply=reply,
                )
            )
        return ann.id


def judged(engine: Engine) -> dict[int, int]:
    return dict(weigh(engine, RULES, lambda: NOON))


def why(engine: Engine, address: str = ANN) -> str:
    with reading(engine) as session:
        found = suppressions.find(session, address, SIGNER)
        return f"{found.source}: {found.reason}" if found else ""


def test_an_address_that_does_not_exist_is_skipped_by_the_next_issue(engine: Engine) -> None:
    answers = {
        "gone@readers.test": "550 5.1.1 <gone@readers.test>: User unknown",
        "full@readers.test": FULL,
        "spam@readers.test": BLOCKED,
    }
    with transaction(engine) as session:
        newsletter = add_newsletter(session)
        for address in (ANN, *answers):
            add_subscriber(session, address, newsletter=newsletter)
        first, second = (add_issue(session, newsletter).id for _ in range(2))
    with running(Sink(on_rcpt=answers.get)) as sink:
        start(engine, first)
        run_until(a_worker(engine, sink), engine, first)

        assert judged(engine) == {first: 1}

        start(engine, second)
        result = run_until(a_worker(engine, sink), engine, second)

    assert why(engine, "gone@readers.test") == "refusal: refused: user unknown, 5.1.1"
    assert audited(engine, first).suppressed == 1
    assert result.skipped_reasons == {"suppressed: refused: user unknown, 5.1.1": 1}
    assert (result.accepted, result.refused, result.balanced) == (1, 2, True)


@pytest.mark.parametrize(
    ("replies", "suppressed"),
    [
        ((FULL, FULL, FULL), True),
        ((FULL, FULL), False),
        ((FULL, OK, FULL, FULL), False),
        ((FULL, BLOCKED, FULL, FULL), True),
        ((BLOCKED,) * 5, False),
        (("451 4.2.2 mailbox full, try again later",) * 3, True),
        (("550 no",) * 5, False),
    ],
    ids=str,
)
def test_a_mailbox_that_is_full_counts_in_a_row_and_what_is_said_of_us_does_not(
    engine: Engine, replies: tuple[str, ...], suppressed: bool
) -> None:
    mailed(engine, *replies)
    judged(engine)
    assert bool(why(engine)) is suppressed
    if suppressed:
        assert "refused 3 times in a row over" in why(engine)


def test_what_was_judged_is_not_judged_again(engine: Engine) -> None:
    mailed(engine, GONE)
    assert sum(judged(engine).values()) == 1
    with transaction(engine) as session:
        suppressions.remove(session, ANN, SIGNER, by="tess", now=NOON)  # somebody knows better
    assert judged(engine) == {}
    assert why(engine) == ""


def test_an_issue_sent_on_to_who_joined_since_has_its_new_refusals_judged(engine: Engine) -> None:
    mailed(engine, GONE)
    judged(engine)
    later = NOON + timedelta(hours=1)
    with transaction(engine) as session:
        suppressions.remove(session, ANN, SIGNER, by="tess", now=NOON)
        issue = session.scalars(select(Issue)).one()
        cy = add_subscriber(session, "cy@readers.test").id
        session.add(
            Delivery(issue_id=issue.id, subscriber_id=cy, fate=2, attempts=1, at=later, reply=GONE)
        )
        issue.state = IssueState.SENDING
        session.flush()
        lifecycle.finish(session, issue.id, now=later)
    assert sum(judged(engine).values()) == 1
    assert why(engine, "cy@readers.test")
    assert why(engine) == ""


@pytest.mark.parametrize("state", [IssueState.CANCELLED, IssueState.PAUSED, IssueState.SENDING])
def test_an_issue_that_was_not_sent_to_its_end_is_not_judged(
    engine: Engine, state: IssueState
) -> None:
    mailed(engine, GONE, state=state)
    assert judged(engine) == {}
    assert why(engine) == ""


def test_whoever_has_a_new_address_since_is_not_suppressed_for_the_old_one(engine: Engine) -> None:
    ann = mailed(engine, GONE)
    with transaction(engine) as session:
        consent.note(
            session,
            subscriber_id=ann,
            now=NOON + timedelta(minutes=1),
            source=consent.NEW_ADDRESS,
            evidence={},
        )
    assert judged(engine) == {}
    assert why(engine) == ""
