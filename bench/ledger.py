"""The ledger alone: batches leased and loaded, fates recorded in turns, nothing sent."""

from __future__ import annotations

import gc
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from bench import databases
from bench.content import BASE_URL
from bench.databases import Database
from bench.report import Report, Samples
from mailer.clock import utc_now
from mailer.delivering.guarding import Thresholds
from mailer.delivering.held import HeldBatch
from mailer.delivering.outcomes import Outcome
from mailer.delivering.permits import NO_LIMITS
from mailer.delivering.turns import Registrar, Turn

_TURN = 250  # recipients: what a turn of 50 ms holds at 5,000 messages a second
_REPLY = "250 2.0.0 Ok: queued as 4bXk2q0Yzz"


def run(recipients: int, repetitions: int) -> Report:
    """Medians of *repetitions*, interleaved; all in CPU seconds per 10,000 recipients."""
    report = Report(
        "ledger",
        f"{recipients:,} recipients, turns of {_TURN}; CPU s/10,000",
        ["database", "lease and load", "record", "database CPU", "together"],
    )
    samples = Samples()
    with (
        tempfile.TemporaryDirectory() as folder,
        databases.both(Path(folder)) as candidates,
    ):
        for database in candidates:
            databases.add_readers(database.engine, recipients)
        gc.freeze()  # as a worker does
        for _ in range(repetitions):
            for database in candidates:
                samples.add(database.name, _measure(database, recipients))
    for name in samples.names:
        middle = samples.middle(name)
        report.add(
            name,
            *(round(middle[key], 3) for key in ("lease", "record", "server")),
            round(sum(middle.values()), 3),
        )
    return report


def _measure(database: Database, recipients: int) -> dict[str, float]:
    databases.add_issue(database.engine)
    registrar = Registrar(
        database.engine,
        worker="bench",
        lease_seconds=60.0,
        base_url=BASE_URL,
        limits=NO_LIMITS,
        thresholds=Thresholds(),
    )
    spent = {"lease": 0.0, "record": 0.0}

    def turn(what: str, turn: Turn) -> HeldBatch | None:
        before = time.process_time()
        answer = registrar.take(turn)
        spent[what] += time.process_time() - before
        if answer.leased is None or answer.loaded is None:
            return None
        return HeldBatch(answer.leased, answer.loaded, hold_uncertain=False, last_attempt=False)

    server, sent = database.server_cpu, 0
    while (batch := turn("lease", Turn(now=utc_now(), lease=True))) is not None:
        while items := batch.grant(_TURN):
            for item in items:
                batch.settle(item, Outcome.ACCEPTED, _REPLY)
            later = utc_now() + timedelta(minutes=5)
            turn("record", Turn(now=utc_now(), progress=[batch.progress(later)]))
            sent += len(items)
    if sent != recipients:
        raise SystemExit(f"only {sent} of {recipients} were in the ledger")
    spent["server"] = database.server_cpu - server
    return {name: seconds / recipients * 10_000 for name, seconds in spent.items()}
