"""One worker as a process of its own: sends started issues one after the other, says what each cost.

Usage: python -m bench.worker DATABASE_URL RELAY CONNECTIONS none|rsa|ed25519
Reads lines: the number of an issue that is started, or "idle", which lets it look around once. Answers
each with its figures so far, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import re
import resource
import sys
import time
from datetime import timedelta
from pathlib import Path

import uvloop
from sqlalchemy import select

from bench.content import BASE_URL
from mailer.clock import utc_now
from mailer.database.engine import open_engine, reading
from mailer.database.tables import Issue
from mailer.delivering.lanes import LaneOptions
from mailer.delivering.worker import Worker, WorkerOptions
from mailer.relays import parse_relay
from mailer.signing import DkimKey, DkimSigner, new_key
from mailer.tokens import Signer

_LOOK_SECONDS = 0.25
_LONGEST_SECONDS = 3600.0
_IDLE_SECONDS = 1.5  # asks for a batch, keeps house: what a process does once is done


class Measured:
    """A worker at work, and what it needed."""

    def __init__(self, url: str, relay: str, connections: int, dkim: DkimSigner | None) -> None:
        self._engine = open_engine(url)
        self._worker = Worker(
            self._engine,
            Signer(b"only for measuring"),
            [parse_relay(relay)],
            WorkerOptions(
                LaneOptions(connections, 10**9, 300.0, "bench.test"),
                base_url=BASE_URL,
                lease_seconds=60.0,
                retry_schedule=(timedelta(minutes=5),),
                dkim=dkim,
            ),
            clock=utc_now,
        )

    async def run(self) -> None:
        """Answer one line after the other; at their end, stop."""
        stop = asyncio.Event()
        started = time.time()
        task = asyncio.create_task(self._worker.run(stop))
        while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
            answer = {"started": started}
            if line == "idle":
                await asyncio.wait([task], timeout=_IDLE_SECONDS)
            else:
                answer["ended"] = await self._end(int(line), task)
            print(json.dumps(answer | self._figures()), flush=True)
        stop.set()
        await task

    async def _end(self, issue_id: int, task: asyncio.Task[None]) -> float:
        """When everybody had the issue."""
        async with asyncio.timeout(_LONGEST_SECONDS):
            while (ended := await asyncio.to_thread(self._ended, issue_id)) is None:
                await asyncio.wait([task], timeout=_LOOK_SECONDS)
        return ended

    def _ended(self, issue_id: int) -> float | None:
        with reading(self._engine) as session:
            at = session.scalar(select(Issue.finished_at).where(Issue.id == issue_id))
        return at.timestamp() if at else None

    def _figures(self) -> dict[str, float]:
        status = Path("/proc/self/status").read_text()  # ru_maxrss would be the parent's
        peak = re.search(r"VmHWM:\s+(\d+)", status)
        return {
            "accepted": self._worker.accepted,
            "start_cpu": start_cpu,
            "cpu": _cpu(),
            "mb": int(peak[1]) / 1024 if peak else 0.0,
        }


def signer(kind: str) -> DkimSigner | None:
    """A signer with a new key of that kind, for the measured newsletter's domain."""
    if kind == "none":
        return None
    return DkimSigner(
        [DkimKey("river.test", "bench", new_key("rsa" if kind == "rsa" else "ed25519"))]
    )


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    start_cpu = _cpu()
    uvloop.run(Measured(sys.argv[1], sys.argv[2], int(sys.argv[3]), signer(sys.argv[4])).run())
