"""The command line as people and scripts use it: real processes, an installation of their own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx

from tests.support.forking import run_command
from tests.support.patience import SECONDS

_held: list[socket.socket] = []


@dataclass(frozen=True)
class Installation:
    """A folder with settings in the environment; `run` is one command in it."""

    folder: Path
    environment: dict[str, str]

    def run(
        self, *arguments: str | Path, status: int = 0, standard_input: bytes = b""
    ) -> subprocess.CompletedProcess[str]:
        """Run `mailer` with *arguments*; its exit status must be *status*."""
        done = run_command(
            arguments,
            folder=self.folder,
            environment=self.environment,
            standard_input=standard_input,
        )
        assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
        return done

    def json(self, *arguments: str | Path, status: int = 0) -> Any:
        """The same with --json, read."""
        return json.loads(self.run(*arguments, "--json", status=status).stdout)

    @contextmanager
    def running(
        self, *arguments: str, output: IO[bytes] | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A long-running command; ended by SIGTERM, upon which it must exit with 0."""
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=output,
            stderr=output,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                assert process.wait(SECONDS) == 0, arguments
            finally:
                process.kill()  # it is gone, or never will be


def an_installation(folder: Path, database_url: str, **settings: object) -> Installation:
    """Settings are given without their MAILER_ prefix, in lower case."""
    named = {f"MAILER_{name.upper()}": str(value) for name, value in settings.items()}
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return Installation(folder, kept | {"MAILER_DATABASE_URL": database_url} | named)


def free_port() -> int:
    """A port of the loopback on which nothing listens, and which nobody else is given.

    It is held, without listening, as long as this process runs: beside it, a server may listen all the
    same, for it sets SO_REUSEADDR as this does.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    _held.append(held)
    return int(held.getsockname()[1])


def until_answers(url: str) -> None:
    """Wait until a web server answers."""
    with httpx.Client() as client:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            try:
                client.get(url)
            except httpx.TransportError:
                time.sleep(0.1)
            else:
                return
    raise AssertionError(f"nothing answers at {url}")
