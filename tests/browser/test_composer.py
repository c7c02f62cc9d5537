"""The composer in Chromium: writing by mouse and by keyboard, pasting, pictures, versions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from mailer.blocks import Content
from mailer.composing.drafting import read_draft
from mailer.sample import sample_content
from tests.support.chromium import Office
from tests.support.composing import photo
from tests.support.composing_by_hand import (
    add_block,
    document,
    fill_block,
    focus_name,
    headlines,
    open_issue,
    open_three,
    tab_to,
    wait_until_saved,
    write_body,
)

pytestmark = pytest.mark.usefixtures("nothing_is_complained_of")


@pytest.fixture(scope="module")
def page(at: Office) -> Iterator[Page]:
    """One window, in which each test opens an issue of its own."""
    opened = at.sit_down()
    yield opened
    opened.context.close()


def content(at: Office, issue_id: int) -> Content:
    draft = read_draft(document(at, issue_id))
    assert draft.problems == ()
    return draft.content


def without_ids(content: Content) -> dict[str, Any]:
    value = content.model_dump(mode="json")
    return value | {"blocks": [block | {"id": ""} for block in value["blocks"]]}


def test_the_sample_issue_is_composed_from_nothing_with_the_mouse(at: Office, page: Page) -> None:
    sample = sample_content("https://alder.test", at.mailer.clock().date())
    issue_id = at.begin()
    open_issue(at, page, issue_id)
    page.get_by_label("Subject", exact=True).fill(sample.subject)
    page.get_by_label("Preheader").fill(sample.preheader)
    page.get_by_text("Name in the house, language").click()
    page.get_by_label("Name in the house").fill(sample.title)
    for block in sample.model_dump(mode="json")["blocks"]:
        fill_block(page, add_block(page, block["kind"]), block)
    wait_until_saved(page)

    composed, wanted = without_ids(content(at, issue_id)), without_ids(sample)
    for made, block in zip(composed["blocks"], wanted["blocks"], strict=True):
        assert made == block
    assert composed == wanted
    mail = page.frame_locator("iframe[title='The finished mail']")
    for block in sample.blocks:
        if headline := getattr(block, "headline", ""):
            expect(mail.get_by_role("heading", name=headline)).to_be_attached()


def test_an_issue_is_composed_with_the_keyboard_alone(at: Office, page: Page) -> None:
    issue_id = at.begin()
    open_issue(at, page, issue_id)
    tab_to(page, "^Subject")
    page.keyboard.insert_text("By keyboard")
    tab_to(page, "^Preheader")
    page.keyboard.insert_text("No mouse was used")
    for name in ("Urgent call", "Update"):
        write_block_by_keyboard(page, name)
    wait_until_saved(page)

    written = content(at, issue_id)
    assert (written.subject, written.preheader) == ("By keyboard", "No mouse was used")
    assert headlines(at, issue_id) == ["Urgent call headline", "Update headline"]
    for block in written.model_dump()["blocks"]:
        assert block["button"] == {"label": "Act now", "url": "https://act.test/now"}
        assert block["body"] == BODY


BODY = '<p>Some <strong>bold</strong> words, <a href="https://a.test/x">a link</a>.</p>'


def write_block_by_keyboard(page: Page, name: str) -> None:
    """From the button that adds one to the address of its button."""
    tab_to(page, "^Add a block$")
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Add a block").locator(":focus")).to_be_visible()
    tab_to(page, name, key="ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article").last.get_by_label("Headline")).to_be_focused()
    page.keyboard.insert_text(f"{name} headline")
    page.keyboard.press("Tab")
    write_body(page, BODY)
    tab_to(page, "^Button$")
    page.keyboard.insert_text("Act now")
    page.keyboard.press("Tab")
    page.keyboard.insert_text("act.test/now")
    page.keyboard.press("Tab")


def test_blocks_are_arranged_with_the_keyboard_and_every_step_is_spoken(
    at: Office, page: Page
) -> None:
    issue_id = open_three(at, page)
    spoken = page.locator("[aria-live=assertive]")
    tab_to(page, "^Move Update: Three", key="Shift+Tab")
    page.keyboard.press("Space")
    expect(spoken).to_contain_text("Three picked up, position 3 of 3.")
    page.keyboard.press("ArrowUp")
    expect(spoken).to_have_text("Three, position 2 of 3.")
    page.keyboard.press("Space")
    expect(spoken).to_have_text("Three dropped at position 2 of 3.")
    assert "Three" in focus_name(page)
    page.keyboard.press("Control+Shift+ArrowUp")
    expect(spoken).to_have_text("Three, position 1 of 3.")
    # A copy by the menu, and taken back.
    tab_to(page, "^What to do with Update: Three")
    page.keyboard.press("Enter")
    tab_to(page, "^Duplicate$")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article")).to_have_count(4)
    page.keyboard.press("Control+z")
    expect(page.get_by_role("article")).to_have_count(3)
    wait_until_saved(page)
    assert headlines(at, issue_id) == ["Three", "One", "Two"]


def test_a_deleted_block_is_brought_back(at: Office, page: Page) -> None:
    issue_id = open_three(at, page)
    page.get_by_role("article").nth(1).locator("summary").first.click()
    page.get_by_role("button", name="Delete").click()
    wait_until_saved(page)
    assert headlines(at, issue_id) == ["One", "Three"]
    page.locator(".toast").get_by_role("button", name="Undo").click()
    wait_until_saved(page)
    assert headlines(at, issue_id) == ["One", "Two", "Three"]


def test_blocks_are_moved_with_the_mouse(at: Office, page: Page) -> None:
    issue_id = open_three(at, page)
    page.get_by_role("button", name="Arrange").click()
    first = page.get_by_role("article").first
    grip = page.get_by_role("button", name=re.compile("^Move Update: Three")).bounding_box()
    top = first.bounding_box()
    assert grip is not None
    assert top is not None
    page.mouse.move(grip["x"] + 10, grip["y"] + 10)
    page.mouse.down()
    page.mouse.move(grip["x"] + 12, grip["y"] - 10, steps=4)
    page.mouse.move(grip["x"] + 12, top["y"] + 2, steps=12)
    expect(first).to_have_accessible_name("Update: Three")
    page.mouse.up()
    wait_until_saved(page)
    assert headlines(at, issue_id) == ["Three", "One", "Two"]


def test_pastes_from_word_keep_bold_links_and_lists_and_nothing_else(
    at: Office, page: Page
) -> None:
    issue_id = at.begin()
    open_issue(at, page, issue_id)
    card = add_block(page, "text")
    pasted = (
        "<style>p.MsoNormal { margin: 0 }</style><b style='font-weight:normal'><h1 style='color:red'>Big</h1><p class=MsoNormal>"
        "<span style='font-weight:700'>bold</span> <i>slanted</i> "
        "<a href='javascript:alert(1)'>bad</a> <a href='https://good.test/'>good</a>"
        "<img src=x onerror=alert(1)><script>alert(1)</script></p></b>"
        "<p class=MsoListParagraph><![if !supportLists]><span style='font-family:Symbol'>·</span>"
        "<![endif]>a thing</p>"
    )
    card.get_by_role("textbox", name="Text", exact=True).evaluate(
        """(field, html) => { const data = new DataTransfer(); data.setData('text/html', html)
        field.dispatchEvent(new ClipboardEvent('paste',
          {clipboardData: data, bubbles: true, cancelable: true})) }""",
        pasted,
    )
    wait_until_saved(page)
    assert document(at, issue_id)["blocks"][0]["body"] == (
        "<p>Big</p><p><strong>bold</strong> <em>slanted</em> bad "
        '<a href="https://good.test/">good</a></p><ul><li>a thing</li></ul>'
    )


def test_an_old_newsletter_pasted_into_an_empty_issue_becomes_blocks(
    at: Office, page: Page
) -> None:
    issue_id = at.begin()
    open_issue(at, page, issue_id)
    old = (
        "<h1>The weir falls</h1><p>After years it is <b>gone</b>.</p>"
        "<h2>Next: the dam</h2><p>Write to the minister. "
        "<a href='https://act.test/dam'>Write now</a></p>"
    )
    page.get_by_label("Paste an old newsletter").evaluate(
        """(field, html) => { const data = new DataTransfer(); data.setData('text/html', html)
        field.dispatchEvent(new ClipboardEvent('paste',
          {clipboardData: data, bubbles: true, cancelable: true})) }""",
        old,
    )
    expect(page.get_by_role("article").first).to_be_visible()
    wait_until_saved(page)
    assert "The weir falls" in str(document(at, issue_id))
    page.get_by_role("button", name="Undo", exact=True).first.click()
    expect(page.get_by_label("Paste an old newsletter")).to_be_visible()


def test_problems_stand_beside_the_field_and_say_what_to_do(at: Office, page: Page) -> None:
    issue_id = at.begin()
    open_issue(at, page, issue_id)
    card = add_block(page, "update")
    card.get_by_label("Button", exact=True).fill("Sign")
    card.get_by_label("Goes to").fill("half an address")
    page.keyboard.press("Tab")
    expect(card.get_by_text("Correct the address")).to_be_visible()
    expect(card.get_by_label("Goes to")).to_have_attribute("aria-invalid", "true")
    card.get_by_label("Goes to").fill("https://act.test/sign")
    expect(card.get_by_text("Correct the address")).to_have_count(0)


def test_no_old_problem_comes_back_under_a_click(at: Office, page: Page) -> None:
    """Else what one clicks on moves away before the button is up, and nothing happens."""
    open_issue(at, page, at.begin())
    address = add_block(page, "update").get_by_label("Goes to")
    address.fill("half an address")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Correct the address")).to_be_visible()
    page.route("**/preview", lambda route: route.abort())  # the server is slow
    address.fill("https://act.test/sign")
    button = page.get_by_role("button", name="Add a block", exact=True)
    button.hover()
    before = button.bounding_box()
    page.mouse.down()
    expect(button).to_be_focused()
    assert button.bounding_box() == before
    page.mouse.up()
    expect(page.get_by_role("group", name="Add a block")).to_be_visible()
    page.unroute("**/preview")


def test_a_click_in_the_preview_opens_the_block(at: Office, page: Page) -> None:
    open_three(at, page)
    page.get_by_role("button", name="Arrange").click()
    heading = page.frame_locator("iframe").get_by_role("heading", name="Three")
    heading.scroll_into_view_if_needed()
    box = heading.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 10, box["y"] + 10)
    expect(page.get_by_role("article", name="Update: Three")).to_have_class(re.compile("selected"))
    expect(
        page.get_by_role("article", name="Update: Three").get_by_label("Headline")
    ).to_be_focused()


def test_a_version_is_looked_at_and_brought_back(at: Office, page: Page) -> None:
    issue_id = at.begin()
    open_issue(at, page, issue_id)
    add_block(page, "text")
    wait_until_saved(page)
    page.get_by_role("button", name="Versions").click()
    expect(page.get_by_role("button", name=re.compile("^Now"))).to_be_visible()
    first = page.locator(".version").last
    first.click()
    page.get_by_role("button", name="Bring it back").click()
    wait_until_saved(page)
    assert document(at, issue_id)["blocks"] == []


def test_a_picture_is_uploaded_from_the_card(at: Office, page: Page, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(photo(400, 300))
    issue_id = at.begin()
    open_issue(at, page, issue_id)
    card = add_block(page, "media")
    card.locator("input[type=file]").set_input_files(path)
    expect(card.locator(".picture img")).to_be_visible()
    expect(card.get_by_text("The picture has no words")).to_be_visible()
    card.get_by_label("In words").fill("A river at dawn")
    expect(card.get_by_text("The picture has no words")).to_have_count(0)
    wait_until_saved(page)
    assert document(at, issue_id)["blocks"][0]["image"].startswith(f"{at.address}/pictures/")
