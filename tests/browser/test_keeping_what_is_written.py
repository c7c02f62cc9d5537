"""Nothing that is written is lost: over reloads, lost networks, in several windows, by two people."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.chromium import Office
from tests.support.composing_by_hand import headlines, open_issue, open_three, wait_until_saved

pytestmark = pytest.mark.usefixtures("nothing_is_complained_of")


def test_what_is_written_survives_a_reload_and_so_does_undo(at: Office) -> None:
    page = at.sit_down()
    issue_id = open_three(at, page)
    page.get_by_role("article").nth(1).get_by_label("Headline").fill("Changed")
    page.reload()
    expect(page.get_by_role("article").nth(1).get_by_label("Headline")).to_have_value("Changed")
    wait_until_saved(page)
    assert headlines(at, issue_id) == ["One", "Changed", "Three"]
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_role("article").nth(1).get_by_label("Headline")).to_have_value("Two")
    page.get_by_role("button", name="Redo").click()
    expect(page.get_by_role("article").nth(1).get_by_label("Headline")).to_have_value("Changed")
    page.context.close()


def test_without_a_network_what_is_written_is_kept_for_this_window_and_the_next(
    at: Office,
) -> None:
    page = at.sit_down()
    issue_id = open_three(at, page)
    page.context.set_offline(True)
    page.get_by_role("article").first.get_by_label("Headline").fill("Written on a train")
    expect(page.locator(".save")).to_have_text("Offline: kept here, will be saved")
    assert headlines(at, issue_id)[0] == "One"
    page.context.set_offline(False)
    wait_until_saved(page)
    assert headlines(at, issue_id)[0] == "Written on a train"
    mail = page.frame_locator("iframe[title='The finished mail']")
    expect(mail.get_by_role("heading", name="Written on a train")).to_be_attached()

    page.context.set_offline(True)
    page.get_by_role("article").first.get_by_label("Headline").fill("Kept in the browser")
    expect(page.locator(".save")).to_contain_text("Offline")
    page.close()
    page.context.set_offline(False)
    again = page.context.new_page()
    open_issue(at, again, issue_id)
    expect(again.get_by_text("What you wrote before is still here.")).to_be_visible()
    wait_until_saved(again)
    assert headlines(at, issue_id)[0] == "Kept in the browser"
    again.context.close()


def test_two_people_write_in_different_blocks_and_nothing_is_lost(at: Office) -> None:
    ana, ben = at.sit_down("Ana Costa"), at.sit_down("Ben Okafor")
    issue_id = open_three(at, ana)
    open_issue(at, ben, issue_id)
    expect(ana.get_by_title("Ben Okafor is here too")).to_be_visible()
    ana.get_by_role("article").nth(0).get_by_label("Headline").fill("Ana's")
    ben.get_by_role("article").nth(2).get_by_label("Headline").fill("Ben's")
    for page, there in ((ana, "Ben's"), (ben, "Ana's")):
        article = page.get_by_role("article").nth(2 if page is ana else 0)
        expect(article.get_by_label("Headline")).to_have_value(there)
        wait_until_saved(page)
        expect(page.locator(".conflict")).to_have_count(0)
    assert headlines(at, issue_id) == ["Ana's", "Two", "Ben's"]
    ana.context.close()
    ben.context.close()


def change_the_same_words(at: Office, ana: Page, ben: Page) -> int:
    """Ana's are on the server, Ben's on his screen: a subject, and two headlines."""
    issue_id = open_three(at, ana)
    open_issue(at, ben, issue_id)
    ben.context.set_offline(True)
    ben.get_by_label("Preheader").fill("Ben's line")
    for page, name in ((ben, "Ben's"), (ana, "Ana's")):
        page.get_by_label("Subject").fill(f"{name} subject")
        for number in (0, 1):
            page.get_by_role("article").nth(number).get_by_label("Headline").fill(name)
    wait_until_saved(ana)
    ben.context.set_offline(False)
    return issue_id


def expect_a_choice(page: Page) -> None:
    """Of each of the three: what the other wrote stands beside one's own."""
    expect(page.locator(".meta .conflict")).to_contain_text("Ana Costa wrote something else here.")
    expect(page.locator(".meta .conflict")).to_contain_text("Ana's subject")
    expect(page.get_by_label("Subject")).to_have_value("Ben's subject")
    for card in page.get_by_role("article").all()[:2]:
        expect(card.locator(".conflict")).to_contain_text("Ana Costa changed this block too.")
        expect(card.locator(".conflict")).to_contain_text("Ana's")
        expect(card.get_by_label("Headline")).to_have_value("Ben's")


def test_the_same_words_ask_whose_stay_also_after_a_reload(at: Office) -> None:
    ana, ben = at.sit_down("Ana Costa"), at.sit_down("Ben Okafor")
    issue_id = change_the_same_words(at, ana, ben)
    expect_a_choice(ben)
    # What only he has changed is stored at once; of the rest, nobody's words are written over.
    expect(ana.get_by_label("Preheader")).to_have_value("Ben's line")
    expect(ana.get_by_label("Subject")).to_have_value("Ana's subject")
    assert headlines(at, issue_id) == ["Ana's", "Ana's", "Three"]
    ben.reload()
    expect_a_choice(ben)

    cards = ben.get_by_role("article")
    cards.nth(0).get_by_role("button", name="Keep mine").click()
    cards.nth(1).get_by_role("button", name="Use Ana Costa’s").click()
    ben.locator(".meta .conflict").get_by_role("button", name="Keep mine").click()
    expect(ben.locator(".conflict")).to_have_count(0)
    wait_until_saved(ben)
    assert headlines(at, issue_id) == ["Ben's", "Ana's", "Three"]
    expect(ana.get_by_label("Subject")).to_have_value("Ben's subject")
    ana.context.close()
    ben.context.close()


def test_two_windows_of_one_person_write_over_nothing_of_each_others(at: Office) -> None:
    page = at.sit_down()
    issue_id = open_three(at, page)
    other = page.context.new_page()
    open_issue(at, other, issue_id)
    page.context.set_offline(True)
    for window, number in ((page, 0), (other, 2)):
        window.get_by_role("article").nth(number).get_by_label("Headline").fill(f"Window {number}")
        expect(window.locator(".save")).to_have_text("Offline: kept here, will be saved")
    page.close()
    other.close()
    page.context.set_offline(False)
    again = page.context.new_page()
    open_issue(at, again, issue_id)
    wait_until_saved(again)
    assert headlines(at, issue_id) == ["Window 0", "Two", "Window 2"]
    assert again.evaluate("localStorage.length") == 0
    again.context.close()


def test_who_is_signed_out_while_writing_loses_nothing(at: Office) -> None:
    page = at.sit_down()
    issue_id = open_three(at, page)
    page.context.clear_cookies()
    article = page.get_by_role("article").first
    article.get_by_label("Headline").fill("Signed out")
    expect(page.locator(".save")).to_contain_text("You are signed out")
    article.get_by_label("Headline").fill("Signed out, and written on")
    page.get_by_role("button", name="Load it again").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    at.let_in(page, "Ana Costa")
    open_issue(at, page, issue_id)
    wait_until_saved(page)
    assert headlines(at, issue_id)[0] == "Signed out, and written on"
    page.context.close()
    at.complaints[:] = [words for words in at.complaints if "401" not in words]
