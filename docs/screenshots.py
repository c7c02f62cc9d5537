"""Makes docs/images: starts `mailer up` with the sample in an empty folder and looks at it in Chromium.

Usage: python docs/screenshots.py [FOLDER]; the folder is docs/images unless named.
"""

from __future__ import annotations

import http.client
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
DESKTOP, PHONE = (960, 1200), (390, 844)
ISSUE = "1"  # the sample's
PATIENCE = 60.0
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass(frozen=True)
class Shot:
    """One picture: of which page, how wide and high, in which colours."""

    name: str
    path: str
    size: tuple[int, int] = DESKTOP
    dark: bool = False


class Installation:
    """A running `mailer up` in a folder of its own."""

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
    def running(self) -> Iterator[None]:
        """Up, with the sample issue sent and every mail in the inbox."""
        command = [sys.executable, "-m", "mailer"]
        process = subprocess.Popen(
            [*command, "up", "--sample", "--port", str(self.port)],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.DEVNULL,
        )
        try:
            self._wait_until_healthy()
            subprocess.run(
                [*command, "issue", "send", ISSUE, "--json"],
                cwd=self._folder,
                env=self._environment,
                stdout=subprocess.DEVNULL,
                check=True,
            )
            yield
        finally:
            process.terminate()
            process.wait()

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"{self.url}{path}") as answer:
            return answer.read().decode()

    def follow(self, path: str) -> None:
        """Ask for a tracked link as a person's browser does, and go no further."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("GET", path, headers={"User-Agent": BROWSER, "Accept": "text/html"})
        connection.getresponse().read()
        connection.close()

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
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        installation = Installation(Path(home))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with installation.running():
            for shot in shots(installation):
                take(browser, installation.url, shot, folder)
        browser.close()


def shots(installation: Installation) -> list[Shot]:
    """What is worth seeing, once the sample issue has arrived."""
    mails = dict.fromkeys(re.findall(r"/inbox/\d+", installation.get("/inbox")))
    texts = [installation.get(f"{mail}?view=text") for mail in mails]
    for number, text in enumerate(texts):
        links = list(dict.fromkeys(re.findall(r"/c/[A-Za-z0-9_-]{32}/\d+", text)))
        for link in links[: 1 + number]:
            installation.follow(link)
    mail = next(iter(mails))
    leave = re.findall(r"/u/[A-Za-z0-9_-]{32}", texts[0])[0]
    return [
        Shot("mail-desktop", f"{mail}/html", (680, 1400)),
        Shot("mail-dark", f"{mail}/html", (680, 1400), dark=True),
        Shot("mail-phone", f"{mail}/html", PHONE),
        Shot("inbox", "/inbox", (1200, 560)),
        Shot("inbox-mail", mail, (960, 900)),
        Shot("home", "/", (960, 860)),
        Shot("unsubscribe", leave, (680, 520)),
    ]


def take(browser: Browser, url: str, shot: Shot, folder: Path) -> None:
    """One picture of what fits the window."""
    width, height = shot.size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if shot.dark else "light",
        locale="en-GB",
    )
    page = context.new_page()
    page.goto(f"{url}{shot.path}", wait_until="load")
    for frame in page.frames:
        frame.wait_for_load_state("load")
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
