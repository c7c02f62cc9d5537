"""By the time an answer takes, nobody learns whether an address is known."""

from __future__ import annotations

import asyncio

import pytest
from starlette.responses import Response

from mailer.web.public.pacing import STEP_SECONDS, in_step, rest_of_step


@pytest.mark.parametrize("took", [0.0001, 0.01, 0.2, STEP_SECONDS * 1.5])
def test_whatever_it_took_the_answer_comes_at_a_whole_step(took: float) -> None:
    steps = (took + rest_of_step(took)) / STEP_SECONDS
    assert steps == pytest.approx(round(steps))
    assert 0 <= rest_of_step(took) <= STEP_SECONDS


@pytest.mark.parametrize("fails", [False, True])
def test_an_answer_and_a_failure_wait_for_the_same_step(fails: bool) -> None:
    waited: list[float] = []

    async def answer() -> Response:
        if fails:
            raise ValueError("no")
        return Response("yes")

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            await in_step(answer())
        except ValueError:
            assert fails
        waited.append(loop.time() - began)

    asyncio.run(ask())
    assert waited[0] >= STEP_SECONDS * 0.9
