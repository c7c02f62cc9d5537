"""Nothing that is written is lost: over reloads, lost networks, in several windows, by two people."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.chromium import Office, office
from tests.support.composing_by_hand import headlines, open_issue, wait_until_saved, write_three

pytestmark = pytest.mark.timeout(300)  # a whole installation starts, on a busy machine too


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office"), browser) as opened:
        yield opened


@pytest.fixture(autouse=True)
def nothing_is_complained_of(at: Office) -> Iterator[None]:
    """No error in the console, no violation of the policy, in any of these tests."""
    at.complaints.clear()
    yield
    assert at.complaints == []


def test_what_is_written_survives_a_reload_and_so_does_undo(at: Office) -> None:
    page = at.sit_down()
    issue_id = write_three(at, page)
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


def test_what_is_written_without_a_network_is_kept_and_saved_later(at: Office) -> None:
    page = at.sit_down()
    issue_id = write_three(at, page)
    page.context.set_offline(True)
    page.get_by_role("article").first.get_by_label("Headline").fill("Written on a train")
    expect(page.locator(".save")).to_have_text("Offline: kept here, will be saved")
    assert headlines(at, issue_id)[0] == "One"
    page.context.set_offline(False)
    wait_until_saved(page)
    assert headlines(at, issue_id)[0] == "Written on a train"
    mail = page.frame_locator("iframe[title='The finished mail']")
    expect(mail.get_by_role("heading", name="Written on a train")).to_be_attached()
    page.context.close()


def test_what_was_kept_in_a_closed_window_is_there_in_the_next(at: Office) -> None:
    page = at.sit_down()
    issue_id = write_three(at, page)
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
    issue_id = write_three(at, ana)
    open_issue(at, ben, issue_id)
    expect(ana.get_by_title("Ben Okafor is here too")).to_be_visible()
    ana.get_by_role("article").nth(0).get_by_label("Headline").fill("Ana's")
    ben.get_by_role("article").nth(2).get_by_label("Headline").fill("Ben's")
    for page, there in ((ana, "Ben's"), (ben, "Ana's")):
        wait_until_saved(page)
        article = page.get_by_role("article").nth(2 if page is ana else 0)
        expect(article.get_by_label("Headline")).to_have_value(there)
        expect(page.locator(".conflict")).to_have_count(0)
    assert headlines(at, issue_id) == ["Ana's", "Two", "Ben's"]
    ana.context.close()
    ben.context.close()


def change_the_same_block(at: Office, ana: Page, ben: Page) -> int:
    """Ana's words are on the server, Ben's on his screen."""
    issue_id = write_three(at, ana)
    open_issue(at, ben, issue_id)
    ben.context.set_offline(True)
    ben.get_by_role("article").nth(1).get_by_label("Headline").fill("Ben's")
    ana.get_by_role("article").nth(1).get_by_label("Headline").fill("Ana's")
    wait_until_saved(ana)
    ben.context.set_offline(False)
    expect(ben.locator(".conflict")).to_contain_text("Ana Costa changed this block too.")
    return issue_id


@pytest.mark.parametrize("choice", ["Keep mine", "Use Ana Costa’s"])
def test_the_same_block_asks_whose_words_stay(at: Office, choice: str) -> None:
    ana, ben = at.sit_down("Ana Costa"), at.sit_down("Ben Okafor")
    issue_id = change_the_same_block(at, ana, ben)
    conflict = ben.locator(".conflict")
    expect(conflict).to_contain_text("Ana's")
    # Until somebody has chosen, nobody's words are written over.
    ben.wait_for_timeout(1200)
    assert headlines(at, issue_id)[1] == "Ana's"
    expect(ben.get_by_role("article").nth(1).get_by_label("Headline")).to_have_value("Ben's")
    conflict.get_by_role("button", name=choice).click()
    expect(conflict).to_have_count(0)
    wait_until_saved(ben)
    assert headlines(at, issue_id)[1] == ("Ben's" if choice == "Keep mine" else "Ana's")
    ana.context.close()
    ben.context.close()


@pytest.mark.parametrize("choice", ["Keep mine", "Use Ana Costa’s"])
def test_the_same_subject_asks_whose_words_stay(at: Office, choice: str) -> None:
    ana, ben = at.sit_down("Ana Costa"), at.sit_down("Ben Okafor")
    issue_id = write_three(at, ana)
    open_issue(at, ben, issue_id)
    ben.context.set_offline(True)
    ben.get_by_label("Subject").fill("Ben's subject")
    ben.get_by_label("Preheader").fill("Ben's line")
    ana.get_by_label("Subject").fill("Ana's subject")
    wait_until_saved(ana)
    ben.context.set_offline(False)
    conflict = ben.locator(".meta .conflict")
    expect(conflict).to_contain_text("Ana Costa wrote something else here.")
    expect(conflict).to_contain_text("Ana's subject")
    expect(ben.get_by_label("Subject")).to_have_value("Ben's subject")
    # Until he has chosen, hers is what is stored; what only he has changed is stored at once.
    expect(ana.get_by_label("Preheader")).to_have_value("Ben's line")
    expect(ana.get_by_label("Subject")).to_have_value("Ana's subject")
    ben.reload()
    conflict.get_by_role("button", name=choice).click()
    expect(conflict).to_have_count(0)
    wait_until_saved(ben)
    expect(ana.get_by_label("Subject")).to_have_value(
        "Ben's subject" if choice == "Keep mine" else "Ana's subject"
    )
    ana.context.close()
    ben.context.close()


def test_what_nobody_has_decided_yet_survives_a_reload(at: Office) -> None:
    ana, ben = at.sit_down("Ana Costa"), at.sit_down("Ben Okafor")
    issue_id = change_the_same_block(at, ana, ben)
    ben.reload()
    conflict = ben.locator(".conflict")
    expect(conflict).to_contain_text("Ana's")
    expect(ben.get_by_role("article").nth(1).get_by_label("Headline")).to_have_value("Ben's")
    conflict.get_by_role("button", name="Keep mine").click()
    wait_until_saved(ben)
    assert headlines(at, issue_id)[1] == "Ben's"
    ana.context.close()
    ben.context.close()


def test_two_windows_of_one_person_write_over_nothing_of_each_others(at: Office) -> None:
    page = at.sit_down()
    issue_id = write_three(at, page)
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
    issue_id = write_three(at, page)
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
