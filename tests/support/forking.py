"""Processes forked from one that has imported the whole program: a start takes milliseconds.

Started as a program, a command spends a second on imports, a worker half of one. What they do from
there on is the same: their own process, folder, environment and streams.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from subprocess import CompletedProcess

from mailer.cli import main
from tests.support.patience import SECONDS

_forking = multiprocessing.get_context("forkserver")
_forking.set_forkserver_preload(["tests.support.preloading"])


def fork(
    work: Callable[[], object],
    *,
    folder: Path,
    environment: Mapping[str, str],
    standard_input: Path | None = None,
    output: Path,
    errors: Path,
) -> ForkServerProcess:
    """Do *work* (a function of a module) in a process that has started."""
    streams = (standard_input or Path(os.devnull), output, errors)
    process = _forking.Process(
        target=_enter, args=(work, folder, dict(environment), streams), daemon=True
    )
    process.start()
    return process


def run_command(
    arguments: Sequence[str | Path],
    *,
    folder: Path,
    environment: Mapping[str, str],
    standard_input: bytes = b"",
    seconds: float = SECONDS,
) -> CompletedProcess[str]:
    """Run ``mailer`` with *arguments* to its end.

    Raises:
        TimeoutError: it still ran after *seconds*, and was killed.
    """
    words = [str(one) for one in arguments]
    with tempfile.TemporaryDirectory() as name:
        given, output, errors = (Path(name, stream) for stream in ("in", "out", "err"))
        given.write_bytes(standard_input)
        process = fork(
            _Command(words),
            folder=folder,
            environment=environment,
            standard_input=given,
            output=output,
            errors=errors,
        )
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(words)
        return CompletedProcess(words, process.exitcode, output.read_text(), errors.read_text())


class _Command:
    def __init__(self, words: list[str]) -> None:
        self._words = words

    def __call__(self) -> None:
        sys.argv = ["mailer", *self._words]
        main()


def _enter(
    work: Callable[[], object],
    folder: Path,
    environment: dict[str, str],
    streams: tuple[Path, Path, Path],
) -> None:  # pragma: no cover  # runs in a process of its own
    appending = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    for number, (path, how) in enumerate(
        zip(streams, (os.O_RDONLY, appending, appending), strict=True)
    ):
        os.dup2(os.open(path, how), number)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115  # the one there was is closed
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    work()
