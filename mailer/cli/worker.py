"""`mailer worker`: sends, and does nothing else."""

from __future__ import annotations

import os
import sys

_PROGRAM = "mailer.working"


def worker() -> None:
    # A program of its own, in this one's place: it needs a third of the memory.
    os.execv(sys.executable, [sys.executable, "-m", _PROGRAM])  # noqa: S606  # no shell
