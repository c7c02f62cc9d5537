"""An issue stops by itself when too much is refused or comes back, whoever sends it, and says why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from mailer.clock import utc_now
from mailer.database.engine import reading, transaction
from mailer.database.tables import Bounce, Delivery, Fate, Issue, IssueState, Tally
from mailer.delivering import lifecycle
from mailer.delivering.guarding import Guard, Thresholds, too_many
from mailer.delivering.ledger import Progress
from mailer.delivering.recording import Replies
from mailer.reports import Kind
from tests.support.factories import NOON, add_issue, add_newsletter, add_readers
from tests.support.patience import SECONDS
from tests.support.sending import a_worker, audited, run_until, start, state_of, work
from tests.support.sink import Sink, running

BLOCKED = "550 5.7.1 blocked"


def an_issue(engine: Engine, readers: int, **values: object) -> tuple[int, list[str]]:
    with transaction(engine) as session:
        newsletter = add_newsletter(session)
        addresses = add_readers(session, newsletter, readers)
        issue_id = add_issue(session, newsletter, **values).id
    start(engine, issue_id, batch_size=100)
    return issue_id, addresses


def reason_of(engine: Engine, issue_id: int) -> str:
    with reading(engine) as session:
        return session.get_one(Issue, issue_id).state_reason


def tell(engine: Engine, guard: Guard, issue_id: int, fates: list[Fate]) -> dict[int, str]:
    """One worker's guard hears of so many answers, as in a turn."""
    recorded: dict[Fate, Replies] = {}
    for number, fate in enumerate(fates):
        recorded.setdefault(fate, {})[number] = BLOCKED
    heard = guard.heard([Progress(1, issue_id, 1, 1, 0, recorded)])
    with transaction(engine) as session:
        unsaid, stopped = guard.tally(session, heard, set(), now=utc_now())
    guard.keep(unsaid)
    return stopped


def come_back(engine: Engine, issue_id: int, number: int, kind: Kind) -> None:
    """*number* of the accepted messages come back, the newest first."""
    with transaction(engine) as session:
        people = session.scalars(
            select(Delivery.subscriber_id)
            .where(Delivery.issue_id == issue_id, Delivery.fate == int(Fate.ACCEPTED))
            .order_by(Delivery.at.desc())
            .limit(number)
        ).all()
        session.add_all(
            Bounce(
                report=f"{kind}-{one}",
                position=0,
                issue_id=issue_id,
                subscriber_id=one,
                signed=True,
                address="",
                kind=kind,
                status="5.1.1",
                reason="user unknown",
                diagnostic="",
                outcome="counted",
                at=NOON,
            )
            for one in people
        )


def test_an_issue_that_too_many_refuse_stops_by_itself_and_says_why(engine: Engine) -> None:
    issue_id, _ = an_issue(engine, 800)

    with running(Sink(on_rcpt=lambda _address: BLOCKED)) as sink:
        result = run_until(a_worker(engine, sink), engine, issue_id, IssueState.PAUSED)

    assert 11 <= result.refused < 300
    assert result.waiting == 800 - result.refused
    assert result.balanced
    reason = reason_of(engine, issue_id)
    assert "messages" in reason
    assert f"were refused, the last with '{BLOCKED}'" in reason


def test_what_several_workers_hear_counts_together(engine: Engine) -> None:
    issue_id, _ = an_issue(engine, 1)
    first, second = Guard(Thresholds()), Guard(Thresholds())
    few = [Fate.ACCEPTED] * 4 + [Fate.REFUSED] * 6

    assert tell(engine, first, issue_id, few) == {}
    stopped = tell(engine, second, issue_id, few)

    assert "of the last 20 messages 12 were refused" in stopped[issue_id]


def test_only_the_last_messages_count(engine: Engine) -> None:
    issue_id, _ = an_issue(engine, 1)
    guard = Guard(Thresholds(among=200))
    assert tell(engine, guard, issue_id, [Fate.ACCEPTED] * 5000) == {}
    assert tell(engine, guard, issue_id, [Fate.ACCEPTED] * 190 + [Fate.REFUSED] * 10) == {}

    stopped = tell(engine, guard, issue_id, [Fate.ACCEPTED] * 80 + [Fate.REFUSED] * 120)

    assert "of the last 200 messages 120 were refused" in stopped[issue_id]


def test_a_tally_costs_a_row_in_a_while_and_not_one_a_turn(sqlite_engine: Engine) -> None:
    issue_id, _ = an_issue(sqlite_engine, 2000)

    with running(Sink()) as sink:
        run_until(a_worker(sqlite_engine, sink), sqlite_engine, issue_id)
        with reading(sqlite_engine) as session:
            rows = len(session.scalars(select(Tally.id)).all())

    assert rows <= 40  # batches that ended, and four a second; there were hundreds of turns


