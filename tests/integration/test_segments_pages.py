"""Pages of segments: a rule is understood, counted, saved, changed; what is wrong is pointed at."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, select

from mailer.audience import segments, targeting
from mailer.bootstrap import Mailer
from mailer.database.engine import ZONE, reading, transaction
from mailer.database.tables import IssueState, Newsletter, Role, Segment, Subscriber, User
from mailer.rules.syntax import Operator
from tests.support.factories import NOON, add_issue, add_newsletter, add_subscriber
from tests.support.site import mailer_of, page, visiting
from tests.support.staff import sign_in

pytestmark = pytest.mark.anyio


@pytest.fixture
def mailer(engine: Engine) -> Mailer:
    with transaction(engine) as session:
        newsletter = add_newsletter(session)
        for address, language in (
            ("ann@a.test", "de"),
            ("ben@a.test", "de-AT"),
            ("cem@a.test", "en"),
        ):
            add_subscriber(session, address, newsletter=newsletter, language=language)
    return mailer_of(engine)


async def test_a_rule_is_checked_as_text_and_as_a_tree(mailer: Mailer) -> None:
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        text = await client.post("/segments/check", data=who.form | {"rule": 'language  is "de"'})
        tree = json.dumps({"not": text.json()["tree"]})
        other = await client.post("/segments/check", data=who.form | {"tree": tree})

    assert (text.json()["rule"], text.json()["people"]) == ('language is "de"', 2)
    assert (other.json()["rule"], other.json()["people"]) == ('language is not "de"', 1)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rule": 'language is "de" and'}, "character"),
        ({"rule": 'tag is "nobody"'}, "no tag"),
        ({"tree": "{"}, "must be an object"),
        ({"tree": '{"and": []}'}, "two or more"),
        ({}, "character"),
    ],
)
async def test_what_is_no_rule_is_said_in_a_sentence(
    mailer: Mailer, fields: dict[str, str], words: str
) -> None:
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        answer = await client.post("/segments/check", data=who.form | fields)

    assert answer.status_code == 422
    assert words in answer.json()["problem"]


async def test_a_segment_is_saved_shown_with_its_count_changed_and_removed(mailer: Mailer) -> None:
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        await client.post(
            "/segments", data=who.form | {"name": "Germans", "rule": 'language is "de"'}
        )
        overview = page(await client.get("/segments"))
        wrong = await client.post("/segments/1", data=who.form | {"rule": "language is"})
        ahead = json.dumps({"subject": "language", "operator": "is", "values": ["en"]})
        behind = who.form | {"rule": 'language is "de"'}
        half = await client.post("/segments/1", data=behind | {"tree": "{"})
        await client.post("/segments/1", data=behind | {"tree": ahead})
        shown = page(await client.get("/segments/1"))
        await client.post("/segments/1/remove", data=who.form)

    assert "2 people" in " ".join(overview.text_content().split())
    assert wrong.status_code == 422
    assert page(wrong).xpath("string(//textarea)") == "language is"
    assert half.status_code == 422
    assert "1 person" in " ".join(shown.text_content().split())
    assert "cem@a.test" in shown.text_content()
    with reading(mailer.engine) as session:
        assert session.scalars(select(Segment)).all() == []


async def test_what_a_change_means_for_issues_is_said(mailer: Mailer) -> None:
    with transaction(mailer.engine) as session:
        segments.add(session, "Germans", 'language is "de"', now=NOON)
        newsletter = session.scalars(select(Newsletter)).one()
        for state, started in ((IssueState.SCHEDULED, None), (IssueState.SENDING, NOON)):
            issue = add_issue(session, newsletter, state=IssueState.SCHEDULED)
            targeting.choose(session, issue.id, exclude=["Germans"], now=NOON)
            issue.state, issue.started_at = state, started
    async with visiting(mailer) as client:
        sign_in(mailer, client, role=Role.EDITOR)
        shown = page(await client.get("/segments/1"))
    told = shown.xpath("//section[@aria-labelledby='used']//li/span/text()")
    assert told == [
        "goes by the rule as it is when it starts",
        "has started, and keeps the rule it started with",
    ]


async def test_why_a_segment_cannot_be_removed_is_said_as_a_problem(mailer: Mailer) -> None:
    with transaction(mailer.engine) as session:
        used = segments.add(session, "Germans", 'language is "de"', now=NOON)
        segments.add(session, "Others", 'not segment "Germans"', now=NOON)
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        await client.post(f"/segments/{used.id}/remove", data=who.form)
        shown = page(await client.get("/segments"))

    assert "Others" in shown.xpath("string(//*[@role='alert'])")
    with reading(mailer.engine) as session:
        assert session.get(Segment, used.id) is not None


async def test_a_name_cannot_break_out_of_the_data_for_the_script(mailer: Mailer) -> None:
    with transaction(mailer.engine) as session:
        segments.add(session, "</script><b>x", 'language is "de"', now=NOON)
    async with visiting(mailer) as client:
        sign_in(mailer, client, role=Role.EDITOR)
        shown = page(await client.get("/segments/new"))

    words = json.loads(shown.xpath("string(//script[@id='words'])"))
    assert words["segments"] == ["</script><b>x"]


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ("America/New_York", "Days begin at midnight in New York."),
        ("Europe/Lisbon", "Days begin at midnight in New York, the time zone of this installation, and not in yours (Lisbon)"),
    ],
)  # fmt: skip
async def test_where_days_begin_is_said_where_a_day_is_asked_for(
    mailer: Mailer, own: str, words: str
) -> None:
    """And a rule is counted by those days."""
    far = mailer_of(mailer.engine.execution_options(**{ZONE: ZoneInfo("America/New_York")}))
    with transaction(far.engine) as session:
        saved = segments.add(session, "New", "joined after 2026-11-01", now=NOON)
        people = session.scalars(select(Subscriber).order_by(Subscriber.id)).all()
        people[0].created_at = datetime(2026, 11, 2, 4, 59, tzinfo=UTC)
    async with visiting(far) as client:
        who = sign_in(far, client, role=Role.EDITOR)
        with transaction(far.engine) as session:
            session.scalars(select(User)).one().time_zone = own
        shown = page(await client.get(f"/segments/{saved.id}"))
        new = page(await client.get("/segments/new"))
        counted = await client.post("/segments/check", data=who.form | {"rule": saved.rule})
    (told,) = shown.xpath("//*[@id='days']")
    assert told.text_content().startswith(words)
    assert told.get("hidden") is None
    assert new.xpath("//*[@id='days']")[0].get("hidden") is not None
    assert counted.json()["people"] == 2


async def test_viewers_see_no_segments(mailer: Mailer) -> None:
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.VIEWER)
        assert (await client.get("/segments")).status_code == 403
        check = await client.post("/segments/check", data=who.form | {"rule": 'language is "de"'})
        assert check.status_code == 403


@pytest.mark.parametrize("language", ["en", "fa", "ja"])
async def test_every_comparison_has_words_in_the_persons_language(
    mailer: Mailer, language: str
) -> None:
    async with visiting(mailer) as client:
        sign_in(mailer, client, role=Role.EDITOR)
        with transaction(mailer.engine) as session:
            session.scalars(select(User)).one().language = language
        shown = page(await client.get("/segments/new"))
    phrases = json.loads(shown.xpath("string(//script[@id='phrases'])"))
    words = json.loads(shown.xpath("string(//script[@id='words'])"))

    assert set(phrases["operators"]) == {one.value for one in Operator}
    subjects = [one["label"] for one in words["subjects"]]
    in_english = [one for one in (*phrases["operators"].values(), *subjects) if one.isascii()]
    assert bool(in_english) is (language == "en")
