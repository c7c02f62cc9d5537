"""Pages in Chromium: readable by everybody on every screen, without scripts, and strictly our own."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine

from mailer.bootstrap import Mailer
from mailer.database.engine import reading, transaction
from mailer.database.tables import Batch, Click, Consent, Issue, IssueState, Subscription
from mailer.inbox.mails import Mail, add_mails
from tests.support.chromium import Colours, Opener, complaints, serving
from tests.support.factories import NOON
from tests.support.site import Mailed, mail_one, mailer_of

LONG = (
    "a-really-quite-long-name-of-somebody.with.several.parts@some-rather-long-domain.readers.test"
)
TEXTS = """() => {
  const seen = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.matches(".unseen, .skip, option, optgroup")) continue;
    let under = element;
    while (under && getComputedStyle(under).backgroundColor === "rgba(0, 0, 0, 0)") under = under.parentElement;
    seen.push([element.textContent.trim(), getComputedStyle(element).color,
      getComputedStyle(under).backgroundColor]);
  }
  return seen;
}"""


@pytest.fixture
def mailer(sqlite_engine: Engine) -> Mailer:
    return mailer_of(sqlite_engine)


@pytest.fixture
def ann(mailer: Mailer) -> Mailed:
    """A reader with a long address; her issue is being sent and clicked."""
    mailed = mail_one(mailer, name="Ann Example")
    with transaction(mailer.engine) as session:
        issue = session.get_one(Issue, mailed.issue_id)
        issue.state, issue.planned, issue.started_at = IssueState.SENDING, 4812, NOON
        session.add(
            Batch(
                issue_id=issue.id,
                subscriber_ids="1",
                size=4812,
                due_at=NOON,
                accepted=2983,
                refused=7,
                skipped=3,
            )
        )
        session.add(Click(issue_id=issue.id, subscriber_id=1, link_number=1, at=NOON, machine=None))
    keep(mailer, "The weir falls")
    return mailed


@pytest.fixture
def site(mailer: Mailer) -> Iterator[str]:
    with serving(mailer) as address:
        yield address


def keep(mailer: Mailer, subject: str) -> None:
    source = (
        f"Subject: {subject}\r\nContent-Type: text/html\r\n"
        "List-Unsubscribe: <http://127.0.0.1/u/x>\r\n"
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n"
        "<p>Hello</p><script>document.body.textContent = 'run'</script>"
    ).encode()
    with mailer.engine.begin() as connection:
        add_mails(connection, [Mail(NOON, "b@river.test", LONG, subject, source)])


def ratio(one: str, other: str) -> float:
    """WCAG 2.2 contrast of two computed colours."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = [int(number) / 255 for number in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def paths(ann: Mailed) -> list[str]:
    views = [f"/inbox/1?view={view}" for view in ("html", "text", "headers", "source")]
    return ["/", "/inbox", *views, f"/u/{ann.token}", f"/p/{ann.token}", "/u/broken", "/nowhere"]


@pytest.fixture
def open_page(site: str, window: Opener) -> Opener:
    """A window on the site; closed before that is."""

    def opened(width: int, *, script: bool = True) -> Page:
        return window(
            viewport={"width": width, "height": 900},
            reduced_motion="reduce",
            java_script_enabled=script,
        )

    return opened


def fits(page: Page, width: int) -> bool:
    page.set_viewport_size({"width": width, "height": 900})
    return bool(page.evaluate("document.documentElement.scrollWidth") <= width)


def poor_words(page: Page, colours: Colours) -> list[str]:
    """What cannot be read there, for lack of contrast."""
    page.emulate_media(color_scheme=colours)
    texts = page.evaluate(TEXTS)
    assert texts
    return [words for words, ink, on in texts if ratio(ink, on) < 4.5]


def test_every_word_can_be_read_without_scrolling_sideways(
    open_page: Opener, site: str, ann: Mailed
) -> None:
    page = open_page(1280)
    for path in paths(ann):
        page.goto(site + path)
        for width in (320, 1280):
            assert fits(page, width), (path, width)
            assert poor_words(page, "light") == [], (path, width)
            assert poor_words(page, "dark") == [], (path, width)
        # Twice as large, it still fits a phone: WCAG 2.2, 1.4.4.
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert fits(page, 640), path


def test_no_page_breaks_its_own_policy(open_page: Opener, site: str, ann: Mailed) -> None:
    page = open_page(1280)
    said = complaints(page)
    # What the mail itself tried is refused, in a frame that speaks for itself.
    with page.expect_console_message(lambda message: "sandboxed" in message.text):
        page.goto(f"{site}/inbox/1?view=html")
    for path in paths(ann):
        page.goto(site + path)
    # The pages we asked for in vain are named.
    against = [text for text in said if "status of 404" not in text and "sandboxed" not in text]
    assert against == []


def press_the_first_button(page: Page) -> None:
    page.wait_for_load_state()  # what is still on its way cannot be reached
    page.keyboard.press("Tab")
    expect(page.get_by_role("button").first).to_be_focused()
    page.keyboard.press("Enter")


def test_a_reader_leaves_and_comes_back_by_keyboard_without_scripts(
    open_page: Opener, site: str, ann: Mailed, mailer: Mailer
) -> None:
    def state() -> Consent | None:
        with reading(mailer.engine) as session:
            found = session.get(Subscription, (ann.newsletter_id, ann.subscriber_id))
            return found.state if found else None

    page = open_page(390, script=False)
    page.goto(f"{site}/u/{ann.token}")
    assert state() is Consent.CONFIRMED
    press_the_first_button(page)
    page.wait_for_selector("text=You are unsubscribed")
    assert state() is Consent.UNSUBSCRIBED
    press_the_first_button(page)
    page.wait_for_selector("text=Welcome back")
    assert state() is Consent.CONFIRMED


def test_a_new_mail_appears_in_the_open_inbox(
    open_page: Opener, site: str, ann: Mailed, mailer: Mailer
) -> None:
    page = open_page(1280)
    page.goto(f"{site}/inbox")
    keep(mailer, "A second mail")
    page.wait_for_selector("text=A second mail")
    expect(page).to_have_title("Inbox (2)")
