"""A process that was started by another ends when that has gone, however it went."""

from __future__ import annotations

import os
import signal
import sys
import threading


def end_with_parent() -> None:
    """Ask this process to end as soon as nobody holds the other end of its stdin any more."""
    threading.Thread(target=_leave_with_the_other_end, daemon=True).start()


def _leave_with_the_other_end() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass  # nothing is ever written there
    os.kill(os.getpid(), signal.SIGTERM)
