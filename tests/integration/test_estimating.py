"""How long sending will take, said before it starts: by the limits, and by what was sent before."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from mailer.database.engine import reading, transaction
from mailer.database.tables import IssueState
from mailer.delivering.estimating import expected_duration
from mailer.rates import parse_rates
from tests.support.factories import NOON, add_issue, add_newsletter


@pytest.mark.parametrize(
    ("rates", "people", "takes"),
    [
        ("10/second", 600, timedelta(minutes=1)),
        ("200/day", 200, timedelta(0)),
        ("200/day", 201, timedelta(days=1)),
        ("200/day, 50/hour", 150, timedelta(hours=2)),
    ],
)
def test_a_quota_is_used_at_once_and_then_waited_for(
    sqlite_engine: Engine, rates: str, people: int, takes: timedelta
) -> None:
    with reading(sqlite_engine) as session:
        assert expected_duration(session, people, parse_rates(rates)) == takes


def test_without_limits_it_takes_as_long_as_the_last_issues_did(sqlite_engine: Engine) -> None:
    with reading(sqlite_engine) as session:
        assert expected_duration(session, 100, ()) is None
    with transaction(sqlite_engine) as session:
        values = {
            "state": IssueState.SENT,
            "planned": 1000,
            "started_at": NOON,
            "finished_at": NOON + timedelta(minutes=5),
        }
        add_issue(session, add_newsletter(session), **values)
    with reading(sqlite_engine) as session:
        assert expected_duration(session, 2000, ()) == timedelta(minutes=10)
