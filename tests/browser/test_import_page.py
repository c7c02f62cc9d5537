"""The page on which columns get their meaning: each choice is within reach, also on a phone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine

from mailer.audience import uploads
from mailer.audience.uploading import work
from mailer.bootstrap import Mailer
from mailer.database.engine import transaction
from tests.support.chromium import serving
from tests.support.factories import NOON, add_newsletter
from tests.support.site import mailer_of
from tests.support.staff import sign_in

ONE = b"Email,Status,Town\nann@a.test,gold,Lindholm\nben@a.test,silver,Osterby\n"
TWO = b"Email,Status,Town\ncem@a.test,gold,Lindholm\ndi@a.test,silver,Osterby\n"
PHONE = 390


@pytest.fixture
def mailer(sqlite_engine: Engine) -> Mailer:
    return mailer_of(sqlite_engine)


@pytest.fixture
def page(mailer: Mailer, browser: Browser) -> Iterator[Page]:
    """Two files, tried, on a phone."""
    with transaction(mailer.engine) as session:
        newsletter = add_newsletter(session)
        files = [("one.csv", ONE), ("two.csv", TWO)]
        number = uploads.add(session, newsletter.id, files, by="staff", now=NOON).id
    work(mailer.engine, mailer.signer, mailer.clock)
    with (
        serving(mailer) as site,
        browser.new_context(viewport={"width": PHONE, "height": 844}) as context,
    ):
        cookies = sign_in(mailer).cookies.items()
        context.add_cookies(
            [{"name": name, "value": value, "url": site} for name, value in cookies]
        )
        page = context.new_page()
        page.goto(f"{site}/subscribers/import/{number}")
        yield page


def test_on_a_phone_every_choice_can_be_seen_whole(page: Page) -> None:
    choices = page.locator("select:visible, input:visible").all()
    assert len(choices) > 10
    for choice in choices:
        box = choice.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE


def test_a_field_is_named_only_where_a_column_is_one(page: Page) -> None:
    name = page.get_by_label("Field for Town").first
    expect(name).to_be_visible()
    page.get_by_label("Meaning of Town").first.select_option("ignore")
    expect(name).to_be_hidden()
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(name).to_be_hidden()


def test_each_unknown_word_of_each_file_has_a_label_of_its_own(page: Page) -> None:
    meanings = page.locator("select[name=meaning]")
    expect(meanings).to_have_count(4)
    names = [one.evaluate("field => field.labels.length") for one in meanings.all()]
    ids = {one.get_attribute("id") for one in meanings.all()}
    assert names == [1, 1, 1, 1]
    assert len(ids) == 4
