"""The whole job, ledger to relay, beside Postfix's smtp-source to the same sink in the same run."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import databases, machine
from bench.databases import Database
from bench.report import Report, Samples

CONNECTIONS = 10
WIRE_BYTES = 23_000


def run(recipients: int, repetitions: int) -> Report:
    """Medians of *repetitions*, interleaved, so that a noisy minute hits all alike."""
    machine.require_postfix()
    report = Report(
        "sending",
        f"{recipients:,} recipients, {WIRE_BYTES // 1000} KB on the wire, {CONNECTIONS} connections",
        ["candidate", "messages/s", "of smtp-source", "CPU s/10,000", "database CPU", "peak MB"],
    )
    samples = Samples()
    with (
        tempfile.TemporaryDirectory() as folder,
        machine.smtp_sink() as port,
        databases.both(Path(folder)) as candidates,
    ):
        for database in candidates:
            databases.add_readers(database.engine, recipients)
        for _ in range(repetitions):
            samples.add("smtp-source", source_once(port, recipients))
            for database in candidates:
                samples.add(database.name, send_once(database, port, recipients))
    for name in samples.names:
        middle = samples.middle(name)
        report.add(
            name,
            round(middle["rate"]),
            samples.ratio("rate", name, "smtp-source"),
            round(middle["cpu"], 3),
            round(middle["server"], 3),
            round(middle["mb"]),
        )
    return report


def source_once(port: int, messages: int) -> dict[str, float]:
    """What Postfix's own program needs for as many messages of the same size."""
    wall, cpu = machine.run_source(port, messages, sessions=CONNECTIONS, size=WIRE_BYTES)
    return {"rate": messages / wall, "cpu": cpu / messages * 10_000, "server": 0.0, "mb": 0.0}


def send_once(
    database: Database,
    port: int,
    recipients: int,
    *,
    connections: int = CONNECTIONS,
    newsletter_id: int = 1,
    dkim: str = "none",
) -> dict[str, float]:
    """One new issue by a worker process: rate, CPU seconds per 10,000 of it and of the server, MB."""
    issue_id = databases.add_issue(database.engine, newsletter_id)
    before = database.server_cpu
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench.worker", database.url, str(port)),
            *(str(connections), str(issue_id), dkim),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    result = json.loads(done.stdout)
    if result["accepted"] != recipients:
        raise SystemExit(f"only {result['accepted']} of {recipients} were accepted")
    scale = 10_000 / recipients
    return {
        "rate": recipients / (result["ended"] - result["started"]),
        "cpu": result["cpu"] * scale,
        "cpu_after_start": (result["cpu"] - result["start_cpu"]) * scale,
        "server": (database.server_cpu - before) * scale,
        "mb": result["mb"],
    }
