"""A worker beside this process: a program of its own, which ends with it."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mailer import working

_STOP_SECONDS = 7.5  # by itself it has gone within seven


@asynccontextmanager
async def worker_beside(*, issue_id: int | None = None) -> AsyncIterator[Process]:
    """Send whatever is due, or one issue; of one issue, what the worker says is in its stderr."""
    one = [] if issue_id is None else ["--issue", str(issue_id)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", working.__name__, "--attended", *one),
        stdin=PIPE,
        stderr=PIPE if one else None,
    )
    try:
        yield process
    finally:
        await _end(process)


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
