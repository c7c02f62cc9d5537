"""The warm-up of a sending domain: how many messages a day, day after day, until it is known."""

from __future__ import annotations

import re
from dataclasses import dataclass

# What providers of mail advise for a domain that has never sent any.
_LADDERS: dict[str, tuple[int, ...]] = {
    "standard": (
        *(50, 100, 500, 1_000, 5_000, 10_000, 20_000, 40_000, 70_000, 100_000),
        *(150_000, 250_000, 400_000, 600_000, 1_000_000),
    ),
    "gentle": tuple(50 * 2**day for day in range(15)),
}
_LONGEST = 365


@dataclass(frozen=True, slots=True)
class WarmUpPlan:
    """Messages allowed on each day of sending; from the day after the last one on, any number."""

    quotas: tuple[int, ...]

    def __str__(self) -> str:
        return ", ".join(map(str, self.quotas))

    def quota(self, day: int) -> int | None:
        """How many on the given day (1, 2, …); ``None``: no limit any more."""
        return self.quotas[day - 1] if day <= len(self.quotas) else None

    def days_for(self, messages: int, day: int, used: int = 0) -> int:
        """On how many days so many go out, when *used* went out already on *day*, the first one."""
        days = 0
        while messages > 0:
            days += 1
            quota = self.quota(day)
            if quota is None:
                break
            messages -= max(0, quota - used)
            day, used = day + 1, 0
        return days


def parse_warm_up(text: str) -> WarmUpPlan:
    """``standard``, ``gentle``, or ``50, 100, 500``; ``ValueError`` says what is wrong with it."""
    named = _LADDERS.get(text.strip().lower())
    if named is not None:
        return WarmUpPlan(named)
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"[1-9][0-9_]*", part) for part in parts) or len(parts) > _LONGEST:
        raise ValueError(
            f"{text!r} is no warm-up plan; write {', '.join(_LADDERS)}, or messages a day: "
            "50, 100, 500, 1000"
        )
    return WarmUpPlan(tuple(int(part) for part in parts))
