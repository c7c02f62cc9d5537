"""An issue that does not move says what it waits for, and until when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from mailer.database.engine import transaction
from mailer.database.tables import Batch, Issue, IssueState, Newsletter
from mailer.delivering import ledger, lifecycle
from mailer.delivering.permits import NO_LIMITS, Kind, Limits
from mailer.delivering.waiting import Wait, waits_for
from mailer.delivering.waves import let_others_follow
from mailer.rates import parse_rates
from mailer.warming import WarmUpPlan
from tests.support.factories import NOON, add_issue, add_newsletter, add_readers
from tests.support.sending import reserved

HOUR = timedelta(hours=1)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with transaction(engine) as session:
        yield session


def an_issue(session: Session, **values: object) -> Issue:
    newsletter = add_newsletter(session)
    add_readers(session, newsletter, 40)
    issue = add_issue(session, newsletter)
    for name, value in values.items():
        setattr(issue, name, value)
    session.flush()
    return issue


def under_way(session: Session, **values: object) -> Issue:
    issue = an_issue(session, **values)
    lifecycle.start(session, issue.id, version=issue.version, batch_size=10, now=NOON)
    session.refresh(issue)
    return issue


def wait_of(
    session: Session, issue: Issue, *, limits: Limits = NO_LIMITS, now: datetime = NOON
) -> Wait | None:
    session.refresh(issue)
    return waits_for(session, issue, limits, now=now)


def lease(session: Session, now: datetime = NOON) -> ledger.Leased | None:
    return ledger.lease(session, worker="one", now=now, seconds=60)


def test_a_draft_waits_for_nothing(session: Session) -> None:
    assert wait_of(session, an_issue(session)) is None


def test_a_scheduled_one_waits_for_its_time(session: Session) -> None:
    issue = an_issue(
        session, state=IssueState.SCHEDULED, scheduled_at=NOON + HOUR, starts_at=NOON + HOUR
    )
    assert str(wait_of(session, issue)) == (
        "It waits for its time, and can be changed or taken back, until 2026-11-02 13:00:00 UTC."
    )
    late = wait_of(session, issue, now=NOON + 2 * HOUR)
    assert late is not None
    assert "mailer schedule" in late.why


def test_what_is_being_sent_waits_for_a_worker_and_then_for_nothing(session: Session) -> None:
    issue = under_way(session)
    wait = wait_of(session, issue)
    assert wait is not None
    assert "waits for a worker" in wait.why
    lease(session)
    assert wait_of(session, issue) is None


def test_a_paused_one_waits_for_a_person(session: Session) -> None:
    issue = under_way(session)
    lifecycle.pause(session, issue.id)
    assert str(wait_of(session, issue)) == (
        "It is paused, and waits for somebody to resume or to cancel it."
    )


def test_the_others_wait_for_a_canary_and_then_for_its_minutes(session: Session) -> None:
    issue = under_way(session, canary_percent=25.0, canary_minutes=15)
    leased = lease(session)
    assert leased is not None
    assert str(wait_of(session, issue)) == (
        "30 wait for the canary: they go 15 minutes after everybody of it has been tried, unless "
        "it stops the issue."
    )
    done = ledger.Progress(leased.batch_id, issue.id, leased.lease, 1, 10, complete=True)
    assert ledger.report(session, done, worker="one", now=NOON, seconds=60)
    let_others_follow(session, now=NOON)
    wait = wait_of(session, issue)
    assert wait is not None
    assert (wait.until, "canary is through" in wait.why) == (NOON + timedelta(minutes=15), True)


def test_it_waits_for_the_sending_hours_in_the_newsletters_zone(session: Session) -> None:
    issue = under_way(session)
    session.execute(
        update(Newsletter).values(sending_hours="08:00-12:00", time_zone="Europe/Lisbon")
    )
    assert wait_of(session, issue, now=NOON - HOUR) is not None  # for a worker
    closed = wait_of(session, issue, now=NOON + HOUR)
    assert closed is not None
    assert "08:00-12:00 in Europe/Lisbon" in closed.why
    assert closed.until == datetime(2026, 11, 3, 8, tzinfo=UTC)
    early = wait_of(session, issue, now=NOON - 5 * HOUR)
    assert early is not None
    assert early.until == datetime(2026, 11, 2, 8, tzinfo=UTC)


def test_it_waits_for_tomorrow_while_its_domain_is_warmed_up(session: Session) -> None:
    issue = under_way(session)
    domain = issue.newsletter.from_address.rpartition("@")[2]
    limits = Limits(warm_ups={domain: WarmUpPlan((5, 10))})
    lease(session)
    assert wait_of(session, issue, limits=limits) is None
    reserved(session, limits, {Kind(sender=domain): 5}, now=NOON)
    assert str(wait_of(session, issue, limits=limits)) == (
        f"It waits for tomorrow: {domain} is being warmed up, and has sent its 5 of today, until "
        "2026-11-03 00:00:00 UTC."
    )


def test_it_waits_for_a_quota_that_is_used_up(session: Session) -> None:
    issue = under_way(session)
    limits = Limits(parse_rates("100/second, 20/hour"))
    lease(session)
    reserved(session, limits, {Kind(): 10}, now=NOON)
    assert wait_of(session, issue, limits=limits) is None
    reserved(session, limits, {Kind(): 10}, now=NOON + HOUR / 2)
    spent = wait_of(session, issue, limits=limits, now=NOON + HOUR / 2)
    assert spent is not None
    assert "20/hour" in spent.why
    assert spent.until is not None
    assert NOON + HOUR <= spent.until <= NOON + HOUR + timedelta(minutes=1)


def test_those_put_off_wait_for_another_attempt(session: Session) -> None:
    issue = under_way(session)
    session.execute(update(Batch).values(attempt=2, due_at=NOON + HOUR))
    assert str(wait_of(session, issue)) == (
        "Those whom the relay put off wait for another attempt, until 2026-11-02 13:00:00 UTC."
    )


def test_those_who_may_have_got_it_wait_for_a_person(session: Session) -> None:
    issue = under_way(session)
    session.execute(update(Batch).values(held=True))
    wait = wait_of(session, issue)
    assert wait is not None
    assert "released or cancelled" in wait.why
    assert session.scalars(select(Issue.state)).one() is IssueState.SENDING
