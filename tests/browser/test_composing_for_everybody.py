"""The pages of writing and sending for everybody: axe-core, every width, light and dark."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from mailer.composing import editing
from mailer.composing.drafting import document_of
from mailer.database.engine import transaction
from mailer.sample import sample_content
from tests.support.chromium import Office, problems_for_everybody

pytestmark = pytest.mark.usefixtures("nothing_is_complained_of")


@pytest.fixture(scope="module")
def issue_id(at: Office) -> int:
    """The sample issue, written in the composer."""
    number = at.begin()
    now = at.mailer.clock()
    document = document_of(sample_content(at.address, now.date()))
    with transaction(at.mailer.engine) as session:
        editing.save(session, number, document, version=1, by="Ana Costa", now=now)
    return number


@pytest.fixture(scope="module")
def page(at: Office) -> Iterator[Page]:
    """One window for all of these tests."""
    opened = at.sit_down()
    yield opened
    opened.context.close()


@pytest.fixture(autouse=True)
def wide(page: Page) -> None:
    widen(page, 1440)


def widen(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})


def fits(page: Page, width: int) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth") <= width)


def preview_is_ready(page: Page) -> None:
    expect(page.get_by_role("img", name="The preview is up to date")).to_be_visible()


def open_palette(page: Page) -> None:
    page.get_by_role("button", name="Add a block", exact=True).click()


def open_link(page: Page) -> None:
    page.get_by_role("textbox", name="Text", exact=True).first.click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+k")


def open_menu(page: Page) -> None:
    page.get_by_role("article").first.locator("summary").first.click()


def arrange(page: Page) -> None:
    page.get_by_role("button", name=re.compile("Arrange|Show all")).click()


def open_versions(page: Page) -> None:
    page.get_by_role("button", name="Versions").click()
    expect(page.get_by_role("button", name=re.compile("^Now"))).to_be_visible()


def show_text(page: Page) -> None:
    page.get_by_role("radio", name="Plain text").check()


def leave(page: Page) -> None:
    page.keyboard.press("Escape")


# What is opened, where it is looked at, and how it is closed.
STEPS = (
    (open_palette, ".palette", leave),
    (open_link, ".rich.linking", leave),
    (open_menu, ".block-card", leave),
    (arrange, ".list", arrange),
    (open_versions, ".drawer", leave),
    (show_text, ".preview", leave),
)


def test_axe_core_finds_nothing_in_the_composer(at: Office, page: Page, issue_id: int) -> None:
    page.goto(f"{at.address}/issues/{issue_id}")
    preview_is_ready(page)
    for step, within, back in STEPS:
        step(page)
        expect(page.locator(within).first).to_be_visible()
        assert problems_for_everybody(page, within) == [], step.__name__
        back(page)


def test_axe_core_finds_nothing_on_the_pages_around_it(
    at: Office, page: Page, issue_id: int
) -> None:
    written = f"/issues/{issue_id}"
    for path in ("/", f"/issues/{at.begin()}", written, f"{written}/review"):
        widen(page, 1440)
        page.goto(at.address + path)
        if path != "/" and not path.endswith("review"):
            preview_is_ready(page)
        for width in (1440, 390):
            widen(page, width)
            assert problems_for_everybody(page) == [], (path, width)
            assert fits(page, width), path


def test_a_narrow_screen_shows_writing_and_preview_one_at_a_time_to_everybody(
    at: Office, page: Page, issue_id: int
) -> None:
    page.goto(f"{at.address}/issues/{issue_id}")
    heading = page.frame_locator("iframe").get_by_role("heading", name="Harrow Weir is coming down")
    for width in (320, 768, 390):
        widen(page, width)
        page.get_by_role("radio", name="Write", exact=True).check()
        expect(page.get_by_label("Subject", exact=True)).to_be_visible()
        expect(heading).not_to_be_visible()
        page.get_by_role("radio", name="Preview", exact=True).check()
        expect(heading).to_be_visible()
        expect(page.get_by_label("Subject", exact=True)).not_to_be_visible()
        assert fits(page, width)
    preview_is_ready(page)
    for device in ("Desktop", "Phone", "Plain text"):
        page.get_by_role("radio", name=device).check()
        assert problems_for_everybody(page, ".preview") == [], device


def test_nothing_runs_in_the_previews_frame(at: Office, page: Page, issue_id: int) -> None:
    page.goto(f"{at.address}/issues/{issue_id}")
    expect(page.frame_locator("iframe").get_by_role("heading").first).to_be_visible()
    with page.expect_console_message(lambda message: "sandboxed" in message.text):
        ran = page.evaluate(
            """() => { const frame = document.querySelector('iframe').contentDocument
            const script = frame.createElement('script')
            script.textContent = 'parent.ran = true'
            frame.body.append(script)
            return window.ran === true }"""
        )
    assert not ran
    at.complaints[:] = [words for words in at.complaints if "sandboxed" not in words]
