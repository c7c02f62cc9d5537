"""One worker as a process of its own: sends one started issue, prints what it cost as JSON.

Usage: python -m bench.worker DATABASE_URL SMTP_PORT CONNECTIONS ISSUE_ID none|rsa|ed25519
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
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench.databases import BASE_URL
from mailer.clock import utc_now
from mailer.database.engine import open_engine, reading
from mailer.database.tables import Issue, IssueState
from mailer.delivering.lanes import LaneOptions
from mailer.delivering.worker import Worker, WorkerOptions
from mailer.relays import Relay
from mailer.signing import DkimKey, DkimSigner
from mailer.tokens import Signer

_LOOK_SECONDS = 0.25
_LONGEST_SECONDS = 3600.0


async def send(
    url: str, port: int, connections: int, issue_id: int, dkim: DkimSigner | None
) -> dict[str, float]:
    """Send the issue to the end; wall seconds and how many were accepted."""
    engine = open_engine(url)
    worker = Worker(
        engine,
        Signer(b"only for measuring"),
        [Relay("127.0.0.1", port, starttls=False)],
        WorkerOptions(
            LaneOptions(connections, 10**9, 300.0, "bench.test"),
            base_url=BASE_URL,
            lease_seconds=60.0,
            retry_schedule=(timedelta(minutes=5),),
            dkim=dkim,
        ),
        clock=utc_now,
    )
    stop = asyncio.Event()
    started = time.time()
    task = asyncio.create_task(worker.run(stop))

    def finished_at() -> float | None:
        with reading(engine) as session:
            issue = session.get_one(Issue, issue_id)
            if issue.state is not IssueState.SENT or issue.finished_at is None:
                return None
            return issue.finished_at.timestamp()

    async with asyncio.timeout(_LONGEST_SECONDS):
        while (ended := await asyncio.to_thread(finished_at)) is None:
            await asyncio.wait([task], timeout=_LOOK_SECONDS)
    stop.set()
    await task
    return {"started": started, "ended": ended, "accepted": worker.accepted}


def signer(kind: str) -> DkimSigner | None:
    """A signer with a new key of that kind, for the measured newsletter's domain."""
    if kind == "none":
        return None
    private = (
        rsa.generate_private_key(65537, 2048)
        if kind == "rsa"
        else ed25519.Ed25519PrivateKey.generate()
    )
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return DkimSigner([DkimKey("river.test", "bench", pem)])


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    start_cpu = _cpu()
    result = uvloop.run(send(sys.argv[1], *map(int, sys.argv[2:5]), signer(sys.argv[5])))
    status = Path("/proc/self/status").read_text()  # ru_maxrss would be the parent's at the fork
    peak = re.search(r"VmHWM:\s+(\d+)", status)
    megabytes = int(peak[1]) / 1024 if peak else 0.0
    print(json.dumps(result | {"start_cpu": start_cpu, "cpu": _cpu(), "mb": megabytes}))
