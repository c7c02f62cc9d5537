"""Staff change what is kept of a person, typed as everywhere, and the record says who did it."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select

from mailer.audience import consent, fields, tags
from mailer.bootstrap import Mailer
from mailer.database.engine import reading, transaction
from mailer.database.tables import Consent, ConsentChange, Role, Subscriber
from mailer.field_kinds import FieldKind
from tests.support.factories import NOON, add_newsletter, add_subscriber
from tests.support.site import mailer_of, page, visiting
from tests.support.staff import sign_in

pytestmark = pytest.mark.anyio

POEM = "Roses are red,\nand\n\n  rivers are wide. " * 30
KEPT = {"age": 31, "member": True, "size": "large", "notes": POEM, "town": "Harrow", "odd": 7}


@pytest.fixture
def mailer(engine: Engine) -> Mailer:
    with transaction(engine) as session:
        for name, kind in (
            ("age", FieldKind.NUMBER),
            ("born", FieldKind.DATE),
            ("member", FieldKind.YES_NO),
            ("notes", FieldKind.TEXT),
        ):
            fields.add(session, name, kind, now=NOON, label=name.title())
        fields.add(session, "size", FieldKind.CHOICE, now=NOON, options=("small", "large"))
    return mailer_of(engine)


@pytest.fixture
def ann(mailer: Mailer) -> int:
    with transaction(mailer.engine) as session:
        person = add_subscriber(
            session, newsletter=add_newsletter(session), name="Ann", fields=KEPT
        )
        person.time_zone, person.language = "GMT", "gsw"  # brought along; on none of our lists
        other = add_newsletter(session, "hills", name="Hills")
        consent.change(
            session,
            newsletter_id=other.id,
            subscriber_id=person.id,
            state=Consent.PENDING,
            now=NOON,
            source="test",
        )
        return person.id


def person_at(mailer: Mailer, number: int) -> Subscriber:
    with reading(mailer.engine) as session:
        return session.get_one(Subscriber, number)


def notes_on(mailer: Mailer, number: int) -> list[ConsentChange]:
    with reading(mailer.engine) as session:
        changes = select(ConsentChange).where(
            ConsentChange.subscriber_id == number, ConsentChange.source == consent.DETAILS
        )
        return list(session.scalars(changes.order_by(ConsentChange.id)))


async def test_a_page_that_is_saved_as_it_came_changes_nothing_and_records_nothing(
    mailer: Mailer, ann: int
) -> None:
    async with visiting(mailer) as client:
        sign_in(mailer, client, role=Role.EDITOR)
        form = page(await client.get(f"/subscribers/{ann}")).xpath(
            f"//form[@action='/subscribers/{ann}']"
        )[0]
        sent = {
            # As a browser sends it: a line feed after <textarea> is none, the others are two.
            name: (value or "").removeprefix("\n").replace("\n", "\r\n")
            for name, value in form.form_values()
        }
        assert sent["f.notes"].splitlines() == POEM.strip().splitlines()
        answer = await client.post(f"/subscribers/{ann}", data=sent)

    assert answer.status_code == 303
    person = person_at(mailer, ann)
    assert (person.name, person.time_zone, person.language) == ("Ann", "GMT", "gsw")
    assert person.fields == KEPT | {"notes": POEM}
    assert notes_on(mailer, ann) == []


async def test_every_kind_of_field_is_changed_and_taken_out(mailer: Mailer, ann: int) -> None:
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        sent = {
            "name": "Ann B.", "language": "de", "time_zone": "Europe/Lisbon", "f.age": "1.234,5",
            "f.born": "1980-02-29", "f.member": "no", "f.size": "SMALL", "f.notes": "",
            "f.town": "Lindholm", "f.odd": "",
        }  # fmt: skip
        await client.post(f"/subscribers/{ann}", data=who.form | sent)
        shown = page(await client.get(f"/subscribers/{ann}"))

    person = person_at(mailer, ann)
    assert (person.name, person.language, person.time_zone) == ("Ann B.", "de", "Europe/Lisbon")
    assert person.fields == {
        "age": 1234.5, "born": "1980-02-29", "member": False, "size": "small", "town": "Lindholm",
    }  # fmt: skip
    record = notes_on(mailer, ann)
    assert len(record) == 2, "in the record of each newsletter"
    assert {one.state for one in record} == {Consent.CONFIRMED, Consent.PENDING}
    assert record[0].evidence == {
        "by": "staff: editor@river.test",
        "changed": "name, language, time_zone, field age, field born, field member, field notes, "
        "field odd, field size, field town",
    }
    said = [row.text_content() for row in shown.xpath("//tr[contains(., 'Details changed')]")]
    assert len(said) == 1, "on the page once"
    assert "editor@river.test" in said[0]


async def test_what_does_not_fit_is_said_nothing_is_kept_and_what_was_written_stays(
    mailer: Mailer, ann: int
) -> None:
    misfits = [
        ("f.age", "many", "Age: 'many' is no number."),
        ("f.born", "1981-02-29", "a day that does not exist"),
        ("f.size", "medium", "is none of small, large"),
        ("f.notes", "x" * 10_001, "longer than 10,000 characters"),
        ("time_zone", "Moon/Base", "time zone"),
        ("language", "qq", "language"),
        ("name", "Ann\r\nBcc: x@y.test", "line break"),
    ]
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        for field, value, words in misfits:
            sent = {"name": "Other", "f.town": "Elsewhere"} | {field: value}
            answer = await client.post(f"/subscribers/{ann}", data=who.form | sent)

            assert answer.status_code == 422, field
            assert words in page(answer).xpath("string(//*[@role='alert'])")
            assert page(answer).xpath("//input[@name='f.town']/@value") == ["Elsewhere"], field
            person = person_at(mailer, ann)
            assert (person.name, person.fields) == ("Ann", KEPT), field
    assert notes_on(mailer, ann) == []


async def test_tags_are_given_and_taken_one_by_one_with_a_record(mailer: Mailer, ann: int) -> None:
    name = 'Walks, "Sundays" <b>'
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        await client.post(f"/subscribers/{ann}/tags", data=who.form | {"tag": name})
        await client.post(f"/subscribers/{ann}/tags", data=who.form | {"tag": name.upper()})
        empty = await client.post(f"/subscribers/{ann}/tags", data=who.form | {"tag": " "})
        with reading(mailer.engine) as session:
            assert tags.of(session, ann) == [name]
        shown = page(await client.get(f"/subscribers/{ann}"))
        assert shown.xpath("//input[@type='hidden'][@name='tag']/@value") == [name]
        for _ in range(2):
            await client.post(f"/subscribers/{ann}/tags/remove", data=who.form | {"tag": name})
        unknown = await client.post(
            f"/subscribers/{ann}/tags/remove", data=who.form | {"tag": "never there"}
        )

    assert (empty.status_code, unknown.status_code) == (422, 303)
    with reading(mailer.engine) as session:
        assert tags.of(session, ann) == []
    assert [one.evidence["changed"] for one in notes_on(mailer, ann)] == [
        f"tag {name}", f"tag {name}", f"no tag {name}", f"no tag {name}",
    ]  # fmt: skip


async def test_viewers_change_nothing(mailer: Mailer, ann: int) -> None:
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.VIEWER)
        for path in ("", "/tags", "/tags/remove"):
            answer = await client.post(
                f"/subscribers/{ann}{path}", data=who.form | {"name": "X", "tag": "x"}
            )
            assert answer.status_code == 403
    assert person_at(mailer, ann).name == "Ann"
