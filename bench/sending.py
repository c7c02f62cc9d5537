"""The whole job, ledger to relay, beside Postfix's smtp-source to the same sink in the same run."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench import databases, machine
from bench.databases import Database
from bench.report import Report, Samples
from bench.workers import worker

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
    dkim: str = "none",
    tls: bool = False,
) -> dict[str, float]:
    """One new issue by a new worker: rate, CPU seconds per 10,000 of it and of the server, MB."""
    issue_id = databases.add_issue(database.engine)
    server = database.server_cpu
    with worker(database, port, connections=connections, dkim=dkim, tls=tls) as one:
        told = one.send(issue_id)
    if told["accepted"] != recipients:
        raise SystemExit(f"only {told['accepted']} of {recipients} were accepted")
    scale = 10_000 / recipients
    return {
        "rate": recipients / (told["ended"] - told["started"]),
        "cpu": told["cpu"] * scale,
        "server": (database.server_cpu - server) * scale,
        "mb": told["mb"],
    }
