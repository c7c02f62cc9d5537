"""The tracked redirect: each click stored before its answer, beside the same with storing off."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from sqlalchemy import func, select

from bench import databases, machine
from bench.databases import Database
from bench.report import Report, Samples
from bench.serving import web_process
from mailer.database.engine import reading, transaction
from mailer.database.tables import Click, IssueLink
from mailer.secret_key import load_secret_key
from mailer.tokens import Signer

_KEY = "a key for measuring only"
_READERS = 2000
_LINKS = 20


def run(clicks: int, repetitions: int) -> Report:
    """Medians of *repetitions*, interleaved; one web process, 256 connections kept alive."""
    report = Report(
        "clicks",
        f"{clicks:,} clicks, one web process",
        ["candidate", "clicks/s", "of not storing", "CPU s/10,000", "database CPU"],
    )
    samples = Samples()
    with (
        tempfile.TemporaryDirectory() as folder,
        databases.both(Path(folder)) as candidates,
    ):
        for database in candidates:
            databases.add_readers(database.engine, _READERS)
            issue_id = _add_issue(database)
            paths = Path(folder) / f"{database.name}.txt"
            signer = Signer(load_secret_key(database.engine, _KEY))
            tokens = (signer.sign(issue_id, number) for number in range(1, _READERS + 1))
            paths.write_text(
                "\n".join(f"/c/{token}/{n % _LINKS + 1}" for n, token in enumerate(tokens))
            )
        for _ in range(repetitions):
            for database in candidates:
                paths = Path(folder) / f"{database.name}.txt"
                for name, stored in (
                    (f"{database.name}, not storing", False),
                    (database.name, True),
                ):
                    samples.add(name, _measure(database, paths, clicks, stored=stored))
    for name in samples.names:
        middle = samples.middle(name)
        base = name if name.endswith("not storing") else f"{name}, not storing"
        report.add(
            name,
            round(middle["rate"]),
            samples.ratio("rate", name, base),
            round(middle["cpu"], 3),
            round(middle["server"], 3),
        )
    return report


def _add_issue(database: Database) -> int:
    issue_id = databases.add_draft(database.engine)
    with transaction(database.engine) as session:
        session.add_all(
            IssueLink(
                issue_id=issue_id, number=number, url=f"https://action.test/{number}?utm_source=river",
                label="Act", role="action", block=f"now-{number}", block_position=number,
            )
            for number in range(1, _LINKS + 1)
        )  # fmt: skip
    return issue_id


def _measure(database: Database, paths: Path, clicks: int, *, stored: bool) -> dict[str, float]:
    before, server_before = _stored(database), database.server_cpu
    with web_process(database.url, _KEY, stored=stored) as (port, pid):
        machine.until_idle(pid)
        idle = machine.cpu_of(pid)
        done = subprocess.run(
            [sys.executable, "-m", "bench.clicking", str(port), str(paths), str(clicks)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        cpu = machine.cpu_of(pid) - idle
    if _stored(database) - before != (clicks if stored else 0):
        raise SystemExit(f"{_stored(database) - before} of {clicks} clicks were stored")
    scale = 10_000 / clicks
    return {
        "rate": clicks / json.loads(done.stdout)["seconds"],
        "cpu": cpu * scale,
        "server": (database.server_cpu - server_before) * scale,
    }


def _stored(database: Database) -> int:
    with reading(database.engine) as session:
        return session.scalar(select(func.count()).select_from(Click)) or 0