@pytest.mark.parametrize(
    ("bad", "seen", "percent", "stops"),
    [
        (10, 10, 10.0, False),
        (11, 11, 10.0, True),
        (51, 500, 10.0, True),
        (50, 500, 10.0, False),
        (2, 500, 0.1, False),
        (500, 500, 0.0, False),
    ],
)
def test_a_few_stop_nothing_and_zero_percent_means_never(
    bad: int, seen: int, percent: float, stops: bool
) -> None:
    assert too_many(bad, seen, percent) is stops


def a_canary(
    engine: Engine,
    sink: Sink,
    spoil: Callable[[int], None] | None = None,
    *,
    seconds: float = SECONDS,
) -> int:
    """An issue of 500 whose canary of 20 is out; the others wait."""
    issue_id, _ = an_issue(engine, 500, canary_percent=4.0, canary_minutes=10)
    worker = a_worker(engine, sink, clock=minutes_later(1))
    if spoil is None:
        run_until(worker, engine, issue_id, IssueState.PAUSED)
        return issue_id
    work(worker, until=lambda: audited(engine, issue_id).accepted == 20, rest=0.5)
    assert state_of(engine, issue_id) is IssueState.SENDING
    spoil(issue_id)
    worker = a_worker(engine, sink, clock=minutes_later(9))
    run_until(worker, engine, issue_id, IssueState.PAUSED, seconds=seconds)
    return issue_id


def minutes_later(minutes: int) -> Callable[[], datetime]:
    return lambda: NOON + timedelta(minutes=minutes)


def test_a_small_canary_speaks_for_itself(engine: Engine) -> None:
    """Five of twenty are too few to stop a whole issue, and enough when they are its canary."""
    refused: list[str] = []

    def refuse_some(address: str) -> str | None:
        if len(refused) < 5:
            refused.append(address)
        return BLOCKED if address in refused else None

    with running(Sink(on_rcpt=refuse_some)) as sink:
        issue_id = a_canary(engine, sink)

    left = audited(engine, issue_id)
    assert (left.accepted, left.refused, left.waiting) == (15, 5, 480)
    assert "of the last 20 messages 5 were refused" in reason_of(engine, issue_id)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Kind.PERMANENT, "of 20 messages accepted one after the other, 3 came back undeliverable"),
        (Kind.COMPLAINT, "of 20 messages accepted one after the other, 3 were complained about"),
    ],
)
def test_what_comes_back_while_the_others_wait_stops_the_issue(
    engine: Engine, kind: Kind, words: str
) -> None:
    with running(Sink()) as sink:
        issue_id = a_canary(engine, sink, lambda one: come_back(engine, one, 3, kind))

    assert audited(engine, issue_id).waiting == 480
    assert words in reason_of(engine, issue_id)


def test_mailboxes_that_are_full_today_stop_nothing(engine: Engine) -> None:
    with running(Sink()) as sink, pytest.raises(TimeoutError):
        a_canary(engine, sink, lambda one: come_back(engine, one, 10, Kind.TRANSIENT), seconds=2)


def test_whoever_resumes_an_issue_has_seen_the_reason_and_it_counts_anew(engine: Engine) -> None:
    with running(Sink()) as sink:
        issue_id = a_canary(engine, sink, lambda one: come_back(engine, one, 3, Kind.COMPLAINT))
        with transaction(engine) as session:
            lifecycle.resume(session, issue_id)
        run_until(a_worker(engine, sink, clock=minutes_later(11)), engine, issue_id)

    assert audited(engine, issue_id).accepted == 500


def test_of_many_messages_those_before_and_after_what_came_back_say_nothing(
    engine: Engine,
) -> None:
    """Sixty of the hundred that went in the third minute come back: the thousands do not help."""
    issue_id, _ = an_issue(engine, 1)
    with transaction(engine) as session:
        for minute in range(5):
            at = NOON + timedelta(minutes=minute)
            session.add(Tally(issue_id=issue_id, at=at, accepted=100, refused=0))
            session.add_all(
                Delivery(
                    issue_id=issue_id,
                    subscriber_id=1000 * minute + number,
                    fate=int(Fate.ACCEPTED),
                    attempts=1,
                    at=at,
                    reply="250 Ok",
                )
                for number in range(60 if minute == 3 else 0)
            )
    come_back(engine, issue_id, 60, Kind.PERMANENT)

    with transaction(engine) as session:
        stopped = Guard(Thresholds(among=100)).look(session)

    assert "of 100 messages accepted one after the other, 60 came back" in stopped[issue_id]
    assert state_of(engine, issue_id) is IssueState.SENDING  # the worker is who stops it
