"""How long it takes to freeze an audience into batches, when an issue starts."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bench import databases
from bench.databases import Database
from bench.report import Report, Samples
from mailer.clock import utc_now
from mailer.database.engine import transaction
from mailer.delivering import lifecycle


def run(recipients: int, repetitions: int) -> Report:
    """Medians of *repetitions*, interleaved."""
    report = Report(
        "freezing",
        f"{recipients:,} recipients into batches of 1,000",
        ["database", "seconds", "slowest", "our CPU s", "database CPU s"],
    )
    samples = Samples()
    with (
        tempfile.TemporaryDirectory() as folder,
        databases.both(Path(folder)) as candidates,
    ):
        for database in candidates:
            databases.add_readers(database.engine, recipients)
        for _ in range(repetitions):
            for database in candidates:
                samples.add(database.name, _freeze(database, recipients))
    for name in samples.names:
        middle = samples.middle(name)
        report.add(
            name,
            round(middle["wall"], 1),
            round(samples.largest(name, "wall"), 1),
            round(middle["client"], 2),
            round(middle["server"], 2),
        )
    return report


def _freeze(database: Database, recipients: int) -> dict[str, float]:
    issue_id = databases.add_draft(database.engine)
    server, client, wall = database.server_cpu, time.process_time(), time.perf_counter()
    with transaction(database.engine) as session:
        planned = lifecycle.start(session, issue_id, version=1, batch_size=1000, now=utc_now())
    if planned != recipients:
        raise SystemExit(f"{planned} of {recipients} were frozen")
    return {
        "wall": time.perf_counter() - wall,
        "client": time.process_time() - client,
        "server": database.server_cpu - server,
    }
