"""Stores fetches of the tracking picture, and counts them under a name that promises no more.

An open says that a program fetched a picture, not that anybody read a mail: nothing here acts upon
it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, case, func, select
from sqlalchemy.orm import Session

from mailer.clock import Clock
from mailer.database.grouping import GroupCommit
from mailer.database.tables import Open
from mailer.tokens import Reader
from mailer.tracking.clicks import PATIENCE_SECONDS

_COLUMNS = "opens (issue_id, subscriber_id, at, machine)"
_ADD_SQLITE = f"INSERT INTO {_COLUMNS} VALUES (?, ?, ?, ?)"  # noqa: S608  # all constant
_ADD_POSTGRESQL = (
    f"INSERT INTO {_COLUMNS} SELECT * FROM "  # noqa: S608
    "unnest(%s::int[], %s::bigint[], %s::timestamptz[], %s::text[])"
)


@dataclass(frozen=True, slots=True)
class Fetch:
    """One fetch of the picture: whose mail, when, and why it was likely no person."""

    issue_id: int
    subscriber_id: int
    at: datetime
    machine: str | None = None


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
        self._group = GroupCommit(engine, add_opens, "opens", instant=True, patience=patience)

    def record(self, reader: Reader, machine: str | None = None) -> asyncio.Future[None]:
        """Await it: the fetch is committed then; any exception says that it is lost."""
        return self._group.add(Fetch(reader.issue_id, reader.subscriber_id, self._clock(), machine))

    async def close(self) -> None:
        """Store what still waits."""
        await self._group.close()


def add_opens(connection: Connection, fetches: Sequence[Fetch]) -> None:
    """Store every fetch; ``IntegrityError`` when one is of an issue that was removed."""
    if connection.dialect.name == "postgresql":
        columns = [
            [one.issue_id for one in fetches],
            [one.subscriber_id for one in fetches],
            [one.at for one in fetches],
            [one.machine for one in fetches],
        ]
        connection.exec_driver_sql(_ADD_POSTGRESQL, tuple(columns))
        return
    connection.exec_driver_sql(
        _ADD_SQLITE,
        [
            (
                one.issue_id,
                one.subscriber_id,
                one.at.replace(tzinfo=None).isoformat(" ", "microseconds"),
                one.machine,
            )
            for one in fetches
        ],
    )


def open_figures(session: Session, issue_id: int) -> OpenFigures:
    """Counts for one issue."""
    by_person = Open.machine.is_(None)
    row = session.execute(
        select(
            func.count(func.distinct(case((by_person, Open.subscriber_id)))),
            func.count(case((by_person, 1))),
            func.count(Open.machine),
        ).where(Open.issue_id == issue_id)
    ).one()
    return OpenFigures(*row)
