"""Imports keep what fits a field's kind, count what does not, and lose no row for it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from mailer.audience import fields, importing, segments, subscribers
from mailer.audience.importing import Report
from mailer.audience.selecting import select_people
from mailer.database.engine import reading, transaction
from mailer.field_kinds import FieldKind
from mailer.rules import parse
from tests.support.factories import NOON, add_newsletter
from tests.support.sending import SIGNER


def imported(engine: Engine, path: Path, text: str, *, add_fields: bool = False) -> Report:
    path.write_text(text, encoding="utf-8")
    plan = importing.inspect(path)
    if add_fields:
        importing.add_fields(engine, plan, now=NOON)
    return importing.run(engine, plan, "river", signer=SIGNER, now=NOON)


def test_cells_are_made_to_fit_and_those_that_do_not_are_counted(
    engine: Engine, tmp_path: Path
) -> None:
    with transaction(engine) as session:
        add_newsletter(session)
        fields.add(session, "age", FieldKind.NUMBER, now=NOON)
        fields.add(session, "born", FieldKind.DATE, now=NOON)
        fields.add(session, "member", FieldKind.YES_NO, now=NOON)
        fields.add(session, "size", FieldKind.CHOICE, now=NOON, options=["small", "large"])
    report = imported(
        engine,
        tmp_path / "people.csv",
        "email,age,born,member,size,note\n"
        "a@x.test,18,3.2.1990,ja,SMALL,free\n"
        "b@x.test,old,1990-02-30,,huge,\n"
        "c@x.test,old,,no,,x\n",
    )
    assert (report.added, report.invalid) == (3, 0)
    assert report.notes == {
        "age: a value that is no number was left out": 2,
        "born: a value that is a day that does not exist was left out": 1,
        "size: a value that is none of small, large was left out": 1,
    }
    with reading(engine) as session:
        kept = [subscribers.get(session, f"{one}@x.test").fields for one in "abc"]
        assert kept == [
            {"note": "free", "age": 18, "born": "1990-02-03", "member": True, "size": "small"},
            {},
            {"note": "x", "member": False},
        ]
        adults = select_people(session, parse("field age at least 18"), now=NOON)
        assert segments.count(session, adults) == 1


def test_objects_of_other_programs_are_made_to_fit_too(engine: Engine, tmp_path: Path) -> None:
    with transaction(engine) as session:
        add_newsletter(session)
        fields.add(session, "age", FieldKind.NUMBER, now=NOON)
    report = imported(
        engine,
        tmp_path / "people.csv",
        'email,attributes\na@x.test,"{""age"": ""44"", ""pet"": ""cat""}"\n'
        'b@x.test,"{""age"": [1]}"\n',
    )
    assert report.notes == {"age: a value that is no number was left out": 1}
    with reading(engine) as session:
        assert subscribers.get(session, "a@x.test").fields == {"pet": "cat", "age": 44}
        assert subscribers.get(session, "b@x.test").fields == {}


def test_columns_become_text_fields_when_told_to(engine: Engine, tmp_path: Path) -> None:
    text = "email,Home Town,Ort,first name\na@x.test,Lindholm,Süd,Ann\n"
    with transaction(engine) as session:
        add_newsletter(session)
    imported(engine, tmp_path / "people.csv", text)
    with reading(engine) as session:
        assert fields.every(session) == []

    imported(engine, tmp_path / "people.csv", text, add_fields=True)
    with reading(engine) as session:
        made = [(one.name, one.label, one.kind) for one in fields.every(session)]
        assert made == [
            ("home_town", "Home Town", FieldKind.TEXT),
            ("ort", "Ort", FieldKind.TEXT),
        ]
        here = select_people(session, parse('field home_town is "LINDHOLM"'), now=NOON)
        assert segments.count(session, here) == 1


def test_a_language_is_read_by_its_tag_and_its_name(sqlite_engine: Engine, tmp_path: Path) -> None:
    with transaction(sqlite_engine) as session:
        add_newsletter(session)
    imported(
        sqlite_engine,
        tmp_path / "people.csv",
        "email,language\na@x.test,pt_BR\nb@x.test,German\nc@x.test,français\nd@x.test,Klingonisch\n",
    )
    with reading(sqlite_engine) as session:
        people = [subscribers.get(session, f"{one}@x.test") for one in "abcd"]
        assert [one.language for one in people] == ["pt-BR", "de", "fr", None]
        assert [one.fields for one in people] == [{}, {}, {}, {"language": "Klingonisch"}]
