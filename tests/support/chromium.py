"""Chromium over a real `mailer up`, with everybody signed in who is needed, and a log of complaints."""

from __future__ import annotations

import shutil
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import select

from mailer.bootstrap import Mailer, bootstrap
from mailer.composing import editing
from mailer.database.engine import transaction
from mailer.database.tables import Newsletter
from mailer.sample import LOOK, NEWSLETTER, POSTAL_ADDRESS
from mailer.settings import load_settings
from mailer.web.serving import bind
from tests.support.command import free_port
from tests.support.factories import add_newsletter, add_subscriber
from tests.support.processes import installation
from tests.support.staff import SignedIn, sign_in

ROOT = Path(__file__).parents[2]
AXE = (ROOT / "ui" / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
_START_SECONDS = 100
_VIOLATION = """document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP ${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`))"""
# What browsers say when a server is away or a version is old, which some tests make happen.
_EXPECTED = ("status of 412", "ERR_INTERNET_DISCONNECTED", "Failed to load resource: net::ERR")

# The popups of an address bar that nobody sees, two pages of scripts for each window, are most of
# what a window costs. Only the last such switch counts, so those of Playwright that matter stand
# here too.
_NEVER_SEEN = ",".join(
    (
        "WebUIOmniboxPopup",
        "WebUIOmniboxAimPopup",
        "AimEnabled",
        "AvoidUnnecessaryBeforeUnloadCheckSync",
        "DestroyProfileOnBrowserClose",
        "HttpsFirstBalancedModeAutoEnable",
        "HttpsUpgrades",
        "MediaRouter",
        "OptimizationHints",
        "PaintHolding",
        "PreconnectToSearch",
        "SpareRendererForSitePerProcess",
        "ThirdPartyStoragePartitioning",
    )
)

Colours = Literal["light", "dark"]
Opener = Callable[..., Page]


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                f"--disable-features={_NEVER_SEEN}",
            ],
        )
        try:
            yield opened
        finally:
            opened.close()


def complaints(page: Page) -> list[str]:
    """What the browser says against the page from now on."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


@contextmanager
def serving(mailer: Mailer, port: int = 0) -> Iterator[str]:
    """A real web server's address."""
    server = bind(mailer, port=port)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()
        thread.join()


@dataclass
class Office:
    """One installation at work, and the browsers of those who sit at it."""

    mailer: Mailer
    browser: Browser
    address: str
    complaints: list[str] = field(default_factory=list)
    people: dict[str, SignedIn] = field(default_factory=dict)

    def sit_down(
        self,
        name: str = "Ana Costa",
        *,
        width: int = 1440,
        colours: Colours = "light",
        **options: Any,
    ) -> Page:
        """A window of somebody who is signed in."""
        if name not in self.people:
            first = name.split()[0].lower()
            self.people[name] = sign_in(self.mailer, address=f"{first}@alder.test", name=name)
        context = self.browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=colours,
            reduced_motion="reduce",
            locale="en-GB",
            **options,
        )
        page = context.new_page()
        self.let_in(page, name)
        page.add_init_script(_VIOLATION)
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def let_in(self, page: Page, name: str) -> None:
        """Sign somebody in who sits there."""
        page.context.add_cookies(
            [
                {"name": cookie, "value": value, "url": self.address}
                for cookie, value in self.people[name].cookies.items()
            ]
        )

    def _hear(self, kind: str, words: str) -> None:
        if kind in {"error", "warning"} and not any(known in words for known in _EXPECTED):
            self.complaints.append(words)

    def begin(self) -> int:
        """A new, empty issue."""
        with transaction(self.mailer.engine) as session:
            newsletter = session.scalars(select(Newsletter)).one()
            return editing.begin(session, newsletter, by="Ana", now=self.mailer.clock()).id


@contextmanager
def writing_office(database_url: str, browser: Browser) -> Iterator[Office]:
    """The web server alone, in this process: all that writing needs."""
    port = free_port()
    with (
        _furnished(database_url, base_url=f"http://127.0.0.1:{port}") as mailer,
        serving(mailer, port) as address,
    ):
        yield Office(mailer, browser, address)


@contextmanager
def office(folder: Path, browser: Browser, **settings: str) -> Iterator[Office]:
    """`mailer up`: web, scheduler, sending and the built-in inbox, each a process of its own."""
    port, inbox_port = free_port(), free_port()
    address = f"http://127.0.0.1:{port}"
    database = f"sqlite:///{folder}/office.db"
    values = {"base_url": address, "inbox_port": str(inbox_port), **settings}
    with (
        _furnished(database, **values) as mailer,
        installation(folder, database, inbox_port) as processes,
    ):
        del processes.settings["smtp_url"]
        processes.settings.update(values)
        started = processes.command("up", "--port", str(port))
        _wait_for(address)
        yield Office(mailer, browser, address)
        started.end()


@contextmanager
def _furnished(database_url: str, **settings: str) -> Iterator[Mailer]:
    """A newsletter with three readers."""
    mailer = bootstrap(
        load_settings(database_url=database_url, secret_key="a key for tests only", **settings)
    )
    with transaction(mailer.engine) as session:
        river = add_newsletter(
            session,
            "alder-river",
            name=NEWSLETTER,
            from_name=NEWSLETTER,
            from_address="news@alder.test",
            postal_address=POSTAL_ADDRESS,
            look=LOOK,
        )
        for number, name in enumerate(("Ann Example", "Ben Reader", "Chiara Reader")):
            add_subscriber(session, f"reader{number}@readers.test", newsletter=river, name=name)
    yield mailer
    mailer.engine.dispose()


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=2):  # noqa: S310  # our own
                return
        except (OSError, urllib.error.URLError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def problems_for_everybody(page: Page, within: str = "html") -> list[str]:
    """What axe-core finds on a light and on a dark screen: each rule that is broken, and where first.

    Only contrast depends on the colours.
    """
    if page.evaluate("!window.axe"):
        page.evaluate(AXE)
    page.emulate_media(color_scheme="dark")
    dark = _violations(page, within, {"runOnly": ["color-contrast"]})
    page.emulate_media(color_scheme="light")
    return dark + _violations(page, within, {})


def _violations(page: Page, within: str, options: dict[str, Any]) -> list[str]:
    found = page.evaluate(
        "([part, options]) => axe.run(part, {iframes: false, resultTypes: ['violations'], ...options})",
        [within, options],
    )
    return [f"{one['id']}: {one['nodes'][0]['target']}" for one in found["violations"]]
