"""From the composer to its day: right away, taken back, another day, and what stands in the way."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from mailer.database.engine import reading
from mailer.database.tables import Issue, IssueState
from tests.support.chromium import Office
from tests.support.composing_by_hand import wait_until_saved, write_issue

NEWS = {
    "kind": "update",
    "headline": "The weir falls",
    "body": "<p>Thank you.</p>",
    "button": {"label": "Read the decision", "url": "http://127.0.0.1:9/decision"},
}

pytestmark = pytest.mark.usefixtures("nothing_is_complained_of")


def state(at: Office, issue_id: int) -> IssueState:
    with reading(at.mailer.engine) as session:
        return session.get_one(Issue, issue_id).state


def test_right_away_can_be_taken_back_and_scheduled_instead(at: Office) -> None:
    page = at.sit_down()
    issue_id = write_issue(at, page, "Too early", NEWS)
    wait_until_saved(page)
    page.get_by_role("link", name="Review and schedule").click()
    page.get_by_text("Right away").click()
    page.get_by_role("button", name="Send to 3 people").click()
    # Nobody is there who would send it meanwhile.
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_role("heading", name="Review and schedule")).to_be_visible()
    assert state(at, issue_id) is IssueState.DRAFT

    day = at.mailer.clock().date() + timedelta(days=60)
    words = f"{day:%A} {day.day} {day:%B}, 07:30"
    page.get_by_label("Day", exact=True).fill(f"{day}")
    page.get_by_label("Time in").fill("07:30")
    expect(page.get_by_text(words)).to_be_visible()
    page.get_by_role("button", name="Schedule for 3 people").click()
    heading = page.get_by_role("heading", name=f"It goes out on {words}")
    expect(heading).to_be_visible()
    assert state(at, issue_id) is IssueState.SCHEDULED
    page.context.close()


def test_fix_it_leads_to_the_field(at: Office) -> None:
    page = at.sit_down()
    write_issue(at, page, "Half written", NEWS)
    page.get_by_role("article").get_by_label("Goes to").fill("half an address")
    page.keyboard.press("Tab")
    page.get_by_role("link", name="Review and schedule").click()
    expect(page.get_by_role("button", name="Schedule for 3 people")).to_be_disabled()
    page.get_by_role("link", name=re.compile("^Fix it")).first.click()
    card = page.get_by_role("article")
    expect(card).to_have_class(re.compile("selected"))
    expect(card.get_by_text("Correct the address")).to_be_visible()
    expect(card.get_by_label("Goes to")).to_be_focused()
    page.context.close()
