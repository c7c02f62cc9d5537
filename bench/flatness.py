"""Whether a recipient costs the same in a large issue as in a small one, and how much memory it takes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench import databases, machine
from bench.databases import Database
from bench.report import Report, Samples
from bench.sending import CONNECTIONS
from bench.workers import Running, worker

_SMALLEST = 10_000
_STEP = 10


def run(recipients: int, repetitions: int) -> Report:
    """Issues of 10,000, 100,000, … up to *recipients*; medians of *repetitions*, interleaved.

    Each by a worker of its own that has sent an issue of 10,000 before: what a process does once
    in its life, as to grow to its size, and not once an issue, is in none of the figures.
    """
    machine.require_postfix()
    report = Report(
        "flatness",
        f"10,000 to {recipients:,} recipients; a worker that has sent one issue before",
        ["database", "recipients", "messages/s", "CPU s/10,000", "of 10,000", "database CPU", "MB"],
    )
    sizes = [_SMALLEST]
    while sizes[-1] * _STEP <= recipients:
        sizes.append(sizes[-1] * _STEP)
    samples = Samples()
    with (
        tempfile.TemporaryDirectory() as folder,
        machine.smtp_sink() as port,
        databases.both(Path(folder)) as candidates,
    ):
        newsletters = {
            (one.name, size): databases.add_readers(one.engine, size)
            for one in candidates
            for size in sizes
        }
        for _ in range(repetitions):
            for database in candidates:
                for size in sizes:
                    with worker(database, port, connections=CONNECTIONS) as one:
                        one.send(
                            databases.add_issue(
                                database.engine, newsletters[database.name, _SMALLEST]
                            )
                        )
                        number = newsletters[database.name, size]
                        samples.add(
                            f"{database.name} {size}", _measure(database, one, number, size)
                        )
        names = [one.name for one in candidates]
    for name in names:
        for size in sizes:
            middle = samples.middle(f"{name} {size}")
            report.add(
                name,
                f"{size:,}",
                round(middle["rate"]),
                round(middle["cpu"], 3),
                samples.ratio("both", f"{name} {size}", f"{name} {_SMALLEST}"),
                round(middle["server"], 3),
                round(middle["mb"]),
            )
    return report


def _measure(
    database: Database, one: Running, newsletter_id: int, recipients: int
) -> dict[str, float]:
    before = one.idle()
    issue_id = databases.add_issue(database.engine, newsletter_id)
    server = database.server_cpu
    told = one.send(issue_id)
    if told["accepted"] - before["accepted"] != recipients:
        raise SystemExit(f"{told['accepted']} messages were accepted of {recipients}")
    scale = 10_000 / recipients
    cpu, spent = told["cpu"] - before["cpu"], database.server_cpu - server
    return {
        "rate": recipients / (told["ended"] - databases.first_answer(database.engine, issue_id)),
        "cpu": cpu * scale,
        "server": spent * scale,
        "both": (cpu + spent) * scale,
        "mb": told["mb"],
    }
