"""People are told how many a day go out while a domain is warmed up, and how long an issue takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from mailer.database.engine import reading, transaction
from mailer.delivering.warm_ups import Stage, reserve_warm_up, stage_of
from mailer.warming import WarmUpPlan
from tests.support.command_line import command_line

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PLAN = WarmUpPlan((2, 5, 9))


def reserve(engine: Engine, number: int, now: datetime) -> int:
    with transaction(engine) as session:
        return reserve_warm_up(session, "river.test", PLAN, number, now=now, zone=UTC)


def stage(engine: Engine, now: datetime) -> Stage:
    with reading(engine) as session:
        return stage_of(session, "river.test", PLAN, now=now, zone=UTC)


def test_days_on_which_nothing_is_sent_do_not_count(engine: Engine) -> None:
    assert stage(engine, NOON).day == 1
    assert [reserve(engine, 2, NOON), reserve(engine, 2, NOON)] == [2, 0]

    assert (stage(engine, NOON).left, stage(engine, NOON + DAY).left) == (0, 5)
    assert stage(engine, NOON + 30 * DAY).day == 2
    assert reserve(engine, 100, NOON + 30 * DAY) == 5
    assert stage(engine, NOON + 31 * DAY).day == 3


def test_after_the_plan_there_is_no_limit(engine: Engine) -> None:
    for day in range(3):
        reserve(engine, 1, NOON + day * DAY)

    assert stage(engine, NOON + 3 * DAY).left is None
    assert reserve(engine, 100_000, NOON + 3 * DAY) == 100_000


def test_a_clock_set_back_a_day_gives_no_quota_twice(engine: Engine) -> None:
    assert reserve(engine, 2, NOON) == 2
    assert reserve(engine, 2, NOON - DAY) == 0


def test_check_and_status_say_how_many_days_an_issue_takes(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "people.csv").write_text(
        "Email\n" + "".join(f"reader{number}@readers.test\n" for number in range(12))
    )
    (tmp_path / "issue.md").write_text(
        "---\nsubject: The bridge stays\n---\n# Hello\n\nGood news.\n"
    )
    here = command_line(monkeypatch, tmp_path, database_url, warm_up='{"River.test": "2, 5, 9"}')
    here.run("newsletter", "add", "river", "--name", "River", "--from", "news@river.test")
    here.run("import", "people.csv", "--newsletter", "river")
    here.run("issue", "import", "issue.md", "--newsletter", "river")

    told = here.json("issue", "check", "1")["warm_up"]
    words = " ".join(here.run("issue", "check", "1").stdout.split())
    here.run("issue", "send", "1", "--no-wait")
    waiting = here.json("issue", "status", "1")["warm_up"]

    assert told == {"domain": "river.test", "day": 1, "quota": 2, "used": 0, "days": 3}
    assert "2 a day at present (day 1 of its plan, 0 sent today): done in about 3 days." in words
    assert waiting["quota"] == 2
