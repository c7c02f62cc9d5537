"""Stops an issue that goes wrong: when too many of its last messages were refused."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

_LEAST_SEEN = 100  # refusals among fewer say too little


@dataclass(frozen=True, slots=True)
class Threshold:
    """Stop when more than *percent* of the last *among* messages were refused; 0 percent: never."""

    percent: float = 10.0
    among: int = 500


class Guard:
    """Watches the answers to one worker's messages, issue by issue."""

    def __init__(self, threshold: Threshold) -> None:
        self._threshold = threshold
        self._seen: dict[int, deque[bool]] = {}

    def note(self, issue_id: int, *, refused: bool, reply: str) -> str:
        """One answer came; the reason to stop the issue, or nothing."""
        if not self._threshold.percent:
            return ""
        seen = self._seen.get(issue_id)
        if seen is None:
            seen = self._seen[issue_id] = deque(maxlen=max(_LEAST_SEEN, self._threshold.among))
        seen.append(refused)
        if not refused or len(seen) < _LEAST_SEEN:
            return ""
        count = sum(seen)
        if 100 * count <= self._threshold.percent * len(seen):
            return ""
        self._seen.pop(issue_id)  # whoever resumes it has seen the reason: count anew
        return (
            f"Stopped by itself: of the last {len(seen)} messages {count} were refused, "
            f"the last with {reply!r}. Resume it when the reason is gone."
        )
