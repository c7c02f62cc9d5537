"""Stores fetches of the tracking picture, and counts them under a name that promises no more.

An open says that a program fetched a picture, not that anybody read a mail: nothing here acts upon
it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, case, func, select
from sqlalchemy.orm import Session

from mailer.clock import Clock
from mailer.database.rows import INTEGER, MOMENT, TEXT, Rows, adding, moment
from mailer.database.tables import Open
from mailer.tokens import Reader
from mailer.tracking.clicks import PATIENCE_SECONDS

_OPENS = Rows(
    "opens", {"issue_id": INTEGER, "subscriber_id": INTEGER, "at": MOMENT, "machine": TEXT}
)


@dataclass(frozen=True, slots=True)
class OpenFigures:
    """Of one issue: whose picture was fetched as if by a person, and by programs of their own."""

    seen: int  # people, each once
    fetches: int
    machine_fetches: int


class OpenRecorder:
    """Fetches of one process, by group commit."""

    def __init__(self, engine: Engine, clock: Clock, *, patience: float = PATIENCE_SECONDS) -> None:
        self._clock = clock
        self._group = adding(engine, _OPENS, "opens", patience=patience)

    def record(self, reader: Reader, machine: str | None = None) -> asyncio.Future[None]:
        """Await it: the fetch is committed then; any exception says that it is lost."""
        return self._group.add(
            (reader.issue_id, reader.subscriber_id, moment(self._clock()), machine)
        )

    async def close(self) -> None:
        """Store what still waits."""
        await self._group.close()


def open_figures(session: Session, issue_id: int) -> OpenFigures:
    """Counts for one issue."""
    return open_figures_by(session, [issue_id]).get(issue_id, OpenFigures(0, 0, 0))


def open_figures_by(session: Session, issue_ids: Sequence[int]) -> dict[int, OpenFigures]:
    """Counts for each of these issues whose picture was fetched at all."""
    by_person = Open.machine.is_(None)
    rows = session.execute(
        select(
            Open.issue_id,
            func.count(func.distinct(case((by_person, Open.subscriber_id)))),
            func.count(case((by_person, 1))),
            func.count(Open.machine),
        )
        .where(Open.issue_id.in_(issue_ids))
        .group_by(Open.issue_id)
    )
    return {issue_id: OpenFigures(*figures) for issue_id, *figures in rows}
