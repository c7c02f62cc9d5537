"""The pages of writing and sending for everybody: axe-core, every width, light and dark."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from mailer.composing import editing
from mailer.composing.drafting import document_of
from mailer.database.engine import transaction
from mailer.sample import sample_content
from tests.support.chromium import Colours, Office, office, problems_for_everybody

pytestmark = pytest.mark.timeout(300)  # a whole installation starts, on a busy machine too


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office"), browser) as opened:
        yield opened


@pytest.fixture(scope="module")
def issue_id(at: Office) -> int:
    """The sample issue, written in the composer."""
    number = at.begin()
    now = at.mailer.clock()
    document = document_of(sample_content(at.address, now.date()))
    with transaction(at.mailer.engine) as session:
        editing.save(session, number, document, version=1, by="Ana Costa", now=now)
    return number


def open_palette(page: Page) -> None:
    page.get_by_role("button", name="Add a block", exact=True).click()


def open_link(page: Page) -> None:
    page.get_by_role("textbox", name="Text", exact=True).first.click()
    page.keyboard.press("Control+a")
    page.wait_for_timeout(100)
    page.keyboard.press("Control+k")


def open_menu(page: Page) -> None:
    page.get_by_role("article").first.locator("summary").first.click()


def arrange(page: Page) -> None:
    page.get_by_role("button", name="Arrange").click()


def open_versions(page: Page) -> None:
    page.get_by_role("button", name="Versions").click()
    expect(page.get_by_role("button", name=re.compile("^Now"))).to_be_visible()


def show_text(page: Page) -> None:
    page.get_by_role("radio", name="Plain text").check()


def nothing(page: Page) -> None:
    assert page.url


STEPS = {
    nothing: "html",
    open_palette: ".palette",
    open_link: ".rich.linking",
    open_menu: ".block-card",
    arrange: ".list",
    open_versions: ".drawer",
    show_text: ".preview",
}


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_core_finds_nothing_in_the_composer(
    at: Office, issue_id: int, colours: Colours
) -> None:
    at.complaints.clear()
    page = at.sit_down(colours=colours)
    for step, within in STEPS.items():
        page.goto(f"{at.address}/issues/{issue_id}")
        expect(page.get_by_role("img", name="The preview is up to date")).to_be_visible()
        step(page)
        assert problems_for_everybody(page, within) == [], step.__name__
    page.context.close()
    assert at.complaints == []


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_axe_core_finds_nothing_on_the_pages_around_it(
    at: Office, issue_id: int, colours: Colours, width: int
) -> None:
    at.complaints.clear()
    page = at.sit_down(colours=colours, width=width)
    written = f"/issues/{issue_id}"
    for path in ("/", f"/issues/{at.begin()}", written, f"{written}/review"):
        page.goto(at.address + path, wait_until="load")
        page.wait_for_timeout(700)
        assert problems_for_everybody(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    page.context.close()
    assert at.complaints == []


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_core_finds_nothing_where_a_phone_shows_the_mail(
    at: Office, issue_id: int, colours: Colours
) -> None:
    at.complaints.clear()
    page = at.sit_down(colours=colours, width=390)
    page.goto(f"{at.address}/issues/{issue_id}")
    page.get_by_role("radio", name="Preview", exact=True).check()
    expect(page.get_by_role("img", name="The preview is up to date")).to_be_visible()
    for device in ("Desktop", "Phone", "Plain text"):
        page.get_by_role("radio", name=device).check()
        assert problems_for_everybody(page) == [], device
    page.context.close()
    assert at.complaints == []


@pytest.mark.parametrize("width", [320, 390, 768])
def test_a_narrow_screen_shows_writing_and_preview_one_at_a_time(
    at: Office, issue_id: int, width: int
) -> None:
    page = at.sit_down(width=width)
    page.goto(f"{at.address}/issues/{issue_id}")
    heading = page.frame_locator("iframe").get_by_role("heading", name="Harrow Weir is coming down")
    expect(page.get_by_label("Subject", exact=True)).to_be_visible()
    expect(heading).not_to_be_visible()
    page.get_by_role("radio", name="Preview", exact=True).check()
    expect(heading).to_be_visible()
    expect(page.get_by_label("Subject", exact=True)).not_to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


def test_nothing_runs_in_the_previews_frame(at: Office, issue_id: int) -> None:
    page = at.sit_down()
    page.goto(f"{at.address}/issues/{issue_id}")
    expect(page.frame_locator("iframe").get_by_role("heading").first).to_be_visible()
    ran = page.evaluate(
        """() => { const frame = document.querySelector('iframe').contentDocument
        const script = frame.createElement('script')
        script.textContent = 'parent.ran = true'
        frame.body.append(script)
        return window.ran === true }"""
    )
    assert not ran
    page.context.close()
