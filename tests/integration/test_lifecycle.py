"""What an issue may do next, and that of two who try it one does it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select

from mailer.database.engine import reading, transaction
from mailer.database.tables import Batch, Delivery, Issue, IssueState, Newsletter
from mailer.delivering import lifecycle
from mailer.errors import Conflict, NotFound
from tests.support.factories import NOON, add_issue, add_newsletter, add_readers, add_subscriber
from tests.support.sending import a_worker, audited, run_until, start, state_of
from tests.support.sink import Sink, running


def an_issue(engine: Engine, readers: int = 0) -> int:
    with transaction(engine) as session:
        newsletter = add_newsletter(session)
        add_readers(session, newsletter, readers)
        return add_issue(session, newsletter).id


def test_the_audience_is_frozen_into_batches_in_order(engine: Engine) -> None:
    issue_id = an_issue(engine, 25)

    assert start(engine, issue_id, batch_size=10) == 25

    with reading(engine) as session:
        batches = session.scalars(select(Batch).order_by(Batch.id)).all()
        assert sorted(batch.size for batch in batches) == [5, 10, 10]
        ids = [int(one) for batch in batches for one in batch.subscriber_ids.split(",")]
        assert len(set(ids)) == 25


def test_of_two_schedulers_one_starts_an_issue(engine: Engine) -> None:
    issue_id = an_issue(engine, 10)
    results: list[str] = []

    def attempt() -> None:
        try:
            start(engine, issue_id)
            results.append("started")
        except Conflict:
            results.append("conflict")

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == ["conflict"] * 3 + ["started"]
    assert audited(engine, issue_id).planned == 10


def test_an_issue_changed_after_it_was_rendered_is_not_started(engine: Engine) -> None:
    issue_id = an_issue(engine, 3)

    with pytest.raises(Conflict, match="was changed"), transaction(engine) as session:
        lifecycle.start(session, issue_id, version=7, batch_size=10, now=NOON)

    assert state_of(engine, issue_id) is IssueState.DRAFT
    with reading(engine) as session:
        assert session.scalar(select(func.count()).select_from(Batch)) == 0


@pytest.mark.parametrize(
    ("state", "step", "sentence"),
    [
        (IssueState.DRAFT, lifecycle.pause, "cannot be paused: it is a draft"),
        (IssueState.SENT, lifecycle.resume, "cannot be resumed: it has been sent"),
        (IssueState.SENT, lifecycle.cancel, "cannot be cancelled: it has been sent"),
        (IssueState.SENDING, lifecycle.resume, "cannot be resumed: it is being sent"),
    ],
)
def test_a_step_that_the_state_forbids_says_so(
    sqlite_engine: Engine, state: IssueState, step: object, sentence: str
) -> None:
    issue_id = an_issue(sqlite_engine)
    with transaction(sqlite_engine) as session:
        session.get_one(Issue, issue_id).state = state

    with pytest.raises(Conflict, match=sentence), transaction(sqlite_engine) as session:
        step(session, issue_id)  # type: ignore[operator]  # one of the functions above


def test_there_is_nothing_to_do_with_an_issue_that_does_not_exist(sqlite_engine: Engine) -> None:
    with pytest.raises(NotFound, match="no issue 99"), transaction(sqlite_engine) as session:
        lifecycle.pause(session, 99)


def test_utm_campaign_is_frozen_at_the_first_schedule(engine: Engine) -> None:
    issue_id = an_issue(engine)
    for day, campaign in ((1, "river-2026-12-01"), (2, "river-2026-12-02")):
        with transaction(engine) as session:
            lifecycle.schedule(
                session, issue_id, at=NOON + timedelta(days=day), utm_campaign=campaign
            )

    with reading(engine) as session:
        issue = session.get_one(Issue, issue_id)
        assert issue.utm_campaign == "river-2026-12-01"
        assert issue.scheduled_at == NOON + timedelta(days=2)


def test_a_scheduled_issue_that_is_cancelled_is_a_draft_again(engine: Engine) -> None:
    issue_id = an_issue(engine)
    with transaction(engine) as session:
        lifecycle.schedule(session, issue_id, at=NOON, utm_campaign="x")
    with transaction(engine) as session:
        assert lifecycle.cancel(session, issue_id) is False

    assert state_of(engine, issue_id) is IssueState.DRAFT


def test_whoever_waits_for_a_cancelled_issue_is_skipped_and_counted(engine: Engine) -> None:
    issue_id = an_issue(engine, 45)
    start(engine, issue_id, batch_size=10)
    with transaction(engine) as session:
        assert lifecycle.cancel(session, issue_id) is True
    with transaction(engine) as session:
        assert lifecycle.settle(session, now=NOON) == 45

    result = audited(engine, issue_id)
    assert (result.skipped, result.waiting) == (45, 0)
    assert result.skipped_reasons == {"cancelled": 45}
    assert result.balanced


def test_an_issue_for_nobody_is_sent_at_once(engine: Engine) -> None:
    issue_id = an_issue(engine)
    start(engine, issue_id)
    with transaction(engine) as session:
        lifecycle.settle(session, now=NOON)

    assert state_of(engine, issue_id) is IssueState.SENT


def test_a_sent_issue_goes_to_those_who_joined_since_and_to_nobody_twice(engine: Engine) -> None:
    issue_id = an_issue(engine, 20)
    start(engine, issue_id)
    with running(Sink()) as sink:
        run_until(a_worker(engine, sink), engine, issue_id)
        with transaction(engine) as session:
            newsletter = session.scalars(select(Newsletter)).one()
            late = add_subscriber(session, "late@readers.test", newsletter=newsletter).address
        with transaction(engine) as session:
            assert lifecycle.send_to_missing(session, issue_id, batch_size=10, now=NOON) == 1
        result = run_until(a_worker(engine, sink), engine, issue_id)

    assert sink.counts[late] == 1
    assert max(sink.counts.values()) == 1
    assert (result.planned, result.accepted) == (21, 21)
    assert result.balanced


def test_an_audit_tells_when_somebody_is_missing(engine: Engine) -> None:
    issue_id = an_issue(engine, 10)
    start(engine, issue_id)
    with transaction(engine) as session:
        batch = session.scalars(select(Batch)).one()
        batch.subscriber_ids = ",".join(batch.subscriber_ids.split(",")[1:])

    result = audited(engine, issue_id)

    assert (result.planned, result.waiting) == (10, 9)
    assert not result.balanced
    with reading(engine) as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 0
