"""The staff's pages of sign-up forms: what is changed there is what people meet, seen beforehand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, select

from mailer.audience import fields, forms
from mailer.bootstrap import Mailer
from mailer.database.engine import reading, transaction
from mailer.database.tables import Newsletter, OptIn, Outcome, Role
from mailer.field_kinds import FieldKind
from mailer.joining import counting
from tests.support.factories import NOON, add_newsletter
from tests.support.site import heading, mailer_of, page, visiting
from tests.support.staff import sign_in

pytestmark = pytest.mark.anyio
PATH = "/settings/forms/river"
FORM = {
    "open": "yes",
    "heading": "Stand with the river",
    "intro": "One letter a week,\r\nno more.",
    "consent": "Yes, write to me.",
    "button": "Count me in",
    "ask_name": "",
    "field_topic": "required",
    "place_topic": "2",
    "field_city": "asked",
    "place_city": "1",
    "welcome": "yes",
    "welcome_subject": "Hello",
    "welcome_words": "Dear friend,\r\nthank you.\r\n\r\n**Read** [this](https://river.test/a).",
    "roles": "yes",
    "opt_in": "single",
    "asked_page": "https://river.test/asked",
    "confirmed_page": "https://river.test/thanks",
    "sites": "river.test\r\nHTTPS://www.River.test/join",
}


@pytest.fixture
def mailer(engine: Engine) -> Mailer:
    with transaction(engine) as session:
        add_newsletter(session)
        fields.add(session, "city", FieldKind.TEXT, now=NOON, label="Where you live")
        fields.add(session, "topic", FieldKind.CHOICE, now=NOON, options=["Water", "Trees"])
    return mailer_of(engine)


def stored(mailer: Mailer) -> Newsletter:
    with reading(mailer.engine) as session:
        return session.scalars(select(Newsletter)).one()


def value(answer: httpx.Response, name: str) -> str:
    return str(
        page(answer).xpath(f"string(//*[@name='{name}']/@value | //textarea[@name='{name}'])")
    )


async def test_what_is_changed_there_is_what_people_meet(mailer: Mailer) -> None:
    async with visiting(mailer) as client:
        me = sign_in(mailer, client)
        saved = await client.post(PATH, data=me.form | FORM)
        assert saved.status_code == 303
        again = await client.get(PATH)
        shown = await client.get("/s/river")
        code = await client.get(f"{PATH}/code?language=de")

    settings = forms.settings_of(stored(mailer))
    assert stored(mailer).opt_in is OptIn.SINGLE
    assert [(one.name, one.required) for one in settings.fields] == [
        ("city", False),
        ("topic", True),
    ]
    assert settings.sites == ("https://river.test", "https://www.river.test")
    assert settings.welcome_body == (
        '<p>Dear friend,<br>thank you.</p><p><strong>Read</strong> <a href="https://river.test/a">this</a>.</p>'
    )  # fmt: skip
    assert value(again, "welcome_words") == FORM["welcome_words"].replace("\r\n", "\n")
    assert value(again, "sites") == "https://river.test\nhttps://www.river.test"
    assert heading(shown) == "Stand with the river"
    assert page(shown).xpath("//input[@name='name']") == []
    assert "https://river.test" in shown.headers["content-security-policy"].split("form-action")[1]
    assert "Count me in" in page(code).xpath("string(//textarea[@id='html'])")
    assert 'lang="de"' in page(code).xpath("string(//textarea[@id='html'])")
    assert "<script" not in page(code).xpath("string(//textarea[@id='plain'])")


@pytest.mark.parametrize(
    ("field", "wrong", "said"),
    [
        ("asked_page", "javascript:alert(1)", "Your page after the form: javascript"),
        ("confirmed_page", "mailto:ann@river.test", "starts with https://"),
        ("sites", "nowhere", "write https://example.org"),
        ("welcome_words", "[x](javascript:alert)", "link"),
    ],
)
async def test_what_cannot_be_is_named_shown_again_and_nothing_is_kept(
    mailer: Mailer, field: str, wrong: str, said: str
) -> None:
    async with visiting(mailer) as client:
        me = sign_in(mailer, client)
        refused = await client.post(PATH, data=me.form | FORM | {field: wrong})
        tried = await client.post(f"{PATH}/try", data=me.form | FORM | {field: wrong})

    assert (refused.status_code, tried.status_code) == (400, 400)
    assert said in page(refused).xpath("string(//*[@role='alert'])")
    assert value(refused, field) == wrong
    assert value(refused, "heading") == FORM["heading"]
    assert stored(mailer).sign_up == {}
    assert stored(mailer).opt_in is OptIn.DOUBLE


async def test_a_preview_shows_what_is_typed_and_keeps_nothing(mailer: Mailer) -> None:
    said: dict[str, str] = {}
    async with visiting(mailer) as client:
        me = sign_in(mailer, client)
        for view in ("form", "sent", "confirm", "welcome"):
            answer = await client.post(f"{PATH}/try", data=me.form | FORM | {"view": view})
            said[view] = page(answer).text_content()
            policy = answer.headers["content-security-policy"]
            assert "frame-ancestors 'self'" in policy
            assert policy.endswith("sandbox")
            assert "script-src" not in policy
        kept = await client.get(f"{PATH}/frame?view=form")

    assert "Stand with the river" in said["form"]
    assert "Where you live" in said["form"]
    assert "You hear from us by mail in a moment" in said["sent"]
    assert "Please confirm" in said["confirm"]
    assert "thank you." in said["welcome"]
    assert "Subscribe to River Watch" in page(kept).text_content()
    assert stored(mailer).sign_up == {}


async def test_editors_change_the_words_and_owners_alone_how_consent_is_given(
    mailer: Mailer,
) -> None:
    async with visiting(mailer) as client:
        me = sign_in(mailer, client, role=Role.EDITOR)
        assert (await client.get("/settings")).headers["location"] == "/settings/forms"
        shown = await client.get(PATH)
        await client.post(PATH, data=me.form | FORM)
    assert page(shown).xpath("//input[@name='opt_in']") == []
    assert stored(mailer).sign_up["heading"] == "Stand with the river"
    assert stored(mailer).opt_in is OptIn.DOUBLE

    async with visiting(mailer) as client:
        sign_in(mailer, client, role=Role.VIEWER)
        assert (await client.get(PATH)).status_code == 403


async def test_the_numbers_say_what_became_of_the_forms(mailer: Mailer) -> None:
    with transaction(mailer.engine) as session:
        river = session.scalars(select(Newsletter.id)).one()
        for outcome, days in (
            *[(Outcome.ASKED, 0)] * 3,
            (Outcome.CONFIRMED, 1),
            (Outcome.ROBOT, 1),
            (Outcome.ROBOT, 29),
            (Outcome.LIMIT, 30),
        ):
            counting.count(session, river, outcome, NOON - timedelta(days=days))
    async with visiting(mailer) as client:
        sign_in(mailer, client)
        listed = await client.get("/settings/forms")
        month = await client.get(f"{PATH}/numbers")
        year = await client.get(f"{PATH}/numbers?days=365")

    assert "in 30 days: 3 asked, 1 confirmed" in page(listed).text_content()
    assert page(month).xpath("//tbody//td/text()") == ["a robot in the trap", "2"]
    assert len(page(year).xpath("//tbody/tr")) == 2


async def test_every_form_is_counted_with_what_became_of_it(engine: Engine) -> None:
    with transaction(engine) as session:
        forms.change(session, add_newsletter(session), roles=False, sites=["https://river.test"])
    mailer = mailer_of(engine)
    elsewhere = {"origin": "https://elsewhere.test", "sec-fetch-site": "cross-site"}
    sent: list[tuple[dict[str, Any], dict[str, str]]] = [
        ({"address": "ann@readers.test"}, {"origin": "https://river.test"}),
        ({"address": "ann@readers.test"}, {"sec-fetch-site": "same-origin", "origin": "null"}),
        ({"address": "ann@readers.test"}, elsewhere),
        ({"address": "ann@readers.test", "website": "x"}, {}),
        ({"address": "nobody"}, {}),
        ({"address": "info@readers.test"}, {}),
        ({"address": "ann@mailinator.com"}, {}),
    ]
    async with visiting(mailer) as client:
        answers = [
            await client.post("/s/river", data=data, headers=headers) for data, headers in sent
        ]
    assert [one.status_code for one in answers] == [303, 303, 403, 303, 422, 422, 422]
    with reading(engine) as session:
        [found] = counting.counted(session, NOON).values()
    assert found == {
        Outcome.ASKED: 2,
        Outcome.SITE: 1,
        Outcome.ROBOT: 1,
        Outcome.ADDRESS: 1,
        Outcome.ROLE: 1,
        Outcome.DISPOSABLE: 1,
    }


async def test_where_work_is_asked_for_a_form_without_it_is_told_what_to_do(engine: Engine) -> None:
    with transaction(engine) as session:
        forms.change(session, add_newsletter(session), work=True)
    async with visiting(mailer_of(engine)) as client:
        refused = await client.post("/s/river", data={"address": "ann@readers.test"})
    assert refused.status_code == 422
    assert "switch on JavaScript" in page(refused).xpath("string(//*[@role='alert'])")
