"""The pages to sign up and confirm: for everybody, with and without script, and no oracle."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from lxml import html as lxml_html
from sqlalchemy import Engine, func, select

from mailer.audience import forms, segments, subscribers, suppressions
from mailer.audience.histories import history
from mailer.audience.selecting import select_people
from mailer.bootstrap import Mailer
from mailer.database.engine import reading, transaction
from mailer.database.tables import (
    Consent,
    CustomField,
    Newsletter,
    Notice,
    OptIn,
    RequestMeter,
    SignUp,
    Subscription,
)
from mailer.field_kinds import EditableBy, FieldKind
from mailer.joining import work
from mailer.rules import parse
from mailer.web.snippet import snippet
from tests.support.factories import NOON, add_newsletter, add_subscriber
from tests.support.notices import link_to, noticed
from tests.support.site import heading, mailer_of, page, visiting

pytestmark = pytest.mark.anyio
ANN = "ann@readers.test"
JSON = {"accept": "application/json"}


def a_form(engine: Engine, *, settings: dict[str, Any] | None = None, **values: Any) -> Mailer:
    with transaction(engine) as session:
        newsletter = add_newsletter(session, **values)
        if settings:
            forms.change(session, newsletter, **settings)
    return mailer_of(engine)


def count(engine: Engine, table: Any) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def states(engine: Engine) -> list[Consent]:
    with reading(engine) as session:
        return list(session.scalars(select(Subscription.state)))


def fields(answer: httpx.Response) -> dict[str, str]:
    """What the page's first form sends as it stands."""
    form = page(answer).forms[0]
    return {name: value for name, value in form.form_values() if name}


async def proof(client: httpx.AsyncClient, slug: str = "river") -> dict[str, str]:
    made = (await client.get(f"/s/{slug}/challenge")).json()
    text, bits = made["challenge"], made["bits"]
    number = next(n for n in range(10**8) if work.zero_bits(f"{text}:{n}") >= bits)
    return {"challenge": text, "answer": str(number)}


async def test_the_way_from_the_form_to_the_consent_needs_no_script(engine: Engine) -> None:
    mailer = a_form(engine)
    async with visiting(mailer) as client:
        shown = await client.get("/s/river")
        assert heading(shown) == "Subscribe to River Watch"
        sent = await client.post(
            "/s/river",
            data={**fields(shown), "address": ANN, "name": "Ann"},
            headers={"referer": "https://river.test/join?secret=1"},
            follow_redirects=True,
        )
        assert heading(sent) == "Please look into your inbox"
        assert ANN not in str(sent.url)
        path = f"/confirm/{link_to(engine, '/confirm/')}"
        asked = await client.get(path)
        assert heading(asked) == "Do you want River Watch?"
        await client.head(path)
        assert states(engine) == [Consent.PENDING], "looking changes nothing"
        done = await client.post(path, follow_redirects=True)
        assert heading(done) == "You are subscribed"
        again = await client.post(path, follow_redirects=True)
        assert heading(again) == "You are subscribed"

    assert states(engine) == [Consent.CONFIRMED]
    with reading(engine) as session:
        asked_for, confirmed = history(session, subscribers.get(session, ANN))
    assert asked_for.evidence["referrer"] == "https://river.test/join"
    assert asked_for.evidence["client"] == "127.0.0.0/24"
    assert "I want to receive River Watch by e-mail." in asked_for.evidence["wording"]
    assert confirmed.evidence["confirmation"]["form"] == "confirm"


@pytest.mark.parametrize(
    ("query", "source"),
    [
        ("?source=spring-fair&utm_source=x", "confirmed: spring-fair"),
        ("?utm_source=facebook&utm_campaign=weir", "confirmed: facebook / weir"),
        (f"?source={'x' * 500}", f"confirmed: {'x' * 60}"),
        ("", "confirmed"),
    ],
)
async def test_where_somebody_came_from_stands_in_the_record_and_a_segment_asks_for_it(
    engine: Engine, query: str, source: str
) -> None:
    mailer = a_form(engine)
    async with visiting(mailer) as client:
        shown = await client.get(f"/s/river{query}")
        wrong = await client.post("/s/river", data={**fields(shown), "address": "ann@"})
        assert wrong.status_code == 422
        await client.post("/s/river", data={**fields(wrong), "address": ANN})
        await client.post(f"/confirm/{link_to(engine, '/confirm/')}")

    with reading(engine) as session:
        confirmed = history(session, subscribers.get(session, ANN))[-1]
        selected = select_people(session, parse(f'source is "{source}"'), now=NOON)
        assert segments.count(session, selected) == 1
    assert confirmed.source == source
    assert confirmed.evidence.get("source", "") == source.removeprefix("confirmed").lstrip(": ")


