"""Several workers on one PostgreSQL: what a message costs all of them together, and the database."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import databases, machine
from bench.databases import Database
from bench.report import Report, Samples

_WORKERS = (1, 2, 4, 8)
_CONNECTIONS = 5  # of each worker


def run(recipients: int, repetitions: int) -> Report:
    """Medians of *repetitions*, interleaved: where costs stay the same, rates grow with cores."""
    machine.require_postfix()
    report = Report(
        "sharing",
        f"{recipients:,} recipients, one PostgreSQL, {_CONNECTIONS} connections a worker",
        ["workers", "messages/s", "CPU s/10,000", "database CPU", "least by one worker"],
    )
    samples = Samples()
    with (
        tempfile.TemporaryDirectory() as folder,
        machine.smtp_sink() as port,
        databases.both(Path(folder)) as (_, database),
    ):
        databases.add_readers(database.engine, recipients)
        for _ in range(repetitions):
            for number in _WORKERS:
                samples.add(str(number), share(database, port, recipients, number))
    for name in samples.names:
        middle = samples.middle(name)
        report.add(
            name,
            round(middle["rate"]),
            round(middle["cpu"], 2),
            round(middle["server"], 2),
            f"{middle['least']:.0%}",
        )
    return report


def share(database: Database, port: int, recipients: int, number: int) -> dict[str, float]:
    """One issue by so many workers: rate, CPU seconds per 10,000 without their starts, shares."""
    issue_id = databases.add_issue(database.engine)
    before = database.server_cpu
    command = [*(sys.executable, "-m", "bench.worker", database.url, str(port))]
    workers = [
        subprocess.Popen(
            [*command, str(_CONNECTIONS), str(issue_id), "none"], stdout=subprocess.PIPE
        )
        for _ in range(number)
    ]
    told = [json.loads(worker.communicate()[0]) for worker in workers]
    accepted = [one["accepted"] for one in told]
    if sum(accepted) != recipients:
        raise SystemExit(f"{sum(accepted)} messages were accepted of {recipients}")
    scale = 10_000 / recipients
    return {
        "rate": recipients / (max(o["ended"] for o in told) - min(o["started"] for o in told)),
        "cpu": sum(one["cpu"] - one["start_cpu"] for one in told) * scale,
        "server": (database.server_cpu - before) * scale,
        "least": min(accepted) / recipients,
    }
