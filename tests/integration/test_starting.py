"""An issue starts at its time, and not before; until then it can be changed and taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from mailer.blocks import Content, parse_content
from mailer.composing import issues
from mailer.database.engine import reading, transaction
from mailer.database.tables import Issue, IssueState, Rendition
from mailer.delivering import lifecycle
from mailer.delivering.lifecycle import Manner
from mailer.errors import Conflict
from tests.support.factories import NOON, add_newsletter, add_readers
from tests.support.sending import state_of
from tests.support.site import mailer_of

SECOND = timedelta(seconds=1)


def content(words: str) -> Content:
    block = {"kind": "text", "body": f"<p>{words}</p>"}
    return parse_content({"subject": "The river is back", "blocks": [block]})


def a_draft(engine: Engine) -> int:
    with transaction(engine) as session:
        river = add_newsletter(session)
        add_readers(session, river, 3)
        return issues.create(session, river.id, content("First words"), now=NOON).id


def test_right_away_leaves_half_a_minute_to_take_it_back(engine: Engine) -> None:
    starter = mailer_of(engine).starter
    issue_id = a_draft(engine)

    starts = starter.schedule(issue_id, at=None, now=NOON)

    assert starts == NOON + 30 * SECOND
    assert starter.start_due(NOON + 29 * SECOND) == []
    with transaction(engine) as session:
        assert lifecycle.cancel(session, issue_id) is False
    assert starter.start_due(NOON + 31 * SECOND) == []
    assert state_of(engine, issue_id) is IssueState.DRAFT


def test_when_the_undo_window_is_over_it_starts(engine: Engine) -> None:
    starter = mailer_of(engine).starter
    issue_id = a_draft(engine)
    starter.schedule(issue_id, at=None, now=NOON)

    assert starter.start_due(NOON + 30 * SECOND) == [issue_id]


def test_a_clock_set_back_starts_nothing_early_and_nothing_twice(engine: Engine) -> None:
    starter = mailer_of(engine).starter
    issue_id, hour = a_draft(engine), 3600 * SECOND
    starter.schedule(issue_id, at=NOON + hour, now=NOON)

    assert starter.start_due(NOON) == []  # it was nearly one, and is noon again
    assert starter.start_due(NOON + hour) == [issue_id]
    assert starter.start_due(NOON) == []
    assert starter.start_due(NOON + 2 * hour) == []


def test_the_undo_window_is_as_long_as_the_settings_say(sqlite_engine: Engine) -> None:
    issue_id = a_draft(sqlite_engine)

    none = mailer_of(sqlite_engine, undo_seconds=0).starter
    assert none.schedule(issue_id, at=None, now=NOON) == NOON
    long = mailer_of(sqlite_engine, undo_seconds=120).starter
    assert long.schedule(issue_id, at=None, now=NOON) == NOON + 120 * SECOND


def test_a_time_that_was_given_is_kept(sqlite_engine: Engine) -> None:
    starter = mailer_of(sqlite_engine).starter
    issue_id = a_draft(sqlite_engine)

    assert starter.schedule(issue_id, at=NOON + 5 * SECOND, now=NOON) == NOON + 5 * SECOND
    assert starter.start_due(NOON + 5 * SECOND) == [issue_id]


def test_in_local_time_it_starts_before_the_first_zones_hour_and_can_be_undone_too(
    engine: Engine,
) -> None:
    starter = mailer_of(engine).starter
    issue_id = a_draft(engine)
    locally = Manner(local_time=True)
    hour = timedelta(hours=1)

    starts = starter.schedule(issue_id, at=NOON + 20 * hour, now=NOON, manner=locally)
    assert starts == NOON + 6 * hour
    starts = starter.schedule(issue_id, at=NOON + hour, now=NOON, manner=locally)
    assert starts == NOON + 30 * SECOND
    assert starter.start_due(NOON + 29 * SECOND) == []


def test_a_scheduled_issue_goes_out_as_it_was_last_changed(engine: Engine) -> None:
    starter = mailer_of(engine).starter
    issue_id = a_draft(engine)
    starter.schedule(issue_id, at=NOON + 60 * SECOND, now=NOON)

    with transaction(engine) as session:
        issues.replace(session, issue_id, content("Last words"), version=1, now=NOON)
    assert state_of(engine, issue_id) is IssueState.SCHEDULED
    starter.schedule(issue_id, at=NOON + 90 * SECOND, now=NOON)
    assert starter.start_due(NOON + 60 * SECOND) == []
    assert starter.start_due(NOON + 90 * SECOND) == [issue_id]

    with reading(engine) as session:
        assert "Last words" in session.get_one(Rendition, issue_id).html
        assert session.get_one(Issue, issue_id).planned == 3
    with (
        pytest.raises(Conflict, match="cannot be changed any more"),
        transaction(engine) as session,
    ):
        issues.replace(session, issue_id, content("Too late"), version=2, now=NOON)
