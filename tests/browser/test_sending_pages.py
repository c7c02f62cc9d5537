"""From the composer into readers' inboxes: tested, sent, watched, clicked."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from mailer.database.engine import reading
from mailer.database.tables import Click, Issue, IssueState
from tests.support.chromium import Office, office
from tests.support.composing_by_hand import write_issue

NEWS = {
    "kind": "update",
    "headline": "The weir falls",
    "body": "<p>Dear [[first_name|friend]], thank you.</p>",
    "button": {"label": "Read the decision", "url": "http://127.0.0.1:9/decision"},
}

_ON_ITS_WAY = 100_000  # milliseconds, through every process
pytestmark = pytest.mark.timeout(300)  # a whole installation starts, on a busy machine too


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office"), browser, undo_seconds="1") as opened:
        yield opened


def state(at: Office, issue_id: int) -> IssueState:
    with reading(at.mailer.engine) as session:
        return session.get_one(Issue, issue_id).state


def clicks(at: Office, issue_id: int) -> int:
    with reading(at.mailer.engine) as session:
        return len(session.scalars(select(Click.id).where(Click.issue_id == issue_id)).all())


def in_inbox(at: Office, page: Page, words: str, count: int) -> None:
    page.goto(f"{at.address}/inbox?q={words}")
    expect(page.locator(".mails li")).to_have_count(count, timeout=_ON_ITS_WAY)


def test_an_issue_is_written_tested_sent_watched_and_clicked(at: Office) -> None:
    at.complaints.clear()
    page = at.sit_down()
    issue_id = write_issue(at, page, "The weir is gone", NEWS)
    # The test holds what was written a moment before.
    page.get_by_role("button", name="Send me a test").click()
    expect(page.get_by_text("A test is on its way to ana@alder.test.")).to_be_visible()
    inbox = page.context.new_page()
    in_inbox(at, inbox, "ana@alder.test", 1)
    inbox.locator(".mails a").first.click()
    mail = inbox.frame_locator("iframe")
    expect(mail.get_by_role("heading", name="The weir falls")).to_be_visible()
    expect(mail.get_by_role("link", name="Read the decision")).to_have_attribute(
        "href", re.compile("^http://127.0.0.1:9/decision")
    )

    page.get_by_role("link", name="Review and schedule").click()
    expect(page.get_by_text("Ana Costa has got a test of this version")).to_be_visible()
    page.get_by_text("Right away").click()
    page.get_by_role("button", name="Send to 3 people").click()
    # The page follows by itself.
    gone = page.get_by_role("heading", name="It has gone out")
    expect(gone).to_be_visible(timeout=_ON_ITS_WAY)
    expect(page.locator("[data-accepted]")).to_have_text("3")
    assert state(at, issue_id) is IssueState.SENT

    in_inbox(at, inbox, "reader1@readers.test", 1)
    inbox.locator(".mails a").first.click()
    mail = inbox.frame_locator("iframe")
    expect(mail.get_by_text("Dear Ben, thank you.", exact=True)).to_be_visible()
    link = mail.get_by_role("link", name="Read the decision").get_attribute("href")
    answer = page.request.get(link or "", max_redirects=0)
    assert answer.status == 302
    assert clicks(at, issue_id) == 1
    assert at.complaints == []
    page.context.close()
