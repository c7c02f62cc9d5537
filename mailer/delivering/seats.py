"""The connections that a relay allows (``?connections=``), shared out among all workers.

A worker that has something to send says every two seconds how many it wants and holds. It may take
what the others do not hold; while one of them has less than an equal share, no more than such a share.
Couriers of mails to single people go first: workers leave them what they want.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from mailer.database.tables import RelaySeats

# A worker that has not been heard of for so long holds none: without the database, its connections
# run dry and are closed sooner.
_SILENT = timedelta(seconds=15)


COURIER = "courier "  # with this before their names, those who go first


class Wish(NamedTuple):
    """What a worker says of one relay that allows *most* connections."""

    most: int
    wanted: int
    held: int


def share_out(session: Session, relay: str, wish: Wish, *, worker: str, now: datetime) -> int:
    """How many connections to *relay* a worker may have from now on."""
    _alone(session, relay)
    session.execute(
        delete(RelaySeats)
        .where(RelaySeats.relay == relay, RelaySeats.until < now)
        .execution_options(synchronize_session=False)
    )
    rows = session.scalars(select(RelaySeats).where(RelaySeats.relay == relay)).all()
    others = [row for row in rows if row.worker != worker]
    allowed = _allowed(wish, others, first=worker.startswith(COURIER))
    for row in rows:
        if row.worker == worker:
            session.delete(row)
    session.flush()
    if wish.wanted or wish.held:
        session.add(
            RelaySeats(
                relay=relay,
                worker=worker,
                wanted=wish.wanted,
                # Those above what is allowed are still being used up.
                held=max(allowed, wish.held),
                until=now + _SILENT,
            )
        )
        session.flush()
    return allowed


def _allowed(wish: Wish, others: Sequence[RelaySeats], *, first: bool) -> int:
    couriers = [row for row in others if row.worker.startswith(COURIER)]
    workers = [row for row in others if not row.worker.startswith(COURIER)]
    held_back = sum(row.held if first else max(row.held, row.wanted) for row in couriers)
    free = max(0, wish.most - held_back - sum(row.held for row in workers))
    if first:
        return min(wish.wanted, free)
    waiting = sum(1 for row in workers if row.wanted)
    share = max(1, (wish.most - held_back) // (waiting + 1))
    wanted = wish.wanted
    if any(row.held < min(row.wanted, share) for row in workers):
        wanted = min(wanted, share)
    return min(wanted, free)


def _alone(session: Session, relay: str) -> None:
    """One worker at a time, also among those that have no row yet; SQLite's are so anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:relay))"), {"relay": relay})
