"""Pages of fields and tags: what would be lost is counted before, what a segment needs stays."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from mailer.audience import fields, segments, subscribers, tags
from mailer.bootstrap import Mailer
from mailer.database.engine import reading, transaction
from mailer.database.tables import Role
from mailer.field_kinds import EditableBy, FieldKind
from tests.support.factories import NOON, add_subscriber
from tests.support.site import mailer_of, page, visiting
from tests.support.staff import sign_in

pytestmark = pytest.mark.anyio


@pytest.fixture
def mailer(engine: Engine) -> Mailer:
    with transaction(engine) as session:
        for address, age in (("ann@a.test", "31"), ("ben@a.test", "old"), ("cem@a.test", "7")):
            add_subscriber(session, address, language="de", fields={"age": age, "cc": "DE"})
        fields.add(session, "age", FieldKind.TEXT, now=NOON)
        segments.add(session, "Germans", 'language is "de"', now=NOON)
    return mailer_of(engine)


AS_NUMBER = {"label": "Years", "kind": "number", "default": "18", "readers": "yes"}


async def test_a_type_that_does_not_fit_is_counted_and_changes_nothing_until_agreed_to(
    mailer: Mailer,
) -> None:
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        refused = await client.post("/subscribers/fields/age", data=who.form | AS_NUMBER)
        assert refused.status_code == 422
        assert "1 of people's values" in page(refused).xpath("string(//*[@role='alert'])")
        assert (
            page(refused).xpath("string(//details[@open]//input[@name='label']/@value)") == "Years"
        )
        with reading(mailer.engine) as session:
            assert fields.get(session, "age").kind is FieldKind.TEXT
            assert subscribers.get(session, "ann@a.test").fields["age"] == "31"
        agreed = await client.post(
            "/subscribers/fields/age", data=who.form | AS_NUMBER | {"clear": "yes"}
        )
    assert agreed.status_code == 303
    with reading(mailer.engine) as session:
        age = fields.get(session, "age")
        assert (age.kind, age.label, age.default) == (FieldKind.NUMBER, "Years", {"value": 18})
        assert age.editable_by is EditableBy.READER
        assert subscribers.get(session, "ann@a.test").fields["age"] == 31
        assert "age" not in subscribers.get(session, "ben@a.test").fields


async def test_what_lists_brought_along_is_offered_and_defined(mailer: Mailer) -> None:
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        shown = page(await client.get("/subscribers/fields?name=cc"))
        assert "cc" in shown.xpath("//section//a/text()")
        assert shown.xpath("string(//details[@id='add']//input[@name='name']/@value)") == "cc"
        data = {"name": "cc", "kind": "choice", "options": "DE\r\nAT\r\n", "label": "Country"}
        await client.post("/subscribers/fields", data=who.form | data)
        wrong = await client.post("/subscribers/fields", data=who.form | {"name": "x", "kind": "?"})
    assert wrong.status_code == 422
    with reading(mailer.engine) as session:
        assert fields.get(session, "cc").options == ["DE", "AT"]


async def test_a_field_that_a_segment_needs_stays_as_it_is_compared(mailer: Mailer) -> None:
    with transaction(mailer.engine) as session:
        segments.add(session, "Late", 'field age starts with "3"', now=NOON)
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        other = await client.post(
            "/subscribers/fields/age", data=who.form | AS_NUMBER | {"clear": "yes"}
        )
        gone = await client.post("/subscribers/fields/age/remove", data=who.form)
        assert "'Late'" in page(other).text_content()
        assert "'Late'" in page(gone).text_content()
        await client.post("/segments/2/remove", data=who.form)
        await client.post("/subscribers/fields/age/remove", data=who.form | {"values": "yes"})
    with reading(mailer.engine) as session:
        assert fields.every(session) == []
        assert "age" not in subscribers.get(session, "ann@a.test").fields


async def test_tags_are_given_to_a_segment_renamed_taken_and_removed(mailer: Mailer) -> None:
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)

        async def told(path: str, **data: str) -> str:
            answer = await client.post(f"/subscribers/tags{path}", data=who.form | data)
            if answer.status_code == 303:
                answer = await client.get("/subscribers/tags")
            return str(page(answer).text_content())

        assert "Given to 3 people more." in await told(
            "", name="near", segment="Germans", do="give"
        )
        with transaction(mailer.engine) as session:
            segments.add(session, "Near", 'tag is "near"', now=NOON)
        assert "Segments: Near" in await told("/rename", name="near", new="close")
        assert "needed by the segment 'Near'" in await told("/remove", name="close")
        await told("", name="nearby")
        assert "Merged; 3 people more" in await told("/merge", name="close", into="nearby")
        await client.post("/segments/2/remove", data=who.form)
        await told("/rename", name="nearby", new="Nearby")
        assert "Taken from 3 people." in await told("", name="nearby", segment="Germans", do="take")
        with reading(mailer.engine) as session:
            assert [(one.name, one.people) for one in tags.counted(session)] == [("Nearby", 0)]
        assert "Gone; 0 people had it." in await told("/remove", name="Nearby")


async def test_a_segment_whose_field_is_gone_stops_no_overview(mailer: Mailer) -> None:
    """However that came about: the others are counted, and it is marked."""
    with transaction(mailer.engine) as session:
        segments.add(session, "Odd", 'field age is "31"', now=NOON)
        fields.get(session, "age").kind = FieldKind.NUMBER
    async with visiting(mailer) as client:
        sign_in(mailer, client, role=Role.EDITOR)
        shown = page(await client.get("/segments"))
    assert "3 people" in " ".join(shown.text_content().split())
    assert "Needs you" in shown.text_content()


async def test_viewers_see_neither(mailer: Mailer) -> None:
    async with visiting(mailer) as client:
        sign_in(mailer, client, role=Role.VIEWER)
        for path in ("/subscribers/fields", "/subscribers/tags"):
            assert (await client.get(path)).status_code == 403
