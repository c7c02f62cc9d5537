"""Readers decide what they are called and what they get, without an account or a script."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, select

from mailer.audience import consent, suppressions
from mailer.audience.histories import history
from mailer.database.engine import reading, transaction
from mailer.database.tables import (
    Consent,
    ConsentChange,
    CustomField,
    Subscriber,
    Subscription,
    Unsubscribe,
)
from mailer.delivering.recipients import load
from mailer.field_kinds import EditableBy, FieldKind
from tests.support.factories import NOON, add_newsletter, add_subscriber
from tests.support.notices import link_to, noticed
from tests.support.site import Mailed, heading, mail_one, mailer_of, page, visiting
from tests.support.staff import sign_in

pytestmark = pytest.mark.anyio


def join(engine: Engine, ann: Mailed, slug: str, state: Consent) -> int:
    with transaction(engine) as session:
        newsletter = add_newsletter(session, slug, name=slug.title())
        consent.change(
            session,
            newsletter_id=newsletter.id,
            subscriber_id=ann.subscriber_id,
            state=state,
            now=NOON,
            source="test",
        )
        return newsletter.id


def states(engine: Engine) -> dict[int, Consent]:
    with reading(engine) as session:
        return {row.newsletter_id: row.state for row in session.scalars(select(Subscription))}


async def test_saving_keeps_names_and_ends_and_begins_subscriptions(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    trees = join(engine, ann, "trees", Consent.UNSUBSCRIBED)
    async with visiting(mailer) as client:
        saved = await client.post(
            f"/p/{ann.token}",
            data={
                "name": "  Ann\r\nBcc: x@y.test ",
                "language": "pt",
                "time_zone": "Europe/Lisbon",
                "shown": [str(ann.newsletter_id), str(trees)],
                "newsletter": [str(trees)],
            },
            follow_redirects=True,
        )

    assert "Guardado." in saved.text, "in the language just chosen"
    assert states(engine) == {ann.newsletter_id: Consent.UNSUBSCRIBED, trees: Consent.CONFIRMED}
    with reading(engine) as session:
        subscriber = session.get_one(Subscriber, ann.subscriber_id)
        left = session.scalars(select(Unsubscribe)).one()
        changes = {
            (change.newsletter_id, change.source): change
            for change in session.scalars(select(ConsentChange))
        }
    assert subscriber.name == "Ann Bcc: x@y.test", "no line break reaches a header"
    assert (subscriber.language, subscriber.time_zone) == ("pt", "Europe/Lisbon")
    assert (left.method, left.issue_id) == ("preferences", ann.issue_id)
    begun, ended = changes[trees, "preferences"], changes[ann.newsletter_id, "preferences"]
    assert (begun.state, ended.state) == (Consent.CONFIRMED, Consent.UNSUBSCRIBED)
    assert begun.evidence == ended.evidence | {"issue": ann.issue_id}, "by whose mail they came"
    assert begun.evidence["wording"] == "What we send you\nSave"
    assert (begun.evidence["form"], begun.evidence["client"]) == ("preferences", "127.0.0.0/24")


async def test_newsletters_that_were_not_on_the_form_stay_as_they_are(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    other = join(engine, ann, "trees", Consent.CONFIRMED)
    async with visiting(mailer) as client:
        await client.post(f"/p/{ann.token}", data={"shown": str(ann.newsletter_id)})

    assert states(engine) == {ann.newsletter_id: Consent.UNSUBSCRIBED, other: Consent.CONFIRMED}


async def test_nobody_joins_a_newsletter_they_were_never_offered(sqlite_engine: Engine) -> None:
    mailer = mailer_of(sqlite_engine)
    ann = mail_one(mailer)
    with transaction(sqlite_engine) as session:
        hidden = [
            add_newsletter(session, slug, name=name, sign_up=sign_up).id
            for slug, name, sign_up in (
                ("staff", "Staff only", {"offered": False}),
                ("old", "The old letter", {"open": False}),
            )
        ]
    async with visiting(mailer) as client:
        shown = await client.get(f"/p/{ann.token}")
        await client.post(f"/p/{ann.token}", data={"shown": hidden, "newsletter": hidden})

    assert "Staff only" not in shown.text
    assert "The old letter" not in shown.text
    assert states(sqlite_engine) == {ann.newsletter_id: Consent.CONFIRMED}


async def test_a_tick_brings_another_newsletter_of_the_group_with_a_record_and_a_welcome(
    engine: Engine,
) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    with transaction(engine) as session:
        trees = add_newsletter(
            session, "trees", name="Trees", sign_up={"intro": "Once a month."}
        ).id
    async with visiting(mailer) as client:
        shown = await client.get(f"/p/{ann.token}")
        given = {
            "shown": [ann.newsletter_id, trees],
            "newsletter": [ann.newsletter_id, trees],
            f"wording.{trees}": page(shown).xpath(f"//*[@name='wording.{trees}']/@value"),
        }
        assert states(engine) == {ann.newsletter_id: Consent.CONFIRMED}, "looking is no consent"
        for _ in range(2):
            await client.post(f"/p/{ann.token}", data=given)

    assert states(engine) == {ann.newsletter_id: Consent.CONFIRMED, trees: Consent.CONFIRMED}
    with reading(engine) as session:
        record = session.scalars(
            select(ConsentChange).where(ConsentChange.newsletter_id == trees)
        ).one()
    assert record.source == "preferences"
    assert record.evidence["form"] == "preferences"
    assert record.evidence["issue"] == ann.issue_id, "by whose mail they came"
    assert record.evidence["wording"].splitlines() == [
        "More from us",
        "Trees",
        "Once a month.",
        "With a tick you ask us to mail it to you. You can leave at any time, with one click.",
        "Save",
    ]
    [welcome] = noticed(engine)
    assert welcome.kind == "welcome", "whoever it was for learns of it"


def two_that_demand_a_city(engine: Engine) -> tuple[int, int]:
    asked = [{"name": "city", "required": True}, {"name": "born"}]
    with transaction(engine) as session:
        for name, kind in (("city", FieldKind.TEXT), ("born", FieldKind.DATE)):
            session.add(
                CustomField(
                    name=name, label=name.title(), kind=kind, options=[], default={},
                    editable_by=EditableBy.STAFF, created_at=NOON,
                )
            )  # fmt: skip
        lakes, trees = (
            add_newsletter(session, slug, name=slug, sign_up={"fields": asked, "consent": slug})
            for slug in ("lakes", "trees")
        )
        return lakes.id, trees.id


async def test_what_a_form_demands_is_asked_for_on_ticking_its_newsletter(engine: Engine) -> None:
    """A second step without script; nobody is subscribed before it, and each has its own."""
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    lakes, trees = two_that_demand_a_city(engine)
    wishes = [ann.newsletter_id, lakes, trees]
    only_river = {ann.newsletter_id: Consent.CONFIRMED}
    async with visiting(mailer) as client:
        given = {"name": "Ann", "shown": wishes, "newsletter": wishes}
        step = await client.post(f"/p/{ann.token}", data=given, follow_redirects=True)
        assert heading(step) == "Subscribe to lakes"
        assert page(step).xpath("//label[@for='f-city' or @for='f-born']/@for") == [
            "f-city",
            "f-born",
        ]
        await client.head(step.url)
        hidden = {"wording": page(step).xpath("//*[@name='wording']/@value")[0]}
        empty = await client.post(step.url, data=hidden | {"f.city": " ", "f.born": ""})
        assert empty.status_code == 422
        assert "City" in page(empty).xpath("string(//*[@role='alert'])")
        assert states(engine) == only_river, "neither looking nor an empty answer is consent"

        answers = hidden | {"f.city": "Bonn", "f.born": ""}
        saved = await client.post(step.url, data=answers, follow_redirects=True)
        assert heading(saved) == "Subscribe to trees", "the other has words of its own"

    assert states(engine) == only_river | {lakes: Consent.CONFIRMED}
    assert subscriber(engine, ann).fields == {"city": "Bonn"}
    with reading(engine) as session:
        changes = select(ConsentChange).where(ConsentChange.newsletter_id == lakes)
        evidence = session.scalars(changes).one().evidence
    assert (evidence["form"], evidence["issue"]) == ("preferences", ann.issue_id)
    assert "lakes" in evidence["wording"].splitlines()
    assert [one.kind for one in noticed(engine)] == ["welcome"]


async def test_whoever_is_suppressed_is_told_that_nothing_comes(sqlite_engine: Engine) -> None:
    mailer = mailer_of(sqlite_engine)
    ann = mail_one(mailer)
    with transaction(sqlite_engine) as session:
        address = session.get_one(Subscriber, ann.subscriber_id).address
        suppressions.add(session, address, reason="complaint", source="test", now=NOON)
    async with visiting(mailer) as client:
        shown = await client.get(f"/p/{ann.token}")

    assert "never to use it again" in page(shown).xpath("string(//*[@role='status'])")


async def test_one_button_ends_everything(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    join(engine, ann, "trees", Consent.CONFIRMED)
    async with visiting(mailer) as client:
        left = await client.post(f"/p/{ann.token}/leave", follow_redirects=True)

    assert "unsubscribed from everything" in left.text
    assert set(states(engine).values()) == {Consent.UNSUBSCRIBED}
    assert page(left).xpath("//input[@type='checkbox' and @checked]") == []


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [("time_zone", "Mars/Olympus", "time zone"), ("language", "klingon", "language")],
)
async def test_what_cannot_be_kept_is_said_and_changes_nothing(
    sqlite_engine: Engine, field: str, value: str, words: str
) -> None:
    mailer = mailer_of(sqlite_engine)
    ann = mail_one(mailer)
    async with visiting(mailer) as client:
        answer = await client.post(
            f"/p/{ann.token}", data={"shown": str(ann.newsletter_id), field: value}
        )

    assert answer.status_code == 422
    assert words in page(answer).xpath("string(//*[@role='alert'])")
    assert heading(answer) == "Your preferences"
    assert states(sqlite_engine) == {ann.newsletter_id: Consent.CONFIRMED}


def subscriber(engine: Engine, ann: Mailed) -> Subscriber:
    with reading(engine) as session:
        return session.get_one(Subscriber, ann.subscriber_id)


async def test_a_pause_lasts_until_its_day_and_is_on_record(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    async with visiting(mailer) as client:
        paused = await client.post(
            f"/p/{ann.token}/pause", data={"until": "2026-12-24"}, follow_redirects=True
        )
        assert re.search(r"Paused until (December 24,|24 December) 2026\.", paused.text)
        until = datetime(2026, 12, 24, tzinfo=UTC)
        assert subscriber(engine, ann).paused_until == until
        for day in ("2026-11-02", "2028-12-01", "never"):
            wrong = await client.post(f"/p/{ann.token}/pause", data={"until": day})
            assert wrong.status_code == 422
        assert subscriber(engine, ann).paused_until == until
        assert skipped(engine, ann) == {ann.subscriber_id: "paused"}
        await client.post(f"/p/{ann.token}/pause", data={"until": ""})
        sign_in(mailer, client)
        person = await client.get(f"/subscribers/{ann.subscriber_id}")
        assert "their own page" in person.text, "staff see who paused"

    assert subscriber(engine, ann).paused_until is None
    assert skipped(engine, ann) == {}
    with reading(engine) as session:
        records = history(session, session.get_one(Subscriber, ann.subscriber_id))[-2:]
    assert [one.source for one in records] == ["pause", "pause ended"]
    assert records[0].evidence["until"].startswith("2026-12-24")


async def test_persian_pages_write_days_in_persian_digits_and_addresses_from_left_to_right(
    sqlite_engine: Engine,
) -> None:
    mailer = mailer_of(sqlite_engine)
    ann = mail_one(mailer)
    with transaction(sqlite_engine) as session:
        session.get_one(Subscriber, ann.subscriber_id).language = "fa"
    async with visiting(mailer) as client:
        await client.post(f"/p/{ann.token}/pause", data={"until": "2026-12-24"})
        paused = await client.get(f"/p/{ann.token}")
        await client.post(f"/p/{ann.token}/address", data={"address": "ann@elsewhere.test"})
        move = await client.get(f"/address/{link_to(sqlite_engine, '/address/')}")
        erase = await client.get(f"/p/{ann.token}/erase")

    assert "۲۴ دسامبر ۲۰۲۶" in paused.text
    told = [str(one) for one in page(move).xpath("//bdi[@dir='ltr']//text()")]
    assert "".join(told) == "ann@elsewhere.testann@readers.test"
    assert page(erase).xpath("//bdi[@dir='ltr']")


def skipped(engine: Engine, ann: Mailed) -> dict[int, str]:
    with reading(engine) as session:
        ids = [ann.subscriber_id]
        return load(session, ann.newsletter_id, ids, with_fields=False, now=NOON).skipped


async def test_readers_change_the_fields_that_are_theirs_and_no_others(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    with transaction(engine) as session:
        for name, by in (("city", EditableBy.READER), ("tier", EditableBy.STAFF)):
            session.add(
                CustomField(
                    name=name,
                    label=name.title(),
                    kind=FieldKind.TEXT,
                    options=[],
                    editable_by=by,
                    created_at=NOON,
                )
            )
        session.get_one(Subscriber, ann.subscriber_id).fields = {"tier": "gold", "city": "Bonn"}
    async with visiting(mailer) as client:
        shown = await client.get(f"/p/{ann.token}")
        assert page(shown).xpath("string(//input[@name='f.city']/@value)") == "Bonn"
        assert page(shown).xpath("//input[@name='f.tier']") == []
        await client.post(f"/p/{ann.token}", data={"f.city": "Ulm", "f.tier": "platinum"})
        assert subscriber(engine, ann).fields == {"tier": "gold", "city": "Ulm"}
        await client.post(f"/p/{ann.token}", data={"f.city": ""})

    assert subscriber(engine, ann).fields == {"tier": "gold"}


async def test_a_new_address_counts_once_its_button_was_pressed(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    new = "ann@elsewhere.test"
    async with visiting(mailer) as client:
        asked = await client.post(
            f"/p/{ann.token}/address", data={"address": new}, follow_redirects=True
        )
        assert "We have sent a mail to your new address." in asked.text
        path = f"/address/{link_to(engine, '/address/', to=new)}"
        assert heading(await client.get(path)) == "Use this address?"
        await client.head(path)
        assert subscriber(engine, ann).address == "ann@readers.test"
        done = await client.post(path, follow_redirects=True)
        assert heading(done) == "Your address is changed"
        wrong = await client.post(f"/p/{ann.token}/address", data={"address": "nobody"})

    assert wrong.status_code == 422
    assert subscriber(engine, ann).address == new


async def test_an_address_that_is_somebody_elses_is_not_taken_over(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    with transaction(engine) as session:
        add_subscriber(session, "bob@readers.test")
    async with visiting(mailer) as client:
        await client.post(f"/p/{ann.token}/address", data={"address": "bob@readers.test"})
        refused = await client.post(f"/address/{link_to(engine, '/address/')}")

    assert refused.status_code == 409
    assert subscriber(engine, ann).address == "ann@readers.test"


async def test_readers_take_their_data_with_them(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    async with visiting(mailer) as client:
        data = await client.post(f"/p/{ann.token}/data")

    assert "attachment" in data.headers["content-disposition"]
    assert data.json()["subscriber"]["address"] == "ann@readers.test"
    assert data.json()["consent_changes"][0]["newsletter"] == "river"


async def test_readers_are_erased_by_the_button_and_not_by_the_link(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    path = f"/p/{ann.token}/erase"
    async with visiting(mailer) as client:
        assert heading(await client.get(path)) == "Erase all your data?"
        await client.head(path)
        assert subscriber(engine, ann).address == "ann@readers.test"
        done = await client.post(path)
        assert heading(done) == "Erased"
        gone = await client.get(f"/p/{ann.token}")
        again = await client.post(path)

    assert (gone.status_code, again.status_code) == (410, 410)
    with reading(engine) as session:
        assert session.get(Subscriber, ann.subscriber_id) is None


async def test_answers_that_are_left_alone_stay_whole_however_long_they_are(engine: Engine) -> None:
    """An import brings more than one line; it is neither cut nor put on one line by saving."""
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    story = "I have lived by the river\nall my life.\n\n" * 50 + "The end."
    with transaction(engine) as session:
        session.add(
            CustomField(
                name="story", label="Story", kind=FieldKind.TEXT, options=[], default={},
                editable_by=EditableBy.READER, created_at=NOON,
            )
        )  # fmt: skip
        person = session.get_one(Subscriber, ann.subscriber_id)
        person.fields, person.time_zone = {"story": story}, "GMT"
    async with visiting(mailer) as client:
        form = page(await client.get(f"/p/{ann.token}")).xpath("//form[.//input[@name='name']]")[0]
        sent = {
            name: (value or "").removeprefix("\n").replace("\n", "\r\n")
            for name, value in form.form_values()
        }
        assert (await client.post(f"/p/{ann.token}", data=sent)).status_code == 303

    with reading(engine) as session:
        person = session.get_one(Subscriber, ann.subscriber_id)
        assert person.fields == {"story": story}
        assert person.time_zone == "GMT"
