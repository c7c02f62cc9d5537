"""What TLS costs the sender: the whole job to the same relay in the clear and by TLS."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from bench import databases, sending
from bench.report import Report, Samples
from bench.sinking import make_certificate, sink
from bench.workers import relay_url
from mailer.delivering.connecting import close_connection, open_connection
from mailer.relays import parse_relay

_OPENED = 100


def run(recipients: int, repetitions: int) -> Report:
    """Medians of *repetitions*, interleaved. Connections stay open, as a worker's do."""
    report = Report(
        "securing",
        f"{recipients:,} recipients by SQLite, {sending.CONNECTIONS} connections",
        ["connection", "messages/s", "CPU s/10,000", "of that TLS", "opening one, CPU ms"],
    )
    samples = Samples()
    with (
        tempfile.TemporaryDirectory() as folder,
        sink() as plain,
        sink(make_certificate(Path(folder, "sink.pem"))) as secure,
        databases.sqlite(Path(folder)) as database,
    ):
        databases.add_readers(database.engine, recipients)
        for _ in range(repetitions):
            for name, port in (("in the clear", plain), ("TLS", secure)):
                tls = port == secure
                sample = sending.send_once(database, port, recipients, tls=tls)
                opening = asyncio.run(_opening(relay_url(port, tls=tls)))
                samples.add(name, sample | {"opening": opening})
    clear = samples.middle("in the clear")["cpu"]
    for name in samples.names:
        middle = samples.middle(name)
        report.add(
            *(name, round(middle["rate"]), round(middle["cpu"], 2)),
            *(round(middle["cpu"] - clear, 2), round(middle["opening"] * 1000, 2)),
        )
    return report


async def _opening(relay: str) -> float:
    """CPU seconds of this process for one connection, opened and closed."""
    to = parse_relay(relay)
    await close_connection(await open_connection(to, timeout=10, hostname="bench.test"))
    before = time.process_time()
    for _ in range(_OPENED):
        await close_connection(await open_connection(to, timeout=10, hostname="bench.test"))
    return (time.process_time() - before) / _OPENED
