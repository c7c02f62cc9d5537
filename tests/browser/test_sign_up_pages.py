"""Signing up in Chromium: by keyboard, with and without script, on our page and on another site's."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect
from sqlalchemy import Engine, func, select

from mailer.bootstrap import Mailer
from mailer.database.engine import reading, transaction
from mailer.database.tables import (
    Consent,
    Newsletter,
    OptIn,
    SignUp,
    SpentChallenge,
    Subscriber,
    Subscription,
)
from mailer.web.snippet import snippet
from tests.support.chromium import Opener, complaints, serving
from tests.support.factories import add_newsletter
from tests.support.notices import link_to, noticed
from tests.support.site import mailer_of

PHONE = ViewportSize(width=390, height=800)
NO_ICON = '<link rel="icon" href="data:,">'


@pytest.fixture
def mailer(sqlite_engine: Engine) -> Mailer:
    with transaction(sqlite_engine) as session:
        add_newsletter(session)
    return mailer_of(sqlite_engine)


@pytest.fixture
def site(mailer: Mailer) -> Iterator[str]:
    with serving(mailer) as address:
        yield address


def a_page(window: Opener, *, script: bool = True) -> tuple[Page, list[str]]:
    """A phone, and what its console complains of."""
    page = window(viewport=PHONE, java_script_enabled=script)
    return page, complaints(page)


def count(engine: Engine, table: type) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def state(engine: Engine, address: str) -> Consent | None:
    with reading(engine) as session:
        return session.scalar(
            select(Subscription.state).join(Subscriber).where(Subscriber.address == address)
        )


def test_by_keyboard_alone_with_a_typing_error_on_the_way(
    site: str, window: Opener, mailer: Mailer
) -> None:
    with transaction(mailer.engine) as session:
        session.scalars(select(Newsletter)).one().opt_in = OptIn.SINGLE
    page, said = a_page(window)
    page.goto(f"{site}/s/river")
    page.keyboard.press("Tab")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type("ann@gmial.com")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Did you mean ann@gmail.com?")
    expect(page.get_by_role("button", name="Yes, use ann@gmail.com")).to_be_focused()
    assert count(mailer.engine, Subscriber) == 0
    page.keyboard.press("Enter")
    heading = page.get_by_role("heading", name="Thank you")
    expect(heading).to_be_focused()

    assert state(mailer.engine, "ann@gmail.com") is Consent.CONFIRMED, "by its proof of work"
    assert count(mailer.engine, SpentChallenge) == 1
    assert said == []


def test_without_script_from_the_form_to_the_subscription(
    site: str, window: Opener, mailer: Mailer
) -> None:
    page, said = a_page(window, script=False)
    page.goto(f"{site}/s/river")
    page.get_by_label("E-mail address").fill("ann@gmial.com")
    page.get_by_label("Your name").fill("Ann")
    page.get_by_role("button", name="Subscribe").click()
    page.get_by_role("button", name="No, ann@gmial.com is right").click()
    expect(page.get_by_role("heading")).to_have_text("Please look into your inbox")
    page.goto(f"{site}/confirm/{link_to(mailer.engine, '/confirm/')}")
    page.get_by_role("button", name="Yes, subscribe me").click()
    expect(page.get_by_role("heading")).to_have_text("You are subscribed")

    assert state(mailer.engine, "ann@gmial.com") is Consent.CONFIRMED
    assert said == []


def test_what_is_wrong_is_said_beside_the_form_and_the_form_can_be_sent_again(
    site: str, window: Opener, mailer: Mailer
) -> None:
    page, _ = a_page(window)
    page.goto(f"{site}/s/river")
    page.get_by_label("E-mail address").fill("ann@mailinator.com")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("alert")).to_contain_text("an address that lasts")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.get_by_label("E-mail address").fill("ann@readers.test")
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading")).to_have_text("Please look into your inbox")

    assert [one.recipient for one in noticed(mailer.engine)] == ["ann@readers.test"]


@pytest.mark.parametrize("script", [True, False])
def test_the_form_works_on_another_site(
    site: str, window: Opener, mailer: Mailer, tmp_path: Path, script: bool
) -> None:
    reached = mailer_of(mailer.engine, base_url=site)
    with transaction(mailer.engine) as session:
        code = snippet(session, reached, session.scalars(select(Newsletter)).one(), None)
    (tmp_path / "index.html").write_text(f"<!doctype html><title>Elsewhere</title>{NO_ICON}{code}")
    page, said = a_page(window, script=script)
    with files_of(tmp_path) as elsewhere:
        page.goto(f"{elsewhere}/?utm_source=fair&utm_campaign=spring")
        expect(page.locator("input[name=website]")).to_be_hidden()
        page.get_by_label("E-mail address").fill("ann@readers.test")
        page.get_by_role("button", name="Subscribe").click()
        expect(page.get_by_role("heading")).to_have_text("Please look into your inbox")
        assert ("/sent" in page.url) is not script, "with script, people stay on that site"

    assert said == []
    with reading(mailer.engine) as session:
        evidence = session.scalars(select(SignUp)).one().evidence
    assert evidence["form"] == "embedded"
    assert evidence.get("source") == ("fair / spring" if script else None)
    assert "I want to receive River Watch" in evidence["wording"]


def test_pages_keep_their_direction_and_fit_a_phone(site: str, window: Opener) -> None:
    page, said = a_page(window)
    for path, language in product(("/s/river", "/s/river/sent"), ("ar", "de")):
        page.goto(f"{site}{path}?lang={language}")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert page.evaluate("document.dir") == ("rtl" if language == "ar" else "ltr")
    assert said == []


@contextmanager
def files_of(folder: Path) -> Iterator[str]:
    """Another site's address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # theirs
        """Say nothing."""
