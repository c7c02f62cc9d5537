"""Several workers on one PostgreSQL, on one core and on all: rates, and what a message costs."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from bench import databases, machine
from bench.databases import Database
from bench.report import Report, Samples
from bench.workers import workers

_WORKERS = (1, 2, 3, 8)
_CONNECTIONS = 5  # of each worker


def run(recipients: int, repetitions: int) -> Report:
    """Medians of *repetitions*, interleaved. Workers, database and sink share the cores."""
    machine.require_postfix()
    report = Report(
        "sharing",
        f"{recipients:,} recipients, one PostgreSQL, {_CONNECTIONS} connections a worker",
        [
            *("cores", "workers", "messages/s", "of 1 core"),
            *("CPU s/10,000", "database CPU", "least by one worker"),
        ],
    )
    samples = Samples()
    cores = sorted({1, len(os.sched_getaffinity(0))})
    with (
        tempfile.TemporaryDirectory() as folder,
        machine.smtp_sink() as port,
        databases.both(Path(folder)) as (_, database),
    ):
        databases.add_readers(database.engine, recipients)
        for _ in range(repetitions):
            for number in _WORKERS:
                for some in cores:
                    with machine.on_cores(some, *filter(None, [database.server])):
                        samples.add(f"{some} {number}", share(database, port, recipients, number))
    for some in cores:
        for number in _WORKERS:
            middle = samples.middle(f"{some} {number}")
            report.add(
                *(some, number, round(middle["rate"])),
                samples.ratio("rate", f"{some} {number}", f"1 {number}"),
                round(middle["cpu"], 2),
                round(middle["server"], 2),
                f"{middle['least']:.0%}",
            )
    return report


def share(database: Database, port: int, recipients: int, number: int) -> dict[str, float]:
    """One issue by so many workers that were started before: rate, CPU s per 10,000, shares."""
    with workers(number, database, port, connections=_CONNECTIONS) as running:
        before = [one.idle() for one in running]
        issue_id = databases.add_issue(database.engine)
        server = database.server_cpu
        for one in running:
            one.ask(str(issue_id))
        told = [one.answer() for one in running]
        spent = database.server_cpu - server
    accepted = [one["accepted"] for one in told]
    if sum(accepted) != recipients:
        raise SystemExit(f"{sum(accepted)} messages were accepted of {recipients}")
    scale = 10_000 / recipients
    ended = max(one["ended"] for one in told)
    cpu = sum(after["cpu"] - earlier["cpu"] for after, earlier in zip(told, before, strict=True))
    return {
        "rate": recipients / (ended - databases.first_answer(database.engine, issue_id)),
        "cpu": cpu * scale,
        "server": spent * scale,
        "least": min(accepted) / recipients,
    }
