"""An issue composed in a browser, block by block: with the mouse, or with the keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lxml import html as lxml_html
from playwright.sync_api import Locator, Page, expect

from mailer.composing import editing
from mailer.database.engine import reading, transaction
from tests.support.chromium import Office
from tests.support.composing import update, written

NAMES = {
    "update": "Update",
    "urgent": "Urgent call",
    "actions": "List of actions",
    "response": "Response",
    "media": "Picture or video",
    "text": "Text",
    "share": "Share",
    "divider": "Divider",
}
_PLAIN = {"headline": "Headline", "who": "Who answered", "role": "As what"}
_RICH = {"body": "Text", "quote": "Their words", "view": "Our view"}
_MOST_TABS = 60


def wait_until_saved(page: Page) -> None:
    """What was written before has left that word at once."""
    expect(page.locator(".save")).to_have_text("Saved")


def add_block(page: Page, kind: str) -> Locator:
    """With the mouse, at the end."""
    cards = page.get_by_role("article")
    there = cards.count()
    page.get_by_role("button", name="Add a block", exact=True).click()
    page.get_by_role("group", name="Add a block").get_by_role(
        "button", name=re.compile(f"^{NAMES[kind]}")
    ).click()
    expect(cards).to_have_count(there + 1)
    return cards.last


def fill_block(page: Page, card: Locator, block: Mapping[str, Any]) -> None:
    """Every field that the sample's blocks have."""
    for name, label in _PLAIN.items():
        if block.get(name):
            card.get_by_label(label, exact=True).fill(block[name])
    for name, label in _RICH.items():
        if block.get(name):
            card.get_by_role("textbox", name=label, exact=True).click()
            write_body(page, block[name])
    _fill_rest(card, block)


def _fill_rest(card: Locator, block: Mapping[str, Any]) -> None:
    if block.get("deadline"):
        card.get_by_label("Last day").fill(block["deadline"])
    if block.get("button"):
        card.get_by_label("Button", exact=True).fill(block["button"]["label"])
        card.get_by_label("Goes to").fill(block["button"]["url"])
    _fill_entries(card, block.get("items", ()))
    if block["kind"] == "media":
        _fill_picture(card, block)
    if block["kind"] == "share":
        _choose_channels(card, block)


def _fill_entries(card: Locator, items: Any) -> None:
    for number, item in enumerate(items, start=1):
        if number > 1:
            card.get_by_role("button", name="Add an action").click()
        entry = card.get_by_role("group", name=f"Action {number}", exact=True)
        entry.get_by_label("What to do").fill(item["title"])
        entry.get_by_label("Goes to").fill(item["url"])
        entry.get_by_label("Note").fill(item["note"])


def _fill_picture(card: Locator, block: Mapping[str, Any]) -> None:
    if block["media"] == "video":
        card.get_by_text("Video", exact=True).click()
    card.get_by_role("button", name="Use an address").click()
    card.get_by_label("Address of the picture").fill(block["image"])
    card.get_by_label("In words").fill(block["alt"])
    if block.get("url"):
        card.get_by_label("Address of the video").fill(block["url"])


def _choose_channels(card: Locator, block: Mapping[str, Any]) -> None:
    for box in card.get_by_role("checkbox").all():
        name = str(box.evaluate("(box) => box.nextElementSibling.textContent"))
        wanted = name.lower().replace("e-mail", "email") in block["channels"]
        if box.is_checked() != wanted:
            card.get_by_text(name, exact=True).click()
    if block.get("message"):
        card.get_by_label("Words to pass on").fill(block["message"])


def write_body(page: Page, body: str) -> None:
    """Type a body as people do: Ctrl+B, Ctrl+I, Ctrl+K, Enter."""
    for number, paragraph in enumerate(lxml_html.fragments_fromstring(body)):
        assert not isinstance(paragraph, str)
        if number:
            page.keyboard.press("Enter")
        if paragraph.tag == "ul":
            page.keyboard.type("- ")
            for at, item in enumerate(paragraph):
                if at:
                    page.keyboard.press("Enter")
                _write_line(page, item)
        else:
            _write_line(page, paragraph)


def _write_line(page: Page, line: Any) -> None:
    page.keyboard.insert_text(line.text or "")
    for part in line:
        _write_part(page, part)
        page.keyboard.insert_text(part.tail or "")


def _write_part(page: Page, part: Any) -> None:
    words = part.text_content()
    if part.tag in {"strong", "em"}:
        key = "Control+b" if part.tag == "strong" else "Control+i"
        page.keyboard.press(key)
        page.keyboard.insert_text(words)
        page.keyboard.press(key)
        return
    page.keyboard.insert_text(words)
    for _ in words:
        page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Control+k")
    address = page.locator(".rich-link input")
    expect(address).to_be_focused()
    page.keyboard.insert_text(part.get("href"))
    page.keyboard.press("Enter")
    expect(address).to_have_count(0)


def tab_to(page: Page, name: str, *, key: str = "Tab") -> None:
    """Press the key until what has the focus is called *name*."""
    for _ in range(_MOST_TABS):
        if re.search(name, focus_name(page)):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{name} is not reached by {key}; the last was {focus_name(page)!r}")


def focus_name(page: Page) -> str:
    """What a screen reader calls it."""
    return str(
        page.evaluate(
            """() => { const at = document.activeElement;
            return at.getAttribute('aria-label') ?? at.labels?.[0]?.textContent.trim()
              ?? at.textContent.trim() }"""
        )
    )


def document(at: Office, issue_id: int) -> dict[str, Any]:
    with reading(at.mailer.engine) as session:
        return dict(editing.open_issue(session, issue_id).document)


def open_issue(at: Office, page: Page, issue_id: int) -> None:
    page.goto(f"{at.address}/issues/{issue_id}")
    expect(page.get_by_label("Subject", exact=True)).to_be_visible()


def write_issue(at: Office, page: Page, subject: str, block: Mapping[str, Any]) -> int:
    """A new issue with one block, begun from the list of all."""
    page.goto(at.address)
    page.get_by_role("button", name="New issue").click()
    page.get_by_label("Subject", exact=True).fill(subject)
    fill_block(page, add_block(page, block["kind"]), block)
    return int(page.url.rpartition("/")[2])


def headlines(at: Office, issue_id: int) -> list[str]:
    return [block.get("headline", "") for block in document(at, issue_id)["blocks"]]


def open_three(at: Office, page: Page) -> int:
    """An issue with three updates."""
    issue_id = at.begin()
    three = [update(name, id=name) for name in ("One", "Two", "Three")]
    with transaction(at.mailer.engine) as session:
        editing.save(
            session,
            issue_id,
            written(*three, subject="Three things"),
            version=1,
            by="Ana Costa",
            now=at.mailer.clock(),
        )
    open_issue(at, page, issue_id)
    expect(page.get_by_role("article")).to_have_count(3)
    return issue_id