async def test_the_form_for_other_pages_says_where_it_stands(engine: Engine) -> None:
    mailer = a_form(engine)
    with transaction(engine) as session:
        newsletter = session.scalars(select(Newsletter)).one()
        code = snippet(session, mailer, newsletter, None, 'the "<home>" page')
    form = lxml_html.fragment_fromstring(code, create_parent=True).xpath("//form")[0]
    async with visiting(mailer) as client:
        await client.post("/s/river", data=dict(form.form_values()) | {"address": ANN})
    with reading(engine) as session:
        assert session.scalars(select(SignUp)).one().evidence["source"] == 'the "<home>" page'


async def test_the_answer_never_tells_what_is_known_of_an_address(engine: Engine) -> None:
    mailer = a_form(engine)
    with transaction(engine) as session:
        newsletter = session.scalars(select(Newsletter)).one()
        add_subscriber(session, "subscribed@readers.test", newsletter=newsletter)
        add_subscriber(
            session, "left@readers.test", newsletter=newsletter, state=Consent.UNSUBSCRIBED
        )
        suppressions.add(
            session, "suppressed@readers.test", reason="complaint", source="test", now=NOON
        )
    answers = set()
    links = set()
    async with visiting(mailer) as client:
        for who in ("new", "subscribed", "left", "suppressed"):
            data = {"address": f"{who}@readers.test"}
            page_answer = await client.post("/s/river", data=data)
            script_answer = await client.post("/s/river", data=data, headers=JSON)
            linked = await client.post("/preferences", data=data)
            answers.add(
                (
                    page_answer.status_code,
                    page_answer.headers["location"],
                    script_answer.status_code,
                    script_answer.text,
                )
            )
            links.add((linked.status_code, linked.headers["location"], linked.text))
            with transaction(engine) as session:
                session.query(RequestMeter).delete()

    assert len(answers) == 1
    assert len(links) == 1
    assert {one.recipient for one in noticed(engine)} == {
        "new@readers.test",
        "subscribed@readers.test",
        "left@readers.test",
    }


async def test_a_typing_error_is_offered_for_correction_and_never_corrected_silently(
    engine: Engine,
) -> None:
    mailer = a_form(engine)
    async with visiting(mailer) as client:
        asked = await client.post("/s/river", data={"address": "ann@gmial.com", "name": "Ann"})
        assert "Did you mean ann@gmail.com?" in page(asked).text_content()
        assert page(asked).xpath("string(//input[@name='name']/@value)") == "Ann"
        choices = page(asked).xpath("//button[@name='choice']/@value")
        assert choices == ["ann@gmail.com", "ann@gmial.com"]
        assert count(engine, SignUp) == 0
        for choice in choices:
            await client.post("/s/river", data={**fields(asked), "choice": choice})
        scripted = await client.post("/s/river", data={"address": "x@gmx.con"}, headers=JSON)
        half = {"address": "x@gmail"}
        whole = await client.post("/s/river", data=half, headers=JSON)
        insisting = await client.post(
            "/s/river", data={**half, "as_typed": "x@gmail"}, headers=JSON
        )

    assert (whole.json()["state"], whole.json()["meant"]) == ("doubt", "x@gmail.com")
    assert insisting.json()["state"] == "problem", "no choice makes an address of it"
    assert [one.recipient for one in noticed(engine)] == choices
    assert scripted.json()["state"] == "doubt"
    assert scripted.json()["meant"] == "x@gmx.com"


async def test_other_sites_may_send_the_form_and_read_the_answer(engine: Engine) -> None:
    mailer = a_form(engine, settings={"heading": "Join us"})
    with transaction(engine) as session:
        newsletter = session.scalars(select(Newsletter)).one()
        code = snippet(session, mailer, newsletter, None)
    form = lxml_html.fragment_fromstring(code, create_parent=True).xpath("//form")[0]
    assert form.get("action") == "http://127.0.0.1:8000/s/river"
    assert code.count("<script") == 1
    assert "style=" not in code
    sent = dict(form.form_values()) | {"address": ANN}
    async with visiting(mailer) as client:
        answer = await client.post(
            "/s/river", data=sent, headers={**JSON, "origin": "https://elsewhere.test"}
        )
        script = await client.get("/form.js")
        shown, filled, elsewhere = [
            await client.get(path)
            for path in ("/s/river/", "/s/river?address=a@b.test", "/preferences")
        ]
        with transaction(engine) as session:
            forms.change(
                session, session.scalars(select(Newsletter)).one(), sites=["https://a.test"]
            )
        sent_page = await client.get("/s/river/sent")

    assert shown.status_code == 200, "a slash too many leads to no other host"
    assert "frame-ancestors *" in shown.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in elsewhere.headers["content-security-policy"]
    assert "frame-ancestors 'self' https://a.test" in sent_page.headers["content-security-policy"]
    listed = ["noindex" not in one.text + str(one.headers) for one in (shown, filled, sent_page)]
    assert listed == [True, False, False], "search engines find the form, and nobody's address"
    for one in (answer, script):
        assert one.headers["access-control-allow-origin"] == "*"
    assert answer.json()["state"] == "done"
    with reading(engine) as session:
        evidence = session.scalars(select(SignUp)).one().evidence
    assert evidence["form"] == "embedded"
    assert evidence["wording"].startswith("Join us\n")


