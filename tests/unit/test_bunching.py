"""When a worker lets answers gather, and when it must not."""

from __future__ import annotations

import asyncio

from mailer.delivering.bunching import Bunching

MANY = 1000  # answers at a time: far more than two in a millisecond, however busy the machine


def pauses_of(connections: int, *bursts: int, seconds_between: float = 0.0) -> list[float]:
    """The pauses made when so many answers come at a time."""
    made: list[float] = []

    async def answer() -> None:
        bunching = Bunching(lambda: connections, pause=made.append)
        for burst in bursts:
            for _ in range(burst):
                bunching.answered()
            await asyncio.sleep(seconds_between)

    asyncio.run(answer())
    return made


def test_busy_connections_get_one_short_pause_for_all_that_answered_at_once() -> None:
    first, *more = pauses_of(10, MANY, MANY, MANY)[-2:]
    assert len(more) == 1
    assert 0.0001 < first < 0.0005


def test_the_pause_never_grows_beyond_half_a_millisecond() -> None:
    assert max(pauses_of(500, MANY, MANY)) == 0.0005


def test_few_connections_are_never_kept_waiting() -> None:
    assert pauses_of(5, MANY, MANY, MANY) == []


def test_rare_answers_are_read_at_once() -> None:
    assert pauses_of(10, 1, 1, 1, seconds_between=0.005) == []
