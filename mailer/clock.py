"""The time: always aware, always UTC inside, always passed in where it matters."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Says what time it is; tests pass one of their own."""

    def __call__(self) -> datetime:
        """The time now, aware, in UTC."""
        ...


def utc_now() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)  # noqa: TID251  # the one place that may ask
