"""Makes docs/images: starts `mailer up` with the sample in an empty folder and looks at it in Chromium.

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
DESKTOP, PHONE = (960, 1200), (390, 844)
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
    """A running `mailer up` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.port, inbox_port = _free_ports(2)
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
    mail = _first(r"/inbox/\d+", installation.get("/inbox"))
    leave = _first(r"/u/[A-Za-z0-9_-]{32}", installation.get(f"{mail}?view=text"))
    return [
        Shot("mail-desktop", f"{mail}/html", (680, 1400)),
        Shot("mail-dark", f"{mail}/html", (680, 1400), dark=True),
        Shot("mail-phone", f"{mail}/html", PHONE),
        Shot("inbox", "/inbox", (960, 560)),
        Shot("inbox-mail", mail, (960, 900)),
        Shot("home", "/", (960, 560)),
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


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if not found:
        raise SystemExit(f"nothing like {pattern} on the page")
    return found[0]


def _free_ports(number: int) -> list[int]:
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images")
