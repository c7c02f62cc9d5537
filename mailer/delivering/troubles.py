"""Relays that are away: since when, and why, as workers find them; written when it changes only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from mailer.database.tables import RelayTrouble
from mailer.sentences import kept, told

_AGAIN = timedelta(seconds=30)  # a worker says it is still so
_SILENT = timedelta(seconds=90)  # and is not believed any more when it says nothing


@dataclass(frozen=True, slots=True)
class Trouble:
    """One relay that takes nothing from one worker."""

    relay: str
    worker: str
    since: datetime
    problem: str  # a sentence
    alone: bool  # whether no other relay takes anything from that worker either


class Complaints:
    """What one worker has told of its relays."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._told: dict[str, str] = {}
        self._told_at: datetime | None = None

    def tell(
        self, session: Session, problems: Mapping[str, str], *, alone: bool, now: datetime
    ) -> None:
        """These *problems* it has now, by relay; with *alone*, no relay takes anything from it."""
        late = self._told_at is None or abs(now - self._told_at) >= _AGAIN
        if problems == self._told and not (problems and late):
            return
        rows = {
            row.relay: row
            for row in session.scalars(
                select(RelayTrouble).where(RelayTrouble.worker == self._worker)
            )
        }
        for relay, problem in problems.items():
            row = rows.get(relay)
            if row is None:
                row = RelayTrouble(relay=relay, worker=self._worker, since=now)
                session.add(row)
            row.told_at, row.problem, row.alone = now, kept(problem), alone
        session.flush()
        _forget(session, self._worker, problems, now)

    def written(self, problems: Mapping[str, str], *, now: datetime) -> None:
        """What `tell` said is committed."""
        if problems != self._told or self._told_at is None or abs(now - self._told_at) >= _AGAIN:
            self._told, self._told_at = dict(problems), now


def troubles(session: Session, *, now: datetime) -> list[Trouble]:
    """All that workers have with relays now, the oldest first."""
    rows = session.scalars(
        select(RelayTrouble)
        .where(RelayTrouble.told_at > now - _SILENT)
        .order_by(RelayTrouble.since, RelayTrouble.relay, RelayTrouble.worker)
    )
    return [Trouble(row.relay, row.worker, row.since, told(row.problem), row.alone) for row in rows]


def _forget(session: Session, worker: str, problems: Collection[str], now: datetime) -> None:
    over = (RelayTrouble.worker == worker) & RelayTrouble.relay.not_in(list(problems))
    session.execute(
        delete(RelayTrouble)
        .where(or_(over, RelayTrouble.told_at < now - _SILENT))
        .execution_options(synchronize_session=False)
    )