async def test_whoever_fills_in_what_people_do_not_see_gets_the_usual_answer_and_nothing_else(
    engine: Engine,
) -> None:
    mailer = a_form(engine)
    async with visiting(mailer) as client:
        shown = await client.get("/s/river")
        assert page(shown).xpath("//*[@hidden]//input[@name='website']")
        robot = await client.post("/s/river", data={"address": ANN, "website": "http://x.test"})
        person = await client.post("/s/river", data={"address": "bob@readers.test"})

    assert robot.headers["location"] == person.headers["location"]
    assert [one.recipient for one in noticed(engine)] == ["bob@readers.test"]


async def test_work_lets_more_forms_through_and_single_opt_in_count_at_once(
    engine: Engine,
) -> None:
    mailer = a_form(engine, opt_in=OptIn.SINGLE, settings={"hourly": 30})
    async with visiting(mailer) as client:
        for number in range(6):
            answer = await client.post("/s/river", data={"address": f"{number}@readers.test"})
        assert answer.status_code == 429
        assert "Please try again in 60 minutes." in answer.text
        assert answer.headers["retry-after"] == "3601"
        proved = await client.post(
            "/s/river", data={"address": ANN, **await proof(client)}, headers=JSON
        )

    assert proved.json()["title"] == "Thank you"
    assert states(engine).count(Consent.PENDING) == 5
    assert states(engine).count(Consent.CONFIRMED) == 1


async def test_a_limit_is_for_one_network_and_nobody_can_claim_to_come_from_another(
    engine: Engine,
) -> None:
    mailer = a_form(engine, settings={"hourly": 30})
    async with visiting(mailer) as client:
        for number in range(6):
            forged = {"x-forwarded-for": f"198.51.100.{number}, 203.0.113.9"}
            answer = await client.post(
                "/s/river", data={"address": f"{number}@readers.test"}, headers=forged
            )
        other = await client.post(
            "/s/river", data={"address": ANN}, headers={"x-forwarded-for": "203.0.113.10"}
        )

    assert answer.status_code == 429
    assert other.status_code == 303


async def test_a_form_is_taken_however_browsers_send_it_and_other_types_are_told_so(
    sqlite_engine: Engine,
) -> None:
    mailer = a_form(sqlite_engine)
    async with visiting(mailer) as client:
        parts: dict[str, Any] = {"address": (None, ANN), "photo": ("a.png", b"PNG")}
        sent = await client.post("/s/river", files=parts)
        program = await client.post("/s/river", json={"address": ANN})
        text = await client.post(
            "/s/river", content=b"address=x", headers={"content-type": "text/plain"}
        )
        torn = await client.post(
            "/s/river", content=b"x", headers={"content-type": "multipart/form-data"}
        )

    assert sent.status_code == 303
    assert states(sqlite_engine) == [Consent.PENDING]
    assert (program.status_code, text.status_code, torn.status_code) == (415, 415, 400)
    assert program.json()["words"].endswith("as browsers do; this was application/json.")
    assert "this was text/plain." in text.text


@pytest.mark.parametrize(
    ("keep", "client_kept"),
    [("full", "203.0.113.9"), ("truncated", "203.0.113.0/24"), ("none", None)],
)
async def test_the_asker_s_address_is_kept_as_the_setting_says(
    sqlite_engine: Engine, keep: str, client_kept: str | None
) -> None:
    a_form(sqlite_engine)
    mailer = mailer_of(sqlite_engine, keep_client_addresses=keep)
    async with visiting(mailer) as client:
        await client.post(
            "/s/river", data={"address": ANN}, headers={"x-forwarded-for": "203.0.113.9"}
        )
    with reading(sqlite_engine) as session:
        assert session.scalars(select(SignUp)).one().evidence.get("client") == client_kept


