"""The composer: previews of twenty blocks over HTTP, and how soon one can write in it."""

from __future__ import annotations

import http.client
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import select

from bench import databases, machine
from bench.databases import Database
from bench.report import Report
from bench.serving import web_process
from mailer.blocks import Content
from mailer.clock import utc_now
from mailer.composing import editing
from mailer.composing.drafting import document_of
from mailer.database.engine import transaction
from mailer.database.tables import Newsletter, Role
from mailer.sample import sample_content
from mailer.staffing import sessions, users
from mailer.staffing.sessions import Visitor
from mailer.web.editor.origins import form_token

_KEY = "a key for measuring only"
_BLOCKS = 20
_FIRST = (
    5  # previews before those that count: an editor opens an issue once, and writes for an hour
)
_MOST_PREVIEW, _MOST_START = 150, 1500
# Looks once a frame; times are those since the navigation began.
_WATCH = """if (self === top) requestAnimationFrame(function look() {
  const subject = document.querySelector('#subject')
  if (subject?.value.includes('Typed')) window.writable ??= performance.now()
  if (subject && !window.writable) {
    subject.focus()
    document.execCommand('insertText', false, 'Typed')
  }
  if (window.writable && document.querySelector('.pulse:not(.stale)')) {
    window.shown = performance.now()
    document.body.dataset.shown = ''
  } else requestAnimationFrame(look)
})"""


@dataclass(frozen=True, slots=True)
class _Desk:
    """An issue of twenty blocks, and the session of somebody who may write it."""

    issue_id: int
    document: Mapping[str, Any]
    session: str


def run(previews: int, repetitions: int) -> Report:
    """So many *previews* in a row, and *repetitions* cold starts of each sort."""
    report = Report(
        "editing",
        f"{_BLOCKS} blocks, {previews:,} previews, {repetitions} starts; milliseconds",
        ["what", "p50", "p95", "largest", "at most", "CPU"],
    )
    with tempfile.TemporaryDirectory() as folder, databases.sqlite(Path(folder)) as database:
        desk = _set_up(database)
        with web_process(database.url, _KEY) as (port, pid):
            machine.until_idle(pid)
            _previews(port, desk, _FIRST)
            idle = machine.cpu_of(pid)
            taken = _previews(port, desk, previews)
            cpu = (machine.cpu_of(pid) - idle) / previews
            _add(report, "preview over HTTP", taken, _MOST_PREVIEW, cpu)
            with _chromium() as browser:
                _start(browser, port, desk)  # the browser itself has started
                warm = [_start(browser, port, desk) for _ in range(repetitions)]
        fresh = []
        with _chromium() as browser:
            for _ in range(repetitions):
                with web_process(database.url, _KEY) as (port, pid):
                    machine.until_idle(pid)
                    fresh.append(_start(browser, port, desk))
    for name, starts in (("server at work", warm), ("server unused so far", fresh)):
        writable, shown = zip(*starts, strict=True)
        _add(report, f"until one can write, {name}", writable, _MOST_START)
        _add(report, f"until the mail is shown, {name}", shown, None)
    return report


def _add(
    report: Report, name: str, values: Sequence[float], most: int | None, cpu: float | None = None
) -> None:
    p95 = statistics.quantiles(values, n=20)[18] if len(values) > 1 else values[0]
    p95 = min(p95, max(values))
    figures = (statistics.median(values), p95, max(values))
    report.add(
        name,
        *(round(1000 * figure) for figure in figures),
        most or "–",
        round(1000 * cpu) if cpu else "–",
    )


def _set_up(database: Database) -> _Desk:
    databases.add_readers(database.engine, 1000)
    now = utc_now()
    content = _twenty_blocks(sample_content("https://river.test", now.date()))
    document = document_of(content)
    with transaction(database.engine) as session:
        issue = editing.begin(session, session.scalars(select(Newsletter)).one(), by="", now=now)
        editing.save(session, issue.id, document, version=issue.version, by="Ana", now=now)
        ana = users.add(session, "ana@river.test", now=now, role=Role.OWNER, name="Ana")
        session.flush()
        token = sessions.begin(session, ana, Visitor("Chromium", "127.0.0.0/24"), now=now)
        return _Desk(issue.id, document, token)


def _twenty_blocks(content: Content) -> Content:
    blocks = islice(cycle(content.blocks), _BLOCKS)
    named = [block.model_copy(update={"id": f"b{n}"}) for n, block in enumerate(blocks, 1)]
    return content.model_copy(update={"blocks": tuple(named)})


def _previews(port: int, desk: _Desk, previews: int) -> list[float]:
    """Seconds of each, on one kept connection; something was typed before every one."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {
        "Content-Type": "application/json",
        "Cookie": f"mailer_session={desk.session}",
        "Origin": f"http://127.0.0.1:{port}",
        "X-CSRF-Token": form_token(desk.session),
    }
    taken = []
    for number in range(previews):
        document = {**desk.document, "subject": f"What was typed: {number}"}
        body = json.dumps({"doc": document, "scheme": "light", "reader": None})
        started = time.perf_counter()
        connection.request("POST", f"/issues/{desk.issue_id}/preview", body, headers)
        answer = connection.getresponse()
        said = answer.read()
        taken.append(time.perf_counter() - started)
        if answer.status != 200:
            raise SystemExit(f"no preview: {answer.status} {said[:200]!r}")
    return taken


@contextmanager
def _chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


def _start(browser: Browser, port: int, desk: _Desk) -> tuple[float, float]:
    """Open the issue with nothing in the browser's cache: seconds until a letter that is typed
    stands in the subject, and until the finished mail is shown, as the page itself sees it."""
    site = f"http://127.0.0.1:{port}"
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "mailer_session", "value": desk.session, "url": site}])
    page = context.new_page()
    page.add_init_script(_WATCH)
    page.goto(f"{site}/issues/{desk.issue_id}", wait_until="commit")
    page.wait_for_selector("body[data-shown]", state="attached", timeout=60_000)
    times: list[float] = page.evaluate("[window.writable, window.shown]")
    context.close()
    return times[0] / 1000, times[1] / 1000
