"""A plan says how many messages a new domain sends a day, and how long an issue takes."""

from __future__ import annotations

import pytest

from mailer.warming import WarmUpPlan, parse_warm_up


def test_plans_are_read_by_name_or_as_numbers() -> None:
    assert parse_warm_up("50, 100,1_000") == WarmUpPlan((50, 100, 1000))
    assert parse_warm_up(" Standard ").quotas[:3] == (50, 100, 500)
    assert parse_warm_up("gentle").quota(15) == 819_200


@pytest.mark.parametrize("text", ["", "fast", "50, 0", "50,,100", "-5", "1.5"])
def test_what_is_no_plan_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="is no warm-up plan; write standard, gentle, or"):
        parse_warm_up(text)


def test_after_its_last_day_a_plan_limits_nothing() -> None:
    plan = WarmUpPlan((50, 100))
    assert [plan.quota(day) for day in (1, 2, 3)] == [50, 100, None]


@pytest.mark.parametrize(
    ("messages", "day", "used", "days"),
    [(0, 1, 0, 0), (50, 1, 0, 1), (51, 1, 0, 2), (50, 1, 50, 1 + 1), (10_000, 1, 0, 3)],
)
def test_it_says_how_many_days_an_issue_takes(
    messages: int, day: int, used: int, days: int
) -> None:
    assert WarmUpPlan((50, 100)).days_for(messages, day, used) == days
