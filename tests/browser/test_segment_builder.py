"""The builder of segments: conditions and text say the same, whichever of the two is changed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from mailer.audience import fields, segments, tags
from mailer.bootstrap import Mailer
from mailer.database.engine import transaction
from mailer.database.tables import IssueState
from mailer.field_kinds import FieldKind
from tests.support.chromium import serving
from tests.support.factories import NOON, add_issue, add_newsletter, add_subscriber
from tests.support.site import mailer_of
from tests.support.staff import sign_in

FIELDS = {
    "district": FieldKind.TEXT,
    "age": FieldKind.NUMBER,
    "born": FieldKind.DATE,
    "member": FieldKind.YES_NO,
    "size": FieldKind.CHOICE,
    "city": FieldKind.TEXT,
}


@pytest.fixture
def mailer(sqlite_engine: Engine) -> Mailer:
    with transaction(sqlite_engine) as session:
        newsletter = add_newsletter(session)
        for address, language in (("ann@a.test", "de"), ("ben@a.test", "de"), ("cem@a.test", "en")):
            add_subscriber(session, address, newsletter=newsletter, language=language)
        hills = add_newsletter(session, "hills", name="Hills")
        add_issue(session, hills, state=IssueState.SENT, started_at=NOON, finished_at=NOON)
        for name, kind in FIELDS.items():
            options = ("small", "large") if kind is FieldKind.CHOICE else ()
            fields.add(session, name, kind, now=NOON, options=options)
        tags.ensure(session, ["volunteer", "Blog, old", 'a "b" c'], now=NOON)
        segments.add(session, "Germans", 'language is "de"', now=NOON)
    return mailer_of(sqlite_engine)


@pytest.fixture
def builder(mailer: Mailer, browser: Browser) -> Iterator[Page]:
    """The page of a new segment."""
    with serving(mailer) as site, browser.new_context() as context:
        cookies = sign_in(mailer).cookies.items()
        context.add_cookies(
            [{"name": name, "value": value, "url": site} for name, value in cookies]
        )
        page = context.new_page()
        page.goto(f"{site}/segments/new")
        yield page


def test_conditions_become_text_with_a_live_count_and_are_saved(builder: Page) -> None:
    builder.get_by_label("Name", exact=True).fill("German readers")
    builder.get_by_role("button", name="Add a condition").click()
    builder.get_by_label("Condition").select_option("language")
    builder.get_by_label("Value").fill("de")
    expect(builder.get_by_label("The rule as text")).to_have_value('language is "de"')
    expect(builder.get_by_role("status").filter(has_text="people")).to_have_text("2 people")
    builder.get_by_role("button", name="Add a condition").click()
    builder.get_by_label("Condition").nth(1).select_option("address")
    builder.get_by_label("not").nth(1).check()
    builder.get_by_label("Value").nth(1).fill("ann@a.test")
    expect(builder.get_by_label("The rule as text")).to_have_value(
        'language is "de" and address is not "ann@a.test"'
    )
    expect(builder.get_by_role("status").filter(has_text="person")).to_have_text("1 person")
    builder.get_by_role("button", name="Save").click()

    expect(builder.get_by_role("heading", name="Segments")).to_be_visible()
    expect(builder.get_by_text("German readers")).to_be_visible()


PAUSE = 500  # milliseconds after which the page asks
RULES = (
    'tag is "VOLUNTEER"',
    'tag is one of "volunteer", "Blog, old", "a \\"b\\" c"',
    "tag is empty",
    'field district is not "North"',
    'field district is one of "North", "a, b", "\\\\"',
    'field district starts with "No" or field district contains "%" or field district is empty',
    "field age is 18 or field age is one of 1, 2.5 or field age above -3",
    "field age at least 18 and field age at most 70 and not field age below 2",
    "field born on 2000-01-31 or field born since 1990-05-01 or field born in last 30 days",
    'field member is yes and field size is not one of "small", "large" or field member is no',
    "joined before 2026-01-31 or joined after 2026-02-01 or joined in last 7 days",
    'language is "de" and (place within "Lindholm" or not (name is "Ann" and domain is "a.test"))',
    'not (language is "de" or language is empty)',
    'domain within "a.test" or time zone starts with "Europe/" or source is not "import"',
    'subscribed to "river" and not pending for "hills" or unsubscribed from "hills"',
    'segment "Germans" and segment "GERMANS"',
    "received and opened in last 3 issues and not did nothing in last 90 days",
    'received in issue 1 or did nothing in last 2 issues of "hills"',
    'clicked or clicked any link in last 2 issues or clicked link "https://act.test/"',
    'clicked any action in last 5 days or clicked action "Sign, now" in issue 1',
    'clicked any block or clicked block "b-1" in last 3 issues of "river"',
)


def test_text_becomes_conditions_that_say_the_same(builder: Page) -> None:
    """Whoever then changes one condition changes nothing else."""
    text = builder.get_by_label("The rule as text")
    conditions = builder.locator("#conditions li")
    builder.clock.install()  # the pauses in writing are leapt over
    for rule in RULES:
        text.fill("")
        builder.clock.run_for(PAUSE)
        expect(conditions).to_have_count(0)
        text.fill(rule)
        with builder.expect_response("**/segments/check") as answer:
            builder.clock.run_for(PAUSE)
        assert answer.value.status == 200, answer.value.text()
        canonical = answer.value.json()["rule"]
        expect(conditions.first).to_be_visible()
        builder.locator("#builder").dispatch_event("input")
        with builder.expect_response("**/segments/check") as again:
            builder.clock.run_for(PAUSE)
        assert again.value.json().get("rule") == canonical, again.value.text()
        expect(text).to_have_value(canonical)


def test_groups_stand_within_groups(builder: Page) -> None:
    builder.get_by_role("button", name="Add a condition").click()
    builder.get_by_label("Condition").select_option("language")
    builder.get_by_label("Value").fill("de")
    builder.get_by_role("button", name="Add a group").click()
    group = builder.locator(".group")
    group.get_by_label("All or any").select_option("or")
    group.get_by_label("Condition").select_option("name")
    group.get_by_label("Value").fill("Ann")
    group.get_by_role("button", name="Add a condition").click()
    group.get_by_label("Condition").nth(1).select_option("deed")
    text = builder.get_by_label("The rule as text")
    expect(text).to_have_value('language is "de" and (name is "Ann" or clicked any action)')
    group.get_by_label("not").first.check()
    expect(text).to_have_value('language is "de" and not (name is "Ann" or clicked any action)')


def test_where_days_begin_is_said_where_it_matters(builder: Page) -> None:
    told = builder.locator("#days")
    builder.get_by_role("button", name="Add a condition").click()
    condition, comparison = builder.get_by_label("Condition"), builder.get_by_label("Comparison")
    expect(told).to_be_hidden()
    condition.select_option("joined")
    expect(told).to_have_text("Days begin at midnight in UTC.")
    expect(builder.get_by_label("Value")).to_have_accessible_description(
        "Days begin at midnight in UTC."
    )
    comparison.select_option("in last")
    expect(told).to_be_hidden()
    condition.select_option("field born")
    expect(told).to_be_hidden()
    comparison.select_option("in last")
    expect(told).to_be_visible()


def test_a_condition_without_its_value_is_neither_counted_nor_saved(builder: Page) -> None:
    builder.get_by_label("Name", exact=True).fill("Half")
    text = builder.get_by_label("The rule as text")
    text.fill('language is "de"')
    expect(builder.locator("#people")).to_have_text("2 people")
    builder.get_by_role("button", name="Add a condition").click()
    builder.get_by_label("Condition").nth(1).select_option("field age")
    expect(builder.locator("#people")).to_have_text("One condition still needs a value.")
    builder.get_by_role("button", name="Save").click()
    expect(builder.get_by_label("Value").nth(1)).to_be_focused()


def test_who_saves_before_the_text_has_followed_saves_the_conditions(builder: Page) -> None:
    builder.route("**/segments/check", lambda route: route.abort())  # the server is slow
    builder.get_by_label("Name", exact=True).fill("Quickly")
    builder.get_by_role("button", name="Add a condition").click()
    builder.get_by_label("Condition").select_option("language")
    builder.get_by_label("Value").fill("en")
    builder.get_by_role("button", name="Save").click()
    expect(builder.get_by_role("heading", name="Segments")).to_be_visible()
    expect(builder.get_by_role("link", name="Quickly")).to_contain_text('language is "en"')


def test_what_opened_means_and_what_is_wrong_is_said(builder: Page) -> None:
    text = builder.get_by_label("The rule as text")
    text.fill("not opened in last 3 issues")
    expect(builder.locator("#note")).to_contain_text("MAILER_TRACK_OPENS")
    text.fill('language is "de" and tag is "voluntee" or opened')
    expect(builder.locator("#people")).to_contain_text("did you mean 'volunteer'?")
    expect(builder.locator("#people mark")).to_have_text("tag")
    text.fill('language is "e')
    expect(builder.locator("#people")).to_contain_text("cannot be read at character")


def test_what_nobody_has_is_told_and_its_condition_marked(builder: Page) -> None:
    """And what is offered is what people have, in words that the rule understands."""
    builder.get_by_role("button", name="Add a condition").click()
    builder.get_by_label("Condition").select_option("language")
    value = builder.get_by_label("Value")
    offered = builder.locator(f"#{value.get_attribute('list')} option")
    assert offered.evaluate_all("all => all.map((one) => one.value)") == ["German", "English"]
    value.fill("Germna")
    expect(builder.locator("#note")).to_contain_text('Nobody fits language is "Germna"')
    expect(builder.locator(".doubtful")).to_have_count(1)
    value.fill("German")
    expect(builder.locator("#people")).to_have_text("2 people")
    expect(builder.locator("#note")).to_be_empty()
    expect(builder.locator(".doubtful")).to_have_count(0)


def test_what_was_not_saved_is_not_left_unasked(builder: Page) -> None:
    builder.get_by_label("The rule as text").fill('language is "de"')
    expect(builder.locator("#people")).to_have_text("2 people")
    builder.once("dialog", lambda dialog: dialog.dismiss())
    with builder.expect_event("dialog") as asked:
        builder.get_by_role("link", name="Segments").click()
    assert asked.value.type == "beforeunload"
    expect(builder.get_by_label("The rule as text")).to_have_value('language is "de"')
