"""How fast a list of readers moves in: rows a second and CPU seconds, into each database."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from mailer.audience import importing, newsletters
from mailer.database.engine import open_engine, transaction

_NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
_CITIES = ("Berlin", "Lyon", "Porto", "Köln", "Graz", "Utrecht", "Malmö", "Gdańsk")


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


def measure(database_url: str, path: Path) -> dict[str, Any]:
    """Import *path* into an empty database with the newest schema, then import it again."""
    engine = open_engine(database_url)
    with transaction(engine) as session:
        newsletters.add(session, "river", "River Watch", "news@river.test", now=_NOW)
    result: dict[str, Any] = {"database": engine.dialect.name}
    for name in ("first", "again"):
        with _timed(engine) as cost:
            report = importing.run(engine, importing.inspect(path), "river", now=_NOW)
        result[name] = {
            "rows": report.rows,
            "counts": dict(report.counts),
            "rows_per_second": round(report.rows / cost["wall"]),
            "rows_per_cpu_second": round(report.rows / cost["cpu"]),
            **{key: round(value, 2) for key, value in cost.items()},
        }
    result["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    engine.dispose()
    return result


@contextmanager
def _timed(engine: Engine) -> Iterator[dict[str, float]]:
    cost: dict[str, float] = {}
    server = _server_cpu(engine)
    wall, cpu = time.perf_counter(), time.process_time()
    yield cost
    cost["wall"] = time.perf_counter() - wall
    cost["client_cpu"] = time.process_time() - cpu
    cost["server_cpu"] = _server_cpu(engine) - server
    cost["cpu"] = cost["client_cpu"] + cost["server_cpu"]


def _server_cpu(engine: Engine) -> float:
    """CPU seconds of the process that serves the pool's only connection, where it runs here."""
    if engine.dialect.name != "postgresql":
        return 0.0
    with engine.connect() as connection:
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / 100
