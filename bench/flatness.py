"""Whether a recipient costs the same in a large issue as in a small one, and how much memory it takes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench import databases, machine, sending
from bench.report import Report, Samples

_SMALLEST = 10_000
_STEP = 10


def run(recipients: int, repetitions: int) -> Report:
    """Issues of 10,000, 100,000, … up to *recipients*; medians of *repetitions*, interleaved.

    The start of the process is left out: it is the same for all, and a share of nothing in the
    large ones.
    """
    machine.require_postfix()
    report = Report(
        "flatness",
        f"10,000 to {recipients:,} recipients; CPU seconds without the process's start",
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
                    number = newsletters[database.name, size]
                    samples.add(
                        f"{database.name} {size}",
                        sending.send_once(database, port, size, newsletter_id=number),
                    )
        names = [one.name for one in candidates]
    for name in names:
        for size in sizes:
            middle = samples.middle(f"{name} {size}")
            report.add(
                name,
                f"{size:,}",
                round(middle["rate"]),
                round(middle["cpu_after_start"], 3),
                samples.ratio("cpu_after_start", f"{name} {size}", f"{name} {_SMALLEST}"),
                round(middle["server"], 3),
                round(middle["mb"]),
            )
    return report
