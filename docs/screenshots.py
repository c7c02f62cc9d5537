"""Makes docs/images: starts mailer with the sample, then with a made-up year, and looks at both.

Usage: python docs/screenshots.py [FOLDER]; the folder is docs/images unless named.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP, WIDE, PHONE = (960, 1200), (1280, 900), (390, 844)
DEMONSTRATION = Path(__file__).with_name("demonstration.py")
NEWSLETTER = "alder-river"
ISSUE = "1"  # the sample's
PATIENCE = 60.0


@dataclass(frozen=True)
class Shot:
    """One picture: of which page, how wide and high, in which colours."""

    name: str
    path: str
    size: tuple[int, int] = DESKTOP
    dark: bool = False


class Installation:
    """A running mailer in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.port, inbox_port = _free_port(8000), _free_port(1025)
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("MAILER_")},
            "MAILER_DATABASE_URL": f"sqlite:///{folder}/subscribers.db",
            "MAILER_BASE_URL": self.url,
            "MAILER_INBOX_PORT": str(inbox_port),
        }
        self._folder = folder

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def sample(self) -> Iterator[None]:
        """Up, with the sample issue sent and every mail in the inbox."""
        with self._running("up", "--sample", "--port", str(self.port)):
            self._run("-m", "mailer", "issue", "send", ISSUE, "--json")
            yield

    @contextmanager
    def demonstration(self) -> Iterator[str]:
        """The web part with a made-up year; the token of its owner's session."""
        token = self._run(str(DEMONSTRATION), str(self._folder / "subscribers.db")).strip()
        with self._running("web", "--port", str(self.port)):
            yield token

    @contextmanager
    def _running(self, *command: str) -> Iterator[None]:
        process = subprocess.Popen(
            [sys.executable, "-m", "mailer", *command],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.DEVNULL,
        )
        try:
            self._wait_until_healthy()
            yield
        finally:
            process.terminate()
            process.wait()

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        return done.stdout

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"{self.url}{path}") as answer:
            return answer.read().decode()

    def _wait_until_healthy(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                if json.loads(self.get("/health"))["status"] == "ok":
                    return
            except OSError:
                time.sleep(0.2)
        raise SystemExit("mailer up did not start")


def main(folder: Path) -> None:
    """Take every picture."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with tempfile.TemporaryDirectory() as home:
            installation = Installation(Path(home))
            with installation.sample():
                for shot in sample_shots(installation):
                    take(browser, installation.url, shot, folder)
        with tempfile.TemporaryDirectory() as home:
            installation = Installation(Path(home))
            with installation.demonstration() as token:
                for shot in staff_shots():
                    take(browser, installation.url, shot, folder, token)
        browser.close()


def sample_shots(installation: Installation) -> list[Shot]:
    """What readers see, and the built-in inbox, once the sample issue has arrived."""
    mails = dict.fromkeys(re.findall(r"/inbox/\d+", installation.get("/inbox")))
    texts = [installation.get(f"{mail}?view=text") for mail in mails]
    mail = next(iter(mails))
    leave = re.findall(r"/u/[A-Za-z0-9_-]{32}", texts[0])[0]
    return [
        Shot("mail-desktop", f"{mail}/html", (680, 1400)),
        Shot("mail-dark", f"{mail}/html", (680, 1400), dark=True),
        Shot("mail-phone", f"{mail}/html", PHONE),
        Shot("inbox", "/inbox", (1200, 560)),
        Shot("inbox-mail", mail, (960, 900)),
        Shot("unsubscribe", leave, (680, 520)),
        Shot("preferences", leave.replace("/u/", "/p/"), (680, 1100)),
        Shot("sign-up", f"/s/{NEWSLETTER}", (680, 640)),
        Shot("sign-in", "/sign-in", (680, 640)),
    ]


def staff_shots() -> list[Shot]:
    """Every page of the staff."""
    sent, draft = "/issues/6", "/issues/7"
    return [
        Shot("home", "/", WIDE),
        Shot("home-dark", "/", WIDE, dark=True),
        Shot("home-phone", "/", PHONE),
        Shot("composer", draft, WIDE),
        Shot("composer-dark", draft, WIDE, dark=True),
        Shot("composer-phone", draft, PHONE),
        Shot("review", f"{draft}/review", WIDE),
        Shot("statistics", "/statistics", WIDE),
        Shot("issue-statistics", f"{sent}/statistics", WIDE),
        Shot("issue-statistics-dark", f"{sent}/statistics", WIDE, dark=True),
        Shot("subscribers", "/subscribers", WIDE),
        Shot("subscribers-phone", "/subscribers", PHONE),
        Shot("person", "/subscribers/100", WIDE),
        Shot("suppressions", "/subscribers/suppressions", WIDE),
        Shot("imports", "/subscribers/import", WIDE),
        Shot("import", "/subscribers/import/1", WIDE),
        Shot("segments", "/segments", WIDE),
        Shot("segment", "/segments/2", WIDE),
        Shot("fields", "/subscribers/fields", WIDE),
        Shot("tags", "/subscribers/tags", WIDE),
        Shot("settings-newsletters", "/settings/newsletters", WIDE),
        Shot("settings-newsletter", f"/settings/newsletters/{NEWSLETTER}", WIDE),
        Shot("settings-form", f"/settings/forms/{NEWSLETTER}", WIDE),
        Shot("settings-form-code", f"/settings/forms/{NEWSLETTER}/code", WIDE),
        Shot("settings-form-numbers", f"/settings/forms/{NEWSLETTER}/numbers", WIDE),
        Shot("settings-look", f"/settings/newsletters/{NEWSLETTER}/look", WIDE),
        Shot("settings-senders", "/settings/senders", WIDE),
        Shot("settings-retention", "/settings/retention", WIDE),
        Shot(
            "settings-retention-asked",
            "/settings/retention?clicks=31536000&unsubscribed=2592000",
            WIDE,
        ),
        Shot("settings-people", "/settings/people", WIDE),
        Shot("settings-keys", "/settings/keys", WIDE),
        Shot("settings-profile", "/settings/profile", WIDE),
    ]


def take(browser: Browser, url: str, shot: Shot, folder: Path, token: str = "") -> None:
    """One picture of what fits the window; *token*: of somebody signed in."""
    width, height = shot.size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if shot.dark else "light",
        locale="en-GB",
    )
    if token:
        context.add_cookies([{"name": "mailer_session", "value": token, "url": url}])
    page = context.new_page()
    answer = page.goto(f"{url}{shot.path}", wait_until="load")
    if answer is None or not answer.ok:
        raise SystemExit(f"{shot.path} did not answer as it should")
    page.wait_for_timeout(500)  # what is asked for after that: a preview, a count
    for frame in page.frames:
        if frame.parent_frame is None or frame.frame_element().is_visible():
            frame.locator("body :visible").first.wait_for()
    page.screenshot(path=folder / f"{shot.name}.png")
    context.close()


def _free_port(wanted: int) -> int:
    """The *wanted* port, or another one if that is taken."""
    for port in (wanted, 0):
        try:
            with socket.create_server(("127.0.0.1", port)) as probe:
                return int(probe.getsockname()[1])
        except OSError:
            continue
    raise SystemExit("no port is free")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images")
