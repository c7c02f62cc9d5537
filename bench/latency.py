"""A relay some milliseconds away: what pipelining gives each connection over command by command."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench import databases, machine, sending
from bench.delaying import ROUND_TRIP_MS, delayed
from bench.report import Report, Samples

_CONNECTIONS = 10


def run(recipients: int, repetitions: int) -> Report:
    """The same sink twice, with and without PIPELINING, behind the same delay."""
    machine.require_postfix()
    report = Report(
        "latency",
        f"{recipients:,} recipients, a relay {ROUND_TRIP_MS} ms away, {_CONNECTIONS} connections",
        ["candidate", "messages/s", "a connection", "of command by command"],
    )
    samples = Samples()
    with (
        tempfile.TemporaryDirectory() as folder,
        databases.sqlite(Path(folder)) as database,
        machine.smtp_sink(pipelining=False) as plain,
        machine.smtp_sink() as offering,
        delayed(plain) as far_plain,
        delayed(offering) as far_offering,
    ):
        databases.add_readers(database.engine, recipients)
        for _ in range(repetitions):
            wall, _ = machine.run_source(
                far_plain, recipients, sessions=_CONNECTIONS, size=sending.WIRE_BYTES
            )
            samples.add("smtp-source", {"rate": recipients / wall})
            for name, port in (("command by command", far_plain), ("pipelined", far_offering)):
                sample = sending.send_once(database, port, recipients, connections=_CONNECTIONS)
                samples.add(name, {"rate": sample["rate"]})
    for name in samples.names:
        rate = samples.middle(name)["rate"]
        ratio = samples.ratio("rate", name, "command by command")
        report.add(name, round(rate, 1), round(rate / _CONNECTIONS, 1), ratio)
    return report
