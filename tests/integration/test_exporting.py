"""What is exported is all there is, and importing it again changes nothing."""

from __future__ import annotations

import csv
import io
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from mailer.addresses import tidy_name
from mailer.audience import newsletters
from mailer.audience.importing import inspect, run, tagging
from mailer.audience.importing.cells import guarded, unguarded
from mailer.database.engine import reading, transaction
from mailer.database.tables import Consent, ConsentChange, SubscriberTag, Tag
from mailer.keeping.exporting import WRITERS, people, write_csv, write_json_lines
from mailer.names import name_key
from tests.support.command_line import command_line
from tests.support.factories import NOON, add_newsletter, add_subscriber
from tests.support.sending import SIGNER

_count = itertools.count()
PEOPLE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("ann@x.test", {"name": "Ann Example", "language": "pt-BR", "time_zone": "Europe/Lisbon",
                    "fields": {"city": "Graz", "zip_code": "01234", "first_name": "Ann",
                               "last_name": "Example"}}),
    ("+bo@x.test", {"name": "=HYPERLINK(1)", "fields": {"phone": "+43 1", "n": 5, "yes": True,
                                                        "status": "gold", "address": {"a": [1]}}}),
    ("cy@x.test", {"fields": {"note": "'-1", "city": " blank ", "empty": ""}}),
    ("Dí@x.test", {"name": 'a "quoted", name'}),
)  # fmt: skip


def furnish(engine: Engine) -> None:
    with transaction(engine) as session:
        river = add_newsletter(session)
        for (address, values), state in zip(
            PEOPLE, (Consent.CONFIRMED, Consent.CONFIRMED, *Consent), strict=False
        ):
            add_subscriber(session, address, newsletter=river, state=state, **values)
        add_subscriber(session, "other@x.test", newsletter=add_newsletter(session, "lake"))
        for number, name in enumerate(("VIP", "Blog; old", "a, b"), start=1):
            session.add(Tag(id=number, name=name, key=name_key(name), created_at=NOON))
            session.flush()
            session.add(SubscriberTag(tag_id=number, subscriber_id=1))


def exported(engine: Engine, path: Path) -> Path:
    write = WRITERS[path.suffix]
    with reading(engine) as session, path.open("w", encoding="utf-8", newline="") as stream:
        write(session, stream, people(session, newsletters.get(session, "river")), guarded)
    return path


def as_csv(engine: Engine, slug: str = "river", *states: Consent) -> str:
    stream = io.StringIO(newline="")
    with reading(engine) as session:
        write_csv(session, stream, people(session, newsletters.get(session, slug), states=states))
    return stream.getvalue()


def as_objects(engine: Engine, slug: str = "river") -> list[dict[str, object]]:
    stream = io.StringIO()
    with reading(engine) as session:
        write_json_lines(session, stream, people(session, newsletters.get(session, slug)))
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_importing_an_export_again_changes_nothing(
    engine: Engine, tmp_path: Path, suffix: str
) -> None:
    furnish(engine)
    before = as_objects(engine)
    path = exported(engine, tmp_path / f"out{suffix}")

    report = run(engine, inspect(path), "river", signer=SIGNER, now=NOON)

    assert report.counts == {"unchanged": 4}
    assert as_objects(engine) == before


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_an_export_moves_into_another_installation_whole(
    engine: Engine, sqlite_engine: Engine, tmp_path: Path, suffix: str
) -> None:
    furnish(engine)
    path = exported(engine, tmp_path / f"out{suffix}")
    with transaction(sqlite_engine) as session:
        add_newsletter(session, "there")

    run(sqlite_engine, inspect(path), "there", signer=SIGNER, now=NOON)

    here, there = as_objects(engine), as_objects(sqlite_engine, "there")
    told = ("email", "status", "joined", "language", "time_zone", "name", "fields")
    kept = [one for one in here if one["status"] != "unsubscribed"]  # of them no more is kept
    assert {one["email"] for one in there} == {one["email"] for one in here}
    for one in kept:
        (same,) = [other for other in there if other["email"] == one["email"]]
        assert {name: same[name] for name in told} == {name: one[name] for name in told}
        assert set(same["tags"]) == set(one["tags"])  # type: ignore[call-overload]
    with reading(sqlite_engine) as session:
        evidence = session.scalars(select(ConsentChange.evidence)).all()
        assert all(one["since"] == "2026-11-02 12:00:00" for one in evidence)


def test_no_cell_is_a_formula_and_every_line_an_object(engine: Engine) -> None:
    furnish(engine)
    rows = list(csv.reader(io.StringIO(as_csv(engine), newline="")))
    assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r")]
    assert len({len(row) for row in rows}) == 1
    assert len(rows) == 5
    first = as_objects(engine)[0]
    assert first["tags"] == ["a, b", "Blog; old", "VIP"]
    assert first["fields"] == {
        "city": "Graz", "zip_code": "01234", "first_name": "Ann", "last_name": "Example",
    }  # fmt: skip


