"""Figures that are costly to count, kept for a while by each process."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from mailer.tracking.overviews import IssueLine, acted

_RECENT = timedelta(days=3)
_WHILE_NEW, _LATER = timedelta(seconds=20), timedelta(hours=1)


@dataclass(slots=True)
class FigureCache:
    """How many people acted on each issue: counted anew often while it is new, then seldom."""

    _known: dict[int, tuple[datetime, int]] = field(default_factory=dict)

    def acted(self, session: Session, issue: IssueLine, *, now: datetime) -> int:
        """People who followed a call to action."""
        until, count = self._known.get(issue.id, (now, 0))
        if until <= now:
            count = acted(session, issue.id)
            settled = issue.finished_at is not None and now - issue.finished_at > _RECENT
            self._known[issue.id] = (now + (_LATER if settled else _WHILE_NEW), count)
        return count
