"""The whole job with DKIM signatures made by the worker itself, beside the same without."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench import databases, machine, sending
from bench.report import Report, Samples

_KINDS = {"no signature": "none", "RSA-2048": "rsa", "ed25519": "ed25519"}


def run(recipients: int, repetitions: int) -> Report:
    """Medians of *repetitions*, interleaved."""
    machine.require_postfix()
    report = Report(
        "signing",
        f"{recipients:,} recipients by SQLite, signed by the worker",
        ["signature", "messages/s", "CPU s/10,000", "of that signing"],
    )
    samples = Samples()
    with (
        tempfile.TemporaryDirectory() as folder,
        machine.smtp_sink() as port,
        databases.sqlite(Path(folder)) as database,
    ):
        databases.add_readers(database.engine, recipients)
        for _ in range(repetitions):
            for name, kind in _KINDS.items():
                samples.add(name, sending.send_once(database, port, recipients, dkim=kind))
    plain = samples.middle("no signature")["cpu"]
    for name in samples.names:
        middle = samples.middle(name)
        report.add(
            name, round(middle["rate"]), round(middle["cpu"], 2), round(middle["cpu"] - plain, 2)
        )
    return report
