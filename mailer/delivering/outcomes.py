"""What came of one attempt, and when to try again: pure values."""

from __future__ import annotations

import enum
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

_JITTER = 0.1  # of the delay, so that a relay is not asked for everybody in the same second
LATEST = 1 + _JITTER  # delays after an attempt, at most


class Outcome(enum.Enum):
    """How one attempt ended."""

    ACCEPTED = "accepted"  # 2yz
    REFUSED = "refused"  # 5yz: trying again cannot help
    DEFERRED = "deferred"  # 4yz: trying again can help
    SKIPPED = "skipped"  # never offered to a relay
    UNCERTAIN = "uncertain"  # handed over whole, no reply seen (RFC 1047)


class Reply(NamedTuple):
    """An SMTP reply: its code, and all its lines as one."""

    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}"

    @property
    def outcome(self) -> Outcome:
        """RFC 5321 section 4.2.1, by the first digit."""
        first = self.code // 100
        if first == 2:
            return Outcome.ACCEPTED
        return Outcome.REFUSED if first == 5 else Outcome.DEFERRED


def next_try(
    attempt: int, schedule: Sequence[timedelta], now: datetime, *, spread: float | None = None
) -> datetime | None:
    """When to try again after the given attempt (1, 2, …); ``None`` when the schedule has ended.

    *spread* from -1 to 1 moves the time by up to a tenth of the delay; random if not given.
    """
    if attempt > len(schedule):
        return None
    delay = schedule[attempt - 1]
    share = random.uniform(-1, 1) if spread is None else spread  # noqa: S311  # no secret
    return now + delay * (1 + _JITTER * share)
