"""Sinks, sources and CPU meters shared by the benchmarks."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
SINK, SOURCE = Path("/usr/sbin/smtp-sink"), Path("/usr/sbin/smtp-source")


def require_postfix() -> None:
    """Postfix's test programs are the yardstick; say how to get them."""
    if not (SINK.exists() and SOURCE.exists()):
        raise SystemExit(
            "The benchmark needs Postfix's smtp-sink and smtp-source (its server is not started): "
            "apt-get install postfix"
        )


def cpu_of(pid: int) -> float:
    """CPU seconds of one process so far; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def until_idle(pid: int) -> None:
    """Wait until a process has done what it does as it starts."""
    used = -1.0
    for _ in range(200):
        if (now := cpu_of(pid)) == used:
            return
        used = now
        time.sleep(0.3)


def cpu_of_tree(pid: int) -> float:
    """CPU seconds of a process, its living children, and those it has waited for."""
    total = cpu_of(pid)
    stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    total += (int(stat[13]) + int(stat[14])) / _TICKS
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        total += cpu_of(int(child))
    return total


@contextmanager
def on_cores(number: int, *others: int) -> Iterator[None]:
    """This process, *others*, all that they started and will start, on the first *number* cores."""
    every = os.sched_getaffinity(0)
    _pin(set(sorted(every)[:number]), others)
    try:
        yield
    finally:
        _pin(every, others)


def _pin(cores: set[int], others: Sequence[int]) -> None:
    family = [os.getpid(), *others]
    for pid in family:  # grows while it is gone through
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), cores)
            family += map(int, (task / "children").read_text().split())


def free_port() -> int:
    """A port of the loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def smtp_sink(*, pipelining: bool = True) -> Iterator[int]:
    """Postfix's sink on a free port; yields the port."""
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    plain = [] if pipelining else ["-p"]  # do not offer it
    process = subprocess.Popen(
        [str(SINK), *user, *plain, "-m", "500", "-h", "sink", f"127.0.0.1:{port}", "1000"]
    )
    try:
        until_listening(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def run_source(port: int, messages: int, *, sessions: int, size: int) -> tuple[float, float]:
    """Postfix's source: (wall seconds, CPU seconds)."""
    started = time.time()
    process = subprocess.Popen(
        [
            *(str(SOURCE), "-d", "-s", str(sessions), "-m", str(messages), "-l", str(size)),
            *("-f", "bounce@river.test", "-t", "reader@readers.test", f"127.0.0.1:{port}"),
        ]
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        raise SystemExit(f"smtp-source failed with status {status}")
    return time.time() - started, usage.ru_utime + usage.ru_stime


def until_listening(port: int) -> None:
    """Wait until something takes connections on *port*."""
    for _ in range(1500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise SystemExit(f"nothing listens on port {port}")
