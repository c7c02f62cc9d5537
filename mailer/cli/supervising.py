"""Keeps the processes of `mailer up` running together, and shows how sending goes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from threading import Thread
from types import FrameType

from sqlalchemy import select

from mailer.bootstrap import Mailer
from mailer.cli.output import complain, say
from mailer.database.engine import reading
from mailer.database.tables import Issue, IssueState
from mailer.delivering.auditing import counts
from mailer.errors import Unavailable

_LOOK_SECONDS = 0.5
_QUIET = (IssueState.DRAFT, IssueState.DISCARDED)
_STOP_SECONDS = 8.5  # by themselves they have gone within eight
_CHILD = "mailer.cli.attending"


def supervise(mailer: Mailer, commands: list[list[str]]) -> None:
    """Run `mailer` *commands* as children until one ends or a signal comes; then end them all.

    Each has a pipe of ours as its stdin, so that none outlives us even if we are killed.
    """
    stopping: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopping.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    children = [
        subprocess.Popen(  # noqa: S603  # our own
            [sys.executable, "-m", _CHILD, *command], stdin=subprocess.PIPE
        )
        for command in commands
    ]
    # In a thread, so that a database that answers nobody does not keep us from ending.
    Thread(target=_keep_telling, args=(mailer,), daemon=True).start()
    try:
        while not stopping and all(child.poll() is None for child in children):
            time.sleep(_LOOK_SECONDS)
    finally:
        _end(children)
    if not stopping:
        ended = next(child for child in children if child.returncode is not None)
        complain("A part of mailer ended; the words above say why.")
        sys.exit(ended.returncode or 1)


def _keep_telling(mailer: Mailer) -> None:
    seen: dict[int, str] = {}
    while True:
        time.sleep(_LOOK_SECONDS)
        _tell(mailer, seen)


def _tell(mailer: Mailer, seen: dict[int, str]) -> None:
    """Say what changed since the last look."""
    try:
        with reading(mailer.engine) as session:
            for issue in session.scalars(select(Issue).where(Issue.state.not_in(_QUIET))):
                far = counts(session, issue.id)
                words = f"Issue {issue.id}, {issue.subject}: {issue.state.value}"
                if issue.state is not IssueState.SCHEDULED:
                    words += f", {far.done:,} of {far.planned:,}"
                if seen.setdefault(issue.id, words) != words:
                    seen[issue.id] = words
                    say(words)
    except Unavailable:
        return  # the children say it better


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + _STOP_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
