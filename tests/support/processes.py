"""Worker processes of an installation: real ones, killed, stopped and asked to end by their pid."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path

from mailer import working
from tests.support.forking import fork
from tests.support.hosts import Host
from tests.support.patience import SECONDS

_PROJECT = Path(__file__).parents[2]
_numbers = count(1)
_CLONE_NEWNET = 0x40000000  # setns(2): the network of another host

# Short enough to wait for in a test where somebody is killed; a worker renews it three times as
# often.
LEASE_SECONDS = 1.0
# Where nobody is, it may take as long as in real life: a machine that is busy with other tests must
# not look like one that went away.
PATIENT = {"lease_seconds": "60"}


@dataclass
class Process:
    """One process, until it has ended."""

    pid: int
    log: Path
    _ended: Callable[[float], int | None]  # waits so many seconds; the status, like Popen's

    @property
    def running(self) -> bool:
        return self._ended(0) is None

    def status(self, seconds: float = SECONDS) -> int | None:
        """Wait until it has ended by itself: its exit status (none: it still runs)."""
        return self._ended(seconds)

    def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        assert self._ended(SECONDS) == -signal.SIGKILL, self.words

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def limit_files(self, size: int | None) -> None:
        """Let no file that it writes get larger than *size*; ``None``: as large as they will."""
        _, most = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (most if size is None else size, most))

    def end(self, number: int = signal.SIGTERM) -> tuple[int | None, float]:
        """Ask it to end: its exit status (none: it still runs) and how many seconds it took."""
        started = time.monotonic()
        os.kill(self.pid, number)
        status = self._ended(SECONDS)
        return status, time.monotonic() - started

    @property
    def words(self) -> str:
        """What it logged."""
        return self.log.read_text(errors="replace")


@dataclass
class Installation:
    """Settings shared by the processes started from it; they work in a folder of their own."""

    folder: Path
    settings: dict[str, str]
    started: list[Process] = field(default_factory=list)

    def worker(
        self, changes: Mapping[str, str] | None = None, *, host: Host | None = None
    ) -> Process:
        """A worker with the settings, changed as said, on this machine or another host."""
        folder, log = self._place()
        namespace = host.namespace if host is not None else ""
        # Forked, so that fifty kills are affordable. `command` starts the program itself.
        process = fork(
            partial(_work, namespace),
            folder=folder,
            environment=self._environment(changes),
            output=log,
            errors=log,
        )
        assert process.pid is not None

        def ended(seconds: float) -> int | None:
            process.join(seconds)
            return process.exitcode

        return self._add(Process(process.pid, log, ended))

    def command(self, *words: str, changes: Mapping[str, str] | None = None) -> Process:
        """``mailer`` with *words* as its command line."""
        folder, log = self._place()
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "mailer", *words],
                cwd=folder,
                env=_without_settings() | self._environment(changes),
                stdout=file,
                stderr=file,
            )

        def ended(seconds: float) -> int | None:
            try:
                return process.wait(seconds)
            except subprocess.TimeoutExpired:
                return None

        return self._add(Process(process.pid, log, ended))

    def _add(self, process: Process) -> Process:
        self.started.append(process)
        return process

    def _place(self) -> tuple[Path, Path]:
        folder = self.folder / f"process-{next(_numbers)}"
        folder.mkdir()
        log = folder / "log.txt"
        log.touch()
        return folder, log

    def _environment(self, changes: Mapping[str, str] | None) -> dict[str, str]:
        settings = {**self.settings, **(changes or {})}
        return {f"MAILER_{name.upper()}": value for name, value in settings.items()}


def _without_settings() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAILER_")}
    return kept | {"PYTHONPATH": str(_PROJECT)}


@contextmanager
def installation(
    folder: Path, database_url: str, smtp_port: int, *, smtp_host: str = "127.0.0.1"
) -> Iterator[Installation]:
    """An installation that sends to a port of this machine; its processes end with it."""
    made = Installation(
        folder,
        {
            "database_url": database_url,
            "smtp_url": f"smtp://{smtp_host}:{smtp_port}?starttls=no",
            "secret_key": "a key for tests only",
            "lease_seconds": str(LEASE_SECONDS),
            "retry_schedule": "0.3s,0.3s,0.5s,1s,1s",
            "smtp_timeout": "60",  # a busy machine is no relay that hangs
            "connections": "4",
        },
    )
    try:
        yield made
    except BaseException:
        for process in made.started:
            sys.stderr.write(f"--- {process.log}\n{process.words[-2000:]}\n")
        raise
    finally:
        for process in made.started:
            if process.running:
                process.thaw()
                process.kill()


def _work(namespace: str) -> None:  # pragma: no cover  # runs in a process of its own
    if namespace:
        with open(namespace, "rb") as file:  # noqa: PTH123  # only its number is wanted
            assert ctypes.CDLL(None, use_errno=True).setns(file.fileno(), _CLONE_NEWNET) == 0
    working.main()
