"""Lists of addresses never to be mailed come in from anywhere and go out whole."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from mailer.audience import suppressions
from mailer.audience.barring import BarReport, all_suppressions, bar
from mailer.audience.histories import history
from mailer.audience.importing import inspect, run
from mailer.audience.suppression_files import read_list, write_list
from mailer.database.engine import reading, transaction
from mailer.database.tables import Subscriber, Suppression
from mailer.errors import InvalidFile
from mailer.keeping.erasing import erase
from tests.support.command_line import command_line
from tests.support.factories import NOON, add_newsletter, add_subscriber
from tests.support.sending import SIGNER

LISTS = {
    # name of the file, what it holds, what is never mailed then: target, reason, date
    "plain.txt": ("Ann@X.test\nbo@x.test\n", [("ann@x.test", "imported"), ("bo@x.test", "imported")]),
    "domains.txt": ("@x.test\n*@y.test\nz.test\n", [(f"@{one}.test", "imported") for one in "xyz"]),
    "sendgrid_bounces.csv": (
        "status,reason,email,created\n5.1.1,550 no such user,ann@x.test,1751374800\n",
        [("ann@x.test", "550 no such user")],
    ),
    "sendgrid_unsubscribes.csv": ("email,created\nann@x.test,1751374800\n", [("ann@x.test", "unsubscribed")]),
    "postmark.csv": (
        "EmailAddress,SuppressionReason,Origin,CreatedAt\n"
        "ann@x.test,HardBounce,Recipient,2025-07-01T13:00:00Z\n",
        [("ann@x.test", "HardBounce")],
    ),
    "ses.csv": ("ann@x.test,COMPLAINT\nbo@x.test,BOUNCE\n", [("ann@x.test", "COMPLAINT"), ("bo@x.test", "BOUNCE")]),
    "ses.json": (
        json.dumps({"SuppressedDestinationSummaries": [
            {"EmailAddress": "ann@x.test", "Reason": "BOUNCE", "LastUpdateTime": "2025-07-01T13:00:00+00:00"}
        ]}),
        [("ann@x.test", "BOUNCE")],
    ),
    "mailgun.csv": ("address,code,error,created_at\nann@x.test,550,no such user,\n", [("ann@x.test", "no such user")]),
    "cleaned_members.csv": (
        "Email Address,First Name,OPTIN_TIME,CLEAN_TIME,LEID\nann@x.test,Ann,,2025-07-01 13:00:00,1\n",
        [("ann@x.test", "cleaned")],
    ),
    "unsubscribed_members.csv": (
        "Email Address,UNSUB_TIME,UNSUB_REASON,LEID\nann@x.test,2025-07-01 13:00:00,,1\n",
        [("ann@x.test", "unsubscribed")],
    ),
    "listmonk.csv": (
        "uuid,email,name,attributes,status\n1,ann@x.test,Ann,{},blocklisted\n2,bo@x.test,Bo,{},enabled\n",
        [("ann@x.test", "blocklisted")],
    ),
}  # fmt: skip


def bar_file(engine: Engine, path: Path) -> BarReport:
    with transaction(engine) as session:
        return bar(session, read_list(path), SIGNER, reason="imported", source="test", now=NOON)


def stored(engine: Engine) -> list[Suppression]:
    with reading(engine) as session:
        return sorted(all_suppressions(session), key=lambda one: one.target)


@pytest.mark.parametrize("name", LISTS)
def test_lists_of_programs_and_providers_are_read(
    sqlite_engine: Engine, tmp_path: Path, name: str
) -> None:
    text, expected = LISTS[name]
    path = tmp_path / name
    path.write_text(text)

    report = bar_file(sqlite_engine, path)

    assert [(one.target, one.reason) for one in stored(sqlite_engine)] == expected
    assert report.added == len(expected)
    assert report.rows == report.added + report.left_out.total()
    if "2025-07-01" in text or "1751374800" in text:
        assert stored(sqlite_engine)[0].at == datetime(2025, 7, 1, 13, tzinfo=UTC)


def test_what_a_list_or_an_import_suppressed_is_on_record_once(
    engine: Engine, tmp_path: Path
) -> None:
    with transaction(engine) as session:
        ann, bo = (add_subscriber(session, one).id for one in ("ann@x.test", "bo@x.test"))
        add_newsletter(session)
    listed, cleaned = tmp_path / "list.csv", tmp_path / "cleaned.csv"
    listed.write_text("email,created_at\nann@x.test,2025-07-01 13:00:00\n")
    cleaned.write_text("email,status\nann@x.test,cleaned\nbo@x.test,cleaned\n")
    for _ in range(2):
        bar_file(engine, listed)
        run(engine, inspect(cleaned), "river", signer=SIGNER, now=NOON)

    with reading(engine) as session:
        told = {
            number: [one.evidence for one in history(session, session.get_one(Subscriber, number))
                     if one.source == "suppressed"]
            for number in (ann, bo)
        }  # fmt: skip
    assert told[ann] == [
        {"target": "ann@x.test", "reason": "imported", "by": "test", "since": "2025-07-01"}
    ]
    [of_bo] = told[bo]
    assert (of_bo["target"], of_bo["by"]) == ("bo@x.test", "import")


def test_every_row_is_accounted_for(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "email,status\nann@x.test,blocked\nANN@x.test,blocked\nno address,\nbo@x.test,active\n\n"
    )
    with transaction(engine) as session:
        suppressions.add(session, "cy@x.test", reason="asked", source="s", now=NOON)
    report = bar_file(engine, path)
    assert (report.rows, report.added, report.known, report.invalid) == (4, 1, 1, 1)
    assert report.left_out == {"its status is active": 1}
    assert report.invalid_rows[0][0] == 4
    assert bar_file(engine, path).added == 0, "a second time changes nothing"


def test_what_is_written_is_read_back_erased_people_too(engine: Engine, tmp_path: Path) -> None:
    with transaction(engine) as session:
        river = add_newsletter(session)
        add_subscriber(session, "gone@x.test", newsletter=river)
        erase(session, "gone@x.test", SIGNER, source="t", now=NOON)
        for target in ("=cmd@x.test", "y.test", "ann@x.test"):
            suppressions.add(session, target, reason='=HYPERLINK("x")', source="+s", now=NOON)
        before = [(o.target, o.reason, o.source, o.at) for o in all_suppressions(session)]
        stream = io.StringIO(newline="")
        assert write_list(stream, all_suppressions(session)) == 4
        for one in before:
            session.delete(session.get_one(Suppression, one[0]))
    rows = list(csv.reader(io.StringIO(stream.getvalue(), newline="")))
    assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@")]
    path = tmp_path / "suppressions.csv"
    path.write_text(stream.getvalue(), newline="")

    assert bar_file(engine, path).added == 4

    after = [(o.target, o.reason, o.source, o.at) for o in stored(engine)]
    assert after == sorted(before)


def test_a_hash_bars_somebody_who_is_here(engine: Engine, tmp_path: Path) -> None:
    path = tmp_path / "hashes.csv"
    path.write_text(f"target,kind\n{SIGNER.hash_address('ann@x.test')},hash\n")
    with transaction(engine) as session:
        add_subscriber(session, "ann@x.test", newsletter=add_newsletter(session))
    bar_file(engine, path)
    with reading(engine) as session:
        assert "ann@x.test" in set(session.scalars(select(Suppression.target)))


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.csv", "colour,thing\nred,ann@x.test\n", "no column of addresses known by its name"),
        ("a.json", '{"a": 1}', "name it email or domain"),
        ("a.csv", "", "is empty"),
        ("a.pdf", "%PDF-1.4", "is a PDF"),
    ],
)
def test_a_file_that_is_no_list_says_what_to_do(
    sqlite_engine: Engine, tmp_path: Path, name: str, text: str, says: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InvalidFile, match=says):
        bar_file(sqlite_engine, path)


def test_the_commands(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mailer = command_line(monkeypatch, tmp_path, sqlite_url)
    assert mailer.json("suppression", "add", "Ann@X.test", "--reason", "asked")["reason"] == "asked"
    assert "suppressed already" in mailer.run("suppression", "add", "ann@x.test", status=4).stderr
    assert mailer.json("suppression", "export", "list.csv")["count"] == 1
    assert mailer.json("suppression", "remove", "ann@x.test")["removed"]
    assert "not suppressed" in mailer.run("suppression", "remove", "ann@x.test", status=3).stderr
    assert mailer.json("suppression", "import", "list.csv")["added"] == 1
    (one,) = mailer.json("suppression", "list")
    assert (one["target"], one["reason"], one["source"]) == ("ann@x.test", "asked", "command")