async def test_custom_fields_are_asked_for_checked_and_kept(engine: Engine) -> None:
    with transaction(engine) as session:
        for name, kind, options in (
            ("age", FieldKind.NUMBER, []),
            ("topic", FieldKind.CHOICE, ["Water", "Trees"]),
        ):
            session.add(
                CustomField(
                    name=name,
                    label=name.title(),
                    kind=kind,
                    options=options,
                    editable_by=EditableBy.STAFF,
                    created_at=NOON,
                )
            )
    asked = [{"name": "topic", "required": True}, {"name": "age"}]
    mailer = a_form(engine, settings={"fields": asked, "ask_name": False})
    async with visiting(mailer) as client:
        shown = await client.get("/s/river?f.age=7&address=ann@readers.test&f.nothing=1")
        assert page(shown).xpath("string(//input[@name='f.age']/@value)") == "7"
        assert page(shown).xpath("string(//input[@name='address']/@value)") == ANN
        assert page(shown).xpath("//input[@name='name']") == []
        missing = await client.post("/s/river", data={"address": ANN})
        wrong = await client.post(
            "/s/river", data={"address": ANN, "f.topic": "Water", "f.age": "old"}
        )
        await client.post(
            "/s/river",
            data={"address": ANN, "f.topic": "water", "f.age": "41", "f.evil": "x"},
        )
    assert (missing.status_code, wrong.status_code) == (422, 422)
    assert "Topic" in page(missing).xpath("string(//*[@role='alert'])")
    assert "Age" in page(wrong).xpath("string(//*[@role='alert'])")
    with reading(engine) as session:
        assert session.scalars(select(SignUp)).one().fields == {"topic": "Water", "age": 41}


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("nobody", "cannot write to this address"),
        ("info@readers.test", "address of your own"),
        ("ann@mailinator.com", "an address that lasts"),
    ],
)
async def test_addresses_that_a_newsletter_does_not_take_are_named(
    sqlite_engine: Engine, address: str, words: str
) -> None:
    mailer = a_form(sqlite_engine, settings={"roles": False})
    async with visiting(mailer) as client:
        answer = await client.post("/s/river", data={"address": address})

    assert answer.status_code == 422
    assert words in page(answer).xpath("string(//*[@role='alert'])")
    assert page(answer).xpath("string(//input[@name='address']/@aria-invalid)") == "true"
    assert count(sqlite_engine, SignUp) == 0


async def test_a_closed_form_says_so_and_takes_nothing(sqlite_engine: Engine) -> None:
    mailer = a_form(sqlite_engine, settings={"open": False})
    async with visiting(mailer) as client:
        shown = await client.get("/s/river")
        sent = await client.post("/s/river", data={"address": ANN})
        nowhere = await client.get("/s/no-such-newsletter")
        assert (await client.get("/look/no-such-newsletter.css")).status_code == 404

    assert (shown.status_code, sent.status_code, nowhere.status_code) == (410, 410, 404)
    assert count(sqlite_engine, Notice) == 0


async def test_an_old_link_says_that_it_is_too_old(sqlite_engine: Engine) -> None:
    mailer = a_form(sqlite_engine)
    async with visiting(mailer) as client:
        await client.post("/s/river", data={"address": ANN})
    token = link_to(sqlite_engine, "/confirm/")
    late = replace(mailer, clock=lambda: NOON + timedelta(days=8))
    async with visiting(late) as client:
        for answer in (
            await client.get(f"/confirm/{token}"),
            await client.post(f"/confirm/{token}"),
        ):
            assert answer.status_code == 410
            assert heading(answer) == "This link is too old"
    assert states(sqlite_engine) == [Consent.PENDING]


async def test_pages_speak_the_language_asked_for_and_wear_the_newsletter_s_look(
    sqlite_engine: Engine,
) -> None:
    mailer = a_form(sqlite_engine, language="ar", look={"accent": "#8a1c4a"})
    async with visiting(mailer) as client:
        arabic = await client.get("/s/river")
        german = await client.get("/s/river?lang=de")
        sheet = await client.get(page(arabic).xpath("//link[@rel='stylesheet']/@href")[-1])

    assert (page(arabic).get("lang"), page(arabic).get("dir")) == ("ar", "rtl")
    assert (page(german).get("lang"), page(german).get("dir")) == ("de", "ltr")
    assert "--accent: #8a1c4a;" in sheet.text
    assert sheet.headers["content-type"].startswith("text/css")


async def test_the_mailed_link_opens_the_preferences(engine: Engine) -> None:
    mailer = a_form(engine)
    with transaction(engine) as session:
        add_subscriber(session, ANN, newsletter=session.scalars(select(Newsletter)).one())
    async with visiting(mailer) as client:
        assert heading(await client.get("/preferences")) == "Your preferences"
        wrong = await client.post("/preferences", data={"address": "nobody"})
        sent = await client.post("/preferences", data={"address": ANN}, follow_redirects=True)
        opened = await client.get(f"/p/{link_to(engine, '/p/')}")

    assert wrong.status_code == 422
    assert heading(sent) == "Please look into your inbox"
    assert ANN in page(opened).text_content()
