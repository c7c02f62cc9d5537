"""Send an issue with a worker of its own, in this process."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import Engine

from mailer.clock import Clock, utc_now
from mailer.database.engine import reading, transaction
from mailer.database.tables import Issue, IssueState
from mailer.delivering import lifecycle
from mailer.delivering.auditing import Audit, audit
from mailer.delivering.guarding import Thresholds
from mailer.delivering.lanes import LaneOptions
from mailer.delivering.permits import NO_LIMITS, Limits
from mailer.delivering.worker import Worker, WorkerOptions
from mailer.relays import Relay
from mailer.signing import DkimSigner
from mailer.tokens import Signer
from tests.support.factories import NOON
from tests.support.sink import Sink

SIGNER = Signer(b"a key for tests only")


def start(engine: Engine, issue_id: int, *, batch_size: int = 1000) -> int:
    with transaction(engine) as session:
        return lifecycle.start(session, issue_id, version=1, batch_size=batch_size, now=NOON)


def a_worker(
    engine: Engine,
    sink: Sink,
    *,
    clock: Clock = utc_now,
    connections: int = 4,
    messages_per_connection: int = 1000,
    timeout: float = 5.0,
    lease_seconds: float = 30.0,
    hold_uncertain: bool = False,
    dkim: DkimSigner | None = None,
    limits: Limits = NO_LIMITS,
    thresholds: Thresholds | None = None,
) -> Worker:
    return Worker(
        engine,
        SIGNER,
        [Relay("127.0.0.1", sink.port, starttls=False)],
        WorkerOptions(
            lanes=LaneOptions(connections, messages_per_connection, timeout, "us.test"),
            base_url="http://mail.test",
            lease_seconds=lease_seconds,
            retry_schedule=(timedelta(milliseconds=50),) * 5,
            hold_uncertain=hold_uncertain,
            dkim=dkim,
            limits=limits,
            thresholds=thresholds or Thresholds(),
        ),
        clock=clock,
    )


def state_of(engine: Engine, issue_id: int) -> IssueState:
    with reading(engine) as session:
        issue = session.get(Issue, issue_id)
        assert issue is not None
        return issue.state


def audited(engine: Engine, issue_id: int) -> Audit:
    with reading(engine) as session:
        return audit(session, issue_id)


def run_until(
    worker: Worker, engine: Engine, issue_id: int, *states: IssueState, seconds: float = 30.0
) -> Audit:
    """Let *worker* send until the issue is in one of *states* (sent, if none is named)."""

    async def run() -> None:
        stop = asyncio.Event()
        task = asyncio.create_task(worker.run(stop))
        async with asyncio.timeout(seconds):
            while not task.done():
                if await asyncio.to_thread(state_of, engine, issue_id) in (
                    states or (IssueState.SENT,)
                ):
                    break
                await asyncio.sleep(0.05)
        stop.set()
        await task

    asyncio.run(run())
    return audited(engine, issue_id)
