"""How fast a list of readers moves in: rows a second and CPU seconds, into each database."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from bench import machine
from bench.databases import postgresql
from bench.report import Report
from mailer.audience import importing, newsletters
from mailer.database.engine import open_engine, transaction
from mailer.database.upgrading import upgrade
from mailer.tokens import Signer

_NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
_SIGNER = Signer(b"a key for benchmarks only")
_CITIES = ("Berlin", "Lyon", "Porto", "Köln", "Graz", "Utrecht", "Malmö", "Gdańsk")


def run(rows: int, repetitions: int) -> Report:
    """Medians of *repetitions*, interleaved; each import in a process of its own."""
    report = Report(
        "importing",
        f"{rows:,} rows of six columns, each subscription with its record of consent",
        ["candidate", "rows/s", "rows/CPU s", "CPU s/10,000", "database CPU", "again rows/s", "MB"],
    )
    samples: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        path = Path(folder) / "readers.csv"
        write_file(path, rows)
        server, _ = stack.enter_context(postgresql(Path(folder)))
        for repetition in range(repetitions):
            lite = f"sqlite:///{folder}/{repetition}.db"
            for name, url in (("SQLite", lite), ("PostgreSQL", server)):
                samples.setdefault(name, []).append(_in_a_process(url, path))
    for name, of_candidate in samples.items():
        middle = {
            key: statistics.median(one[key] for one in of_candidate) for key in of_candidate[0]
        }
        cpu = middle["client_cpu"] + middle["server_cpu"]
        report.add(
            name,
            round(rows / middle["wall"]),
            round(rows / cpu),
            round(middle["client_cpu"] / rows * 10_000, 3),
            round(middle["server_cpu"] / rows * 10_000, 3),
            round(rows / middle["again_wall"]),
            round(middle["mb"]),
        )
    return report


def write_file(path: Path, rows: int) -> None:
    """A list of *rows* readers in no order, one in a thousand of them invalid."""
    step = 7_368_787  # a prime: every number once, none near its neighbour
    with path.open("w", encoding="utf-8") as file:
        file.write("email,first_name,last_name,city,status,created_at\n")
        for n in range(rows):
            number = n * step % rows
            at = "@" if n % 1000 else " at "
            file.write(
                f"reader.{number}{at}example{number % 50}.com,Ann,Reader {number},"
                f"{_CITIES[number % 8]},subscribed,2021-03-{number % 28 + 1:02d} 10:20:30\n"
            )


def measure(database_url: str, path: Path) -> dict[str, float]:
    """Import *path* into a database without readers, and then once more."""
    engine = open_engine(database_url)
    if engine.dialect.name == "postgresql":  # of SQLite it is a new file
        with transaction(engine) as session:
            session.execute(text("DROP SCHEMA public CASCADE"))
            session.execute(text("CREATE SCHEMA public"))
    upgrade(engine)
    with transaction(engine) as session:
        newsletters.add(session, "river", "River Watch", "news@river.test", now=_NOW)
    first, again = _import(engine, path), _import(engine, path)
    engine.dispose()
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**first, "again_wall": again["wall"], "mb": megabytes}


def _import(engine: Engine, path: Path) -> dict[str, float]:
    server = _server_cpu(engine)
    wall, cpu = time.perf_counter(), time.process_time()
    importing.run(engine, importing.inspect(path), "river", signer=_SIGNER, now=_NOW)
    return {
        "wall": time.perf_counter() - wall,
        "client_cpu": time.process_time() - cpu,
        "server_cpu": _server_cpu(engine) - server,
    }


def _server_cpu(engine: Engine) -> float:
    """CPU seconds of the process that serves the pool's only connection."""
    if engine.dialect.name != "postgresql":
        return 0.0
    with engine.connect() as connection:
        return machine.cpu_of(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())


def _in_a_process(url: str, path: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.importing", url, str(path)],
        check=True,
        capture_output=True,
        text=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
