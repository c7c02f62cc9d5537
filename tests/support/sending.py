"""Send an issue with a worker of its own, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.clock import Clock, utc_now
from mailer.database.engine import reading, transaction
from mailer.database.tables import Issue, IssueState
from mailer.delivering import lifecycle
from mailer.delivering.auditing import Audit, audit
from mailer.delivering.guarding import Thresholds
from mailer.delivering.lanes import LaneOptions
from mailer.delivering.meters import reserve
from mailer.delivering.permits import NO_LIMITS, Kind, Limits
from mailer.delivering.worker import Worker, WorkerOptions
from mailer.relays import Relay
from mailer.signing import DkimSigner
from mailer.tokens import Signer
from tests.support.factories import NOON
from tests.support.patience import SECONDS
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
    timeout: float = 30.0,
    lease_seconds: float = 30.0,
    hold_uncertain: bool = False,
    dkim: DkimSigner | None = None,
    limits: Limits = NO_LIMITS,
    thresholds: Thresholds | None = None,
    relay_connections: int | None = None,
) -> Worker:
    return Worker(
        engine,
        SIGNER,
        [Relay("127.0.0.1", sink.port, starttls=False, connections=relay_connections)],
        WorkerOptions(
            lanes=LaneOptions(connections, messages_per_connection, timeout, "us.test"),
            base_url="http://mail.test",
            lease_seconds=lease_seconds,
            retry_schedule=(timedelta(milliseconds=50),) * 5,
            hold_uncertain=hold_uncertain,
            dkim=dkim,
            limits=limits,
            thresholds=thresholds or Thresholds(),
            house_seconds=0.2,
        ),
        clock=clock,
    )


def reserved(
    session: Session, limits: Limits, wanted: Mapping[Kind, int], *, now: datetime
) -> dict[Kind, int]:
    """How many permits the ledger gives of those wanted."""
    permits = reserve(session, limits, wanted, now=now).permits
    return {kind: len(moments) for kind, moments in permits.items()}


def state_of(engine: Engine, issue_id: int) -> IssueState:
    with reading(engine) as session:
        issue = session.get(Issue, issue_id)
        assert issue is not None
        return issue.state


def audited(engine: Engine, issue_id: int) -> Audit:
    with reading(engine) as session:
        return audit(session, issue_id)


def work(
    *workers: Worker, until: Callable[[], bool], seconds: float = SECONDS, rest: float = 0.0
) -> None:
    """Let *workers* send until something is true, and so many seconds longer: nothing else comes."""

    async def run() -> None:
        stop = asyncio.Event()
        tasks = [asyncio.create_task(worker.run(stop)) for worker in workers]
        try:
            async with asyncio.timeout(seconds):
                while not any(task.done() for task in tasks):
                    if await asyncio.to_thread(until):
                        break
                    await asyncio.sleep(0.05)
            await asyncio.sleep(rest)
        finally:
            stop.set()
            await asyncio.gather(*tasks)

    asyncio.run(run())


def run_until(
    worker: Worker, engine: Engine, issue_id: int, *states: IssueState, seconds: float = SECONDS
) -> Audit:
    """Let *worker* send until the issue is in one of *states* (sent, if none is named)."""

    wanted = states or (IssueState.SENT,)
    work(worker, until=lambda: state_of(engine, issue_id) in wanted, seconds=seconds)
    return audited(engine, issue_id)