def test_only_the_states_asked_for(engine: Engine) -> None:
    furnish(engine)
    rows = list(csv.DictReader(io.StringIO(as_csv(engine, "river", Consent.PENDING), newline="")))
    assert [one["status"] for one in rows] == ["pending"]


@given(st.text(alphabet="'=+-@\t\rab ", max_size=6))
def test_what_is_guarded_is_read_back(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert guarded(text)[:1] not in set("=+-@\t\r") or not guarded(text)


VALUES = (
    st.text(max_size=12).filter(lambda text: text.isprintable()) | st.integers() | st.booleans()
)
NAMES = st.text(max_size=20).map(tidy_name)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            NAMES,
            st.dictionaries(st.sampled_from(["city", "n", "status", "kind_2", "données"]), VALUES),
            st.lists(st.sampled_from(["VIP", "a;b", "x, y", '"q"', "[z]"]), unique=True),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_people_have_survives_the_way_out_and_in(
    sqlite_engine: Engine, tmp_path: Path, found: list[tuple[str, dict[str, object], list[str]]]
) -> None:
    slug = f"n{next(_count)}"
    with transaction(sqlite_engine) as session:
        newsletter = add_newsletter(session, slug)
        for n, (name, fields, tags) in enumerate(found):
            person = add_subscriber(
                session, f"{slug}.{n}@x.test", newsletter=newsletter, name=name, fields=fields
            )
            tagging.write(session, [(person.id, json.dumps(tags))], now=NOON)
    before = as_objects(sqlite_engine, slug)
    path = tmp_path / f"{slug}.csv"
    path.write_text(as_csv(sqlite_engine, slug), newline="", encoding="utf-8")
    report = run(sqlite_engine, inspect(path), slug, signer=SIGNER, now=NOON)
    assert report.counts == {"unchanged": len(found)}, as_csv(sqlite_engine, slug)
    assert as_objects(sqlite_engine, slug) == before


def test_by_command(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mailer = command_line(monkeypatch, tmp_path, sqlite_url)
    mailer.run("newsletter", "add", "river", "--name", "River", "--from", "r@x.test")
    mailer.run("subscriber", "add", "ann@x.test", "-n", "river", "--field", "city=Graz")
    assert mailer.json("export", "out.csv", "-n", "river")["count"] == 1
    assert mailer.json("export", "out.jsonl", "-n", "river", "--state", "pending")["count"] == 0
    assert mailer.json("import", "out.csv", "-n", "river")["counts"] == {"unchanged": 1}
    assert "ann@x.test" in mailer.run("export", "-", "-n", "river").stdout
    assert (
        "must end in .csv or .jsonl"
        in mailer.run("export", "o.xls", "-n", "river", status=2).stderr
    )


def test_only_a_segment(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mailer = command_line(monkeypatch, tmp_path, sqlite_url)
    mailer.run("newsletter", "add", "river", "--name", "River", "--from", "r@x.test")
    (tmp_path / "in.csv").write_text("email,city,tags\nann@x.test,Graz,VIP\nbo@x.test,Lyon,\n")
    mailer.run("import", "in.csv", "-n", "river")
    mailer.run("segment", "add", "important", "--rule", 'tag is "VIP"')
    mailer.run("export", "out.csv", "-n", "river", "--segment", "important")
    with (tmp_path / "out.csv").open(newline="") as file:
        assert [row["email"] for row in csv.DictReader(file)] == ["ann@x.test"]


def test_a_dry_run_shows_the_mapping_and_a_verdict_a_row(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailer = command_line(monkeypatch, tmp_path, sqlite_url)
    mailer.run("newsletter", "add", "river", "--name", "River", "--from", "r@x.test")
    (tmp_path / "in.csv").write_text("Mail,Ort,status\nann@x.test,Graz,active\nno,,active\n")

    said = mailer.json("import", "in.csv", "-n", "river", "--dry-run")

    (file,) = said["files"]
    assert [(one["header"], one["target"]) for one in file["columns"]] == [
        ("Mail", "address"), ("Ort", "field:ort"), ("status", "status"),
    ]  # fmt: skip
    assert [(one["line"], one["verdict"]) for one in said["first_rows"]] == [
        (2, "added"), (3, "invalid"),
    ]  # fmt: skip
    shown = mailer.run("import", "in.csv", "-n", "river", "--dry-run").stdout
    assert "in.csv, line 2: ann@x.test: added" in shown
    assert "Ort → field:ort" in shown
    assert mailer.json("subscriber", "list", "-n", "river") == []
