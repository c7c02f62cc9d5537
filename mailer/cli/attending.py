"""Runs a part of `mailer up`, and ends it when that has gone, however it went."""

from __future__ import annotations

import os
import signal
import sys
import threading

from mailer.cli.commands import main as run


def main() -> None:
    """``python -m mailer.cli.attending web …``: `mailer web …`, with `mailer up` at its stdin."""
    threading.Thread(target=_leave_with_the_other_end, daemon=True).start()
    run()


def _leave_with_the_other_end() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass  # nothing is ever written there: it ends when nobody holds it any more
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
