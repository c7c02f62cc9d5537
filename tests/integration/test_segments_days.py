"""The days of a rule are those of the installation, whoever asks and by whatever way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.audience import fields, segments, targeting
from mailer.audience.importing import inspect, run
from mailer.audience.selecting import select_people
from mailer.bootstrap import bootstrap
from mailer.composing import issues
from mailer.database.engine import ZONE, open_engine, reading, transaction
from mailer.delivering import lifecycle
from mailer.field_kinds import FieldKind
from mailer.rules import parse
from mailer.settings import load_settings
from tests.support.command_line import command_line
from tests.support.factories import NOON, add_issue, add_newsletter, add_subscriber
from tests.support.sending import SIGNER

# A day, when it begins and when the next does, by the clocks of the place.
DAYS = [
    ("UTC", "2026-03-01", "2026-03-01T00:00Z", "2026-03-02T00:00Z"),
    ("America/New_York", "2026-03-01", "2026-03-01T05:00Z", "2026-03-02T05:00Z"),
    ("America/New_York", "2026-03-08", "2026-03-08T05:00Z", "2026-03-09T04:00Z"),  # 23 hours
    ("America/New_York", "2026-11-01", "2026-11-01T04:00Z", "2026-11-02T05:00Z"),  # 25 hours
    ("Europe/Lisbon", "2026-03-29", "2026-03-29T00:00Z", "2026-03-29T23:00Z"),
    ("Asia/Kolkata", "2026-03-01", "2026-02-28T18:30Z", "2026-03-01T18:30Z"),
    ("Pacific/Kiritimati", "2026-03-01", "2026-02-28T10:00Z", "2026-03-01T10:00Z"),
    # Clocks leap from midnight to one o'clock.
    ("America/Santiago", "2026-09-06", "2026-09-06T04:00Z", "2026-09-07T03:00Z"),
]


def days_in(engine: Engine, zone: tzinfo) -> Engine:
    """The same database, asked by an installation elsewhere."""
    return engine.execution_options(**{ZONE: zone})


def test_a_day_is_from_midnight_to_midnight_where_the_installation_is(engine: Engine) -> None:
    moment = timedelta(microseconds=1)
    for name, day, begin, end in DAYS:
        first, last = datetime.fromisoformat(begin), datetime.fromisoformat(end)
        with Session(days_in(engine, ZoneInfo(name))) as session:
            session.begin()
            for who, at in (
                ("eve", first - moment), ("dawn", first), ("dusk", last - moment), ("morrow", last),
            ):  # fmt: skip
                add_subscriber(session, f"{who}@x.test").created_at = at
            session.flush()

            def meant(rule: str, session: Session = session) -> list[str]:
                people = session.scalars(select_people(session, parse(rule), now=NOON).people())
                return [one.address.partition("@")[0] for one in people]

            assert meant(f"joined on {day}") == ["dawn", "dusk"], name
            assert meant(f"joined before {day}") == ["eve"], name
            assert meant(f"joined after {day}") == ["morrow"], name
            assert meant(f"joined since {day}") == ["dawn", "dusk", "morrow"], name
            session.rollback()


def test_days_at_the_ends_of_the_calendar_are_days(engine: Engine) -> None:
    for zone in (UTC, ZoneInfo("Asia/Tokyo"), ZoneInfo("America/New_York")):
        with transaction(days_in(engine, zone)) as session:
            add_subscriber(session, f"{zone}@x.test".replace("/", "-"))
            for rule in ("joined before 0001-01-01", "joined after 9999-12-31"):
                assert segments.count(session, select_people(session, parse(rule), now=NOON)) == 0
                people = select_people(session, parse(f"not {rule}"), now=NOON)
                assert segments.count(session, people) > 0, (zone, rule)


@pytest.mark.parametrize(
    ("zone", "today"), [("America/New_York", 1), ("UTC", 2), ("Pacific/Auckland", 2)]
)
def test_a_day_in_a_field_stays_where_it_is_and_only_today_is_elsewhere(
    engine: Engine, zone: str, today: int
) -> None:
    """At two in the morning of 2 November, UTC."""
    now = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
    with transaction(days_in(engine, ZoneInfo(zone))) as session:
        fields.add(session, "born", FieldKind.DATE, now=NOON)
        for day in (1, 2, 3):
            add_subscriber(session, f"{day}@x.test", fields={"born": f"2026-11-0{day}"})

        def meant(rule: str) -> list[str]:
            people = session.scalars(select_people(session, parse(rule), now=now).people())
            return [one.address[0] for one in people]

        assert meant("field born on 2026-11-02") == ["2"]
        assert meant("field born before 2026-11-02") == ["1"]
        assert meant("field born after 2026-11-02") == ["3"]
        assert meant("field born since 2026-11-02") == ["2", "3"]
        assert meant("field born in last 5 days") == [str(one) for one in range(1, today + 1)]


def test_a_day_in_a_list_begins_where_the_installation_is(engine: Engine, tmp_path: Path) -> None:
    elsewhere, file = days_in(engine, ZoneInfo("America/New_York")), tmp_path / "brought.csv"
    file.write_text("email,joined\nann@x.test,2026-03-01\n", encoding="utf-8")
    with transaction(elsewhere) as session:
        add_newsletter(session)
    run(elsewhere, inspect(file), "river", signer=SIGNER, now=NOON)
    with reading(elsewhere) as session:
        people = select_people(session, parse("joined on 2026-03-01"), now=NOON)
        assert segments.count(session, people) == 1


def test_every_way_of_asking_goes_by_the_installations_days(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, listed, chosen for an issue, and planned: the evening of the first is not after it."""
    evening = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
    rule = "joined after 2026-03-01"
    made = open_engine(database_url)
    with transaction(made) as session:
        river = add_newsletter(session)
        add_subscriber(session, "late@x.test", newsletter=river)
        add_subscriber(session, "evening@x.test", newsletter=river).created_at = evening
        add_issue(session, river)
    made.dispose()
    mailer = command_line(monkeypatch, tmp_path, database_url, time_zone="America/New_York")

    checked = mailer.json("segment", "check", "--rule", rule)
    assert (checked["people"], checked["time_zone"]) == (1, "America/New_York")
    said = mailer.run("segment", "check", "--rule", rule).stdout
    assert "Days begin at midnight in America/New_York (MAILER_TIME_ZONE)." in said
    assert "begin" not in mailer.run("segment", "check", "--rule", "joined in last 3 days").stdout
    assert mailer.json("segment", "add", "New", "--rule", rule)["people"] == 1
    assert mailer.json("segment", "count", "New", "--newsletter", "river")["people"] == 1
    listed = mailer.json("segment", "members", "New")
    assert [one["address"] for one in listed] == ["late@x.test"]
    assert mailer.json("issue", "audience", "1", "--include", "New")["recipients"] == 1
    assert mailer.json("tag", "add", "new", "--segment", "New")["changed"] == 1
    engine = bootstrap(load_settings()).engine
    with transaction(engine) as session:
        version = issues.get(session, 1).version
        assert lifecycle.start(session, 1, version=version, batch_size=9, now=NOON) == 1
        assert str(targeting.audience_of(session, 1)) == "New"
    engine.dispose()
