"""Answers that take as long whoever is asked about: by the clock, nobody finds out who is known."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from time import monotonic

from starlette.responses import Response

# What is to be hidden takes a few milliseconds, on a very busy machine a tenth of a second.
STEP_SECONDS = 0.3


async def in_step(made: Awaitable[Response]) -> Response:
    """What is *made*, or its failure, a whole number of steps after it was begun."""
    began = monotonic()
    try:
        return await made
    finally:
        await asyncio.sleep(rest_of_step(monotonic() - began))


def rest_of_step(seconds: float) -> float:
    """How long it is until the step that has begun is over."""
    return -seconds % STEP_SECONDS
