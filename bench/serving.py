"""A web process to measure, started for the occasion."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench import machine


@contextmanager
def web_process(url: str, key: str, *, stored: bool = True) -> Iterator[tuple[int, int]]:
    """The web process on a free port, as it has just started: (port, pid)."""
    port = machine.free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.web", str(port), "stored" if stored else "not stored"],
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("MAILER_")},
            "MAILER_DATABASE_URL": url,
            "MAILER_SECRET_KEY": key,
            "MAILER_SMTP_URL": "smtp://127.0.0.1:1",
            "MAILER_BASE_URL": f"http://127.0.0.1:{port}",
        },
    )
    try:
        machine.until_listening(port)
        yield port, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()
