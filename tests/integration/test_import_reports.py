"""Reports of what was sent and read make nobody a reader; who left by them has left. Codes are asked about."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from mailer.audience.importing import dry_run, inspect, run
from mailer.database.engine import transaction
from tests.integration.test_import_exports import expected, imported, rows, states_of
from tests.support.factories import NOON, add_newsletter
from tests.support.sending import SIGNER

# What each of ann, bo, cy, … becomes; see test_import_exports.
REPORTS = {
    "who opened": ("Email Address,First Name,Opens\nann@,Ann,3\nbo@,Bo,1\n", "--"),
    "who opened, with times": ("Email Address,Date opened,IP Address\nann@,2024-01-01,192.0.2.1\n", "-"),
    "who clicked": ("Email,URL,Clicks,Last clicked\nann@,https://x.test/,1,2024-01-01\n", "-"),
    "who was sent it": ("Email,Sent At,Bounced At\nann@,2024-01-01,\nbo@,2024-01-01,2024-01-01\n", "-s"),
    "views": ("campaign_id,email,created_at\n1,ann@,2024-01-01\n", "-"),
    "recipients": (
        "Recipient,Opened,Clicked,Unsubscribed,Complained\nann@,Yes,No,No,No\nbo@,Yes,No,Yes,No\n"
        "cy@,No,No,No,Yes\n",
        "-us",
    ),
    "events": (
        "email,event,timestamp\nann@,open,1700000000\nbo@,unsubscribe,1700000000\n"
        "cy@,spamreport,1700000000\ndi@,click,1700000000\n",
        "-us-",
    ),
    "a log": (
        "from,to,status,opens_count\nnews@y.test,ann@,delivered,1\nnews@y.test,bo@,not_delivered,0\n",
        "--",
    ),
    "bounces": (
        "Email Address,Bounce Type,Bounce Date\nann@,hard,2024-01-01\nbo@,soft,2024-01-01\n",
        "s-",
    ),
}  # fmt: skip

LISTS = {
    "opens beside a status": ("Email,Status,Opens\nann@,subscribed,3\nbo@,unsubscribed,1\n", "cu"),
    "opens beside when they joined": ("Email,Opens,Sent,Subscribed\nann@,1,9,2024-01-01\n", "c"),
    "rates": ("Email Address,Open rate,Date Added\nann@,20%,2024-01-01\n", "c"),
    "events of an association": ("Name,Email,Event\nA,ann@,Summer fair\nB,bo@,Vigil\n", "cc"),
    "an action": ("Name,Email,Campaign\nA,ann@,Save the bridge\n", "c"),
}


@pytest.mark.parametrize(("text", "states"), REPORTS.values(), ids=REPORTS)
def test_by_a_report_nobody_becomes_a_reader_and_who_left_has_left(
    sqlite_engine: Engine, tmp_path: Path, text: str, states: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(rows(text))
    assert inspect(path).files[0].problems[0].startswith("This seems to be a report")
    assert imported(sqlite_engine, path) == expected(states)


@pytest.mark.parametrize(("text", "states"), LISTS.values(), ids=LISTS)
def test_a_list_of_readers_may_tell_what_they_opened(
    sqlite_engine: Engine, tmp_path: Path, text: str, states: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(rows(text))
    assert imported(sqlite_engine, path) == expected(states)


@pytest.mark.parametrize("name", ["opened.csv", "did_not_open.csv", "sent to.csv", "3_clicks.csv"])
def test_a_report_may_be_known_by_its_name_alone(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("Email Address,First Name\nann@x.test,Ann\n")
    told = inspect(path).files[0].problems[0]
    assert "so the file's name says" in told
    assert "`--state confirmed`" in told


def test_a_person_says_that_a_report_is_a_list_and_it_bars_nobody_on_another(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    report, readers = tmp_path / "opens.csv", tmp_path / "list.csv"
    report.write_text("email,opens\nann@x.test,1\nbo@x.test,2\n")
    readers.write_text("email\nann@x.test\n")
    with transaction(sqlite_engine) as session:
        add_newsletter(session)
    run(sqlite_engine, inspect(report, readers), "river", signer=SIGNER, now=NOON)
    assert states_of(sqlite_engine) == {"ann": "confirmed"}
    vouched = inspect(report, state="confirmed")
    assert vouched.files[0].problems == ()
    run(sqlite_engine, vouched, "river", signer=SIGNER, now=NOON)
    assert states_of(sqlite_engine) == {"ann": "confirmed", "bo": "confirmed"}


def test_a_code_far_below_makes_codes_of_all_numbers(sqlite_engine: Engine, tmp_path: Path) -> None:
    """1 beside 0 is yes; 1 beside 2 may be anything, wherever in the list the 2 stands."""
    with transaction(sqlite_engine) as session:
        add_newsletter(session)
    path = tmp_path / "list.csv"
    lines = [f"r{n}@x.test,1,0" for n in range(1500)]
    path.write_text("\n".join(["email,status,blacklisted", *lines]))
    assert dry_run(sqlite_engine, inspect(path), "river", signer=SIGNER, now=NOON).counts == {
        "added": 1500
    }
    lines[1400] = "ann@x.test,2,0"
    lines[1401] = "bo@x.test,1,1"
    path.write_text("\n".join(["email,status,blacklisted", *lines]))
    assert run(sqlite_engine, inspect(path), "river", signer=SIGNER, now=NOON).counts == {
        "invalid": 1500
    }
    said = {"1": "confirmed", "2": "unsubscribed"}
    assert run(
        sqlite_engine, inspect(path, statuses=said), "river", signer=SIGNER, now=NOON
    ).counts == {"added": 1498, "unsubscribed": 1, "suppressed": 1}
