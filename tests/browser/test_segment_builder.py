"""The builder of segments: conditions and text say the same, whichever of the two is changed."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from sqlalchemy import Engine

from mailer.bootstrap import Mailer
from mailer.database.engine import transaction
from mailer.web.serving import bind
from tests.support.factories import add_newsletter, add_subscriber
from tests.support.site import mailer_of
from tests.support.staff import sign_in


@pytest.fixture
def mailer(sqlite_engine: Engine) -> Mailer:
    with transaction(sqlite_engine) as session:
        newsletter = add_newsletter(session)
        for address, language in (("ann@a.test", "de"), ("ben@a.test", "de"), ("cem@a.test", "en")):
            add_subscriber(session, address, newsletter=newsletter, language=language)
    return mailer_of(sqlite_engine)


@pytest.fixture
def builder(mailer: Mailer) -> Iterator[Page]:
    """The page of a new segment."""
    server = bind(mailer, port=0)
    thread = threading.Thread(target=server.run)
    thread.start()
    site = f"http://127.0.0.1:{server.port}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        context = browser.new_context()
        context.add_cookies(
            [
                {"name": name, "value": value, "url": site}
                for name, value in sign_in(mailer).cookies.items()
            ]
        )
        page = context.new_page()
        page.goto(f"{site}/segments/new")
        yield page
        browser.close()
    server.stop()
    thread.join(15)


def test_conditions_become_text_with_a_live_count_and_are_saved(builder: Page) -> None:
    builder.get_by_label("Name", exact=True).fill("Germans")
    builder.get_by_role("button", name="Add a condition").click()
    builder.get_by_label("Condition").select_option("language")
    builder.get_by_label("Value").fill("de")
    expect(builder.get_by_label("The rule as text")).to_have_value('language is "de"')
    expect(builder.get_by_role("status").filter(has_text="people")).to_have_text("2 people")
    builder.get_by_role("button", name="Add a condition").click()
    builder.get_by_label("Condition").nth(1).select_option("address")
    builder.get_by_label("not").nth(1).select_option("not")
    builder.get_by_label("Value").nth(1).fill("ann@a.test")
    expect(builder.get_by_label("The rule as text")).to_have_value(
        'language is "de" and address is not "ann@a.test"'
    )
    expect(builder.get_by_role("status").filter(has_text="person")).to_have_text("1 person")
    builder.get_by_role("button", name="Save").click()

    expect(builder.get_by_role("heading", name="Segments")).to_be_visible()
    expect(builder.get_by_text("Germans")).to_be_visible()


def test_text_becomes_conditions_and_what_is_deeper_is_left_to_the_text(builder: Page) -> None:
    text = builder.get_by_label("The rule as text")
    text.fill('joined in last 30 days or language is "en"')
    expect(builder.get_by_label("Condition")).to_have_count(2)
    expect(builder.get_by_label("All or any")).to_have_value("or")
    text.fill('language is "en" and (joined in last 30 days or name is "Ann")')
    expect(builder.get_by_text("written by hand")).to_be_visible()
    text.fill('language is "e')
    expect(builder.locator("#people")).to_contain_text("cannot be read at character")
