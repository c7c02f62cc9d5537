"""The record: what became of each recipient, appended once, and the attempts that decided nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, insert, select, text
from sqlalchemy.orm import Session

from mailer.database.tables import Attempt, Delivery, Doubt, Fate
from mailer.database.tables.base import Moment
from mailer.delivering.packing import among

# By subscriber: what the relay said, or why they were skipped.
Replies = dict[int, str]


class Doubted(NamedTuple):
    """One attempt that decided nothing."""

    subscriber_id: int
    number: int
    doubt: Doubt
    reply: str


def add_deliveries(
    session: Session, issue_id: int, fate: Fate, replies: Replies, *, attempts: int, now: datetime
) -> None:
    """Append to the record; a recipient who has a delivery already keeps it."""
    clean = {one: reply.replace("\0", "") for one, reply in replies.items()}
    postgresql = session.get_bind().dialect.name == "postgresql"
    session.connection().execute(
        _INSERT_POSTGRESQL if postgresql else _INSERT_SQLITE,
        {
            "issue_id": issue_id,
            "fate": int(fate),
            "attempts": attempts,
            "at": now,
            "replies": json.dumps(clean),
        },
    )


# One statement for all rows: PostgreSQL executes an executemany row by row, and SQLite's driver
# gives the interpreter away before each row, for which the sending thread makes it wait.
_INSERT_POSTGRESQL = text(
    "INSERT INTO deliveries (issue_id, subscriber_id, fate, attempts, at, reply) "
    "SELECT :issue_id, CAST(key AS bigint), :fate, :attempts, :at, value "
    "FROM json_each_text(CAST(:replies AS json)) ON CONFLICT DO NOTHING"
).bindparams(bindparam("at", type_=Moment()))
_INSERT_SQLITE = text(
    "INSERT OR IGNORE INTO deliveries (issue_id, subscriber_id, fate, attempts, at, reply) "
    "SELECT :issue_id, key, :fate, :attempts, :at, value FROM json_each(:replies)"
).bindparams(bindparam("at", type_=Moment()))


_attempts = Attempt.metadata.tables["attempts"]


def add_handed_doubts(
    session: Session, issue_id: int, attempt: int, ids: Sequence[int], *, now: datetime, by: str
) -> None:
    """These were granted to a worker that ended: it may have handed them over."""
    why = "the worker holding it ended"
    doubted = [Doubted(one, attempt, Doubt.UNCERTAIN, why) for one in ids]
    add_doubts(session, issue_id, doubted, now=now, worker=by)


def add_doubts(
    session: Session, issue_id: int, doubted: Sequence[Doubted], *, now: datetime, worker: str
) -> None:
    """Append attempts that decided nothing."""
    if doubted:
        session.execute(
            insert(_attempts),
            [
                {
                    "issue_id": issue_id,
                    "subscriber_id": one.subscriber_id,
                    "number": one.number,
                    "doubt": int(one.doubt),
                    "at": now,
                    "reply": one.reply.replace("\0", ""),
                    "worker": worker,
                }
                for one in doubted
            ],
        )


def decided_ids(session: Session, issue_id: int, ids: Sequence[int]) -> set[int]:
    """Those of the sorted *ids* who have a delivery of this issue."""
    return set(
        session.scalars(
            select(Delivery.subscriber_id).where(
                Delivery.issue_id == issue_id, among(Delivery.subscriber_id, ids)
            )
        )
    ).intersection(ids)


def doubted_ids(
    session: Session, issue_id: int, attempt: int, ids: Sequence[int], doubt: Doubt
) -> set[int]:
    """Those of the sorted *ids* who came into *doubt* at this attempt."""
    return set(
        session.scalars(
            select(Attempt.subscriber_id).where(
                Attempt.issue_id == issue_id,
                Attempt.number == attempt,
                Attempt.doubt == int(doubt),
                among(Attempt.subscriber_id, ids),
            )
        )
    ).intersection(ids)
