"""One worker as a process of its own: sends one started issue, prints what it cost as JSON.

Usage: python -m bench.worker DATABASE_URL SMTP_PORT CONNECTIONS ISSUE_ID
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

from mailer.clock import utc_now
from mailer.database.engine import open_engine, reading
from mailer.database.tables import Issue, IssueState
from mailer.delivering.lanes import LaneOptions
from mailer.delivering.worker import Worker, WorkerOptions
from mailer.relays import Relay
from mailer.tokens import Signer


async def send(url: str, port: int, connections: int, issue_id: int) -> dict[str, float]:
    """Send the issue to the end; wall seconds and the peak memory in MB."""
    engine = open_engine(url)
    worker = Worker(
        engine,
        Signer(b"only for measuring"),
        [Relay("127.0.0.1", port, starttls=False)],
        WorkerOptions(
            LaneOptions(connections, 10**9, 300.0, "bench.test"),
            base_url="https://mail.river.test",
            lease_seconds=60.0,
            retry_schedule=(timedelta(minutes=5),),
        ),
        clock=utc_now,
    )
    stop = asyncio.Event()
    started = time.time()
    task = asyncio.create_task(worker.run(stop))

    def sent() -> bool:
        with reading(engine) as session:
            issue = session.get(Issue, issue_id)
            return issue is not None and issue.state is IssueState.SENT

    while not await asyncio.to_thread(sent):
        await asyncio.wait([task], timeout=0.25)
    ended = time.time()
    stop.set()
    await task
    return {"started": started, "ended": ended, "accepted": worker.accepted}


if __name__ == "__main__":
    result = uvloop.run(send(sys.argv[1], *map(int, sys.argv[2:5])))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    status = Path("/proc/self/status").read_text()  # ru_maxrss would be the parent's at the fork
    peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
    print(json.dumps(result | {"cpu": usage.ru_utime + usage.ru_stime, "mb": peak}))
