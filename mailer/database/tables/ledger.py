"""The ledger: batches carry the work, deliveries are the record, attempts what did not decide."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mailer.database.tables.base import PERSONAL, Base, Id


class Fate(enum.IntEnum):
    """How a delivery ended; stored as its number."""

    ACCEPTED = 1  # 2yz: the relay has taken responsibility
    REFUSED = 2  # 5yz, or 4yz until the retry schedule ended
    SKIPPED = 3  # never offered to a relay; the reply says why


class Doubt(enum.IntEnum):
    """Why an attempt decided nothing; stored as its number."""

    DEFERRED = 1  # 4yz: tried again later
    UNCERTAIN = 2  # handed over, no reply seen: may have arrived


class Batch(Base):
    """Recipients of one issue that a worker leases together.

    A worker may hand over positions below *handed* only, and raises it under its lease: whoever
    takes the batch over knows that nothing from *handed* on was sent, whatever became of the
    worker. Lease and *handed* change together, guarded by *lease*.
    """

    __tablename__ = "batches"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id", ondelete="CASCADE"))
    subscriber_ids: Mapped[str] = mapped_column(Text)  # "7,9,12": one portable statement packs it
    size: Mapped[int]
    attempt: Mapped[int] = mapped_column(SmallInteger, default=1)
    due_at: Mapped[datetime]
    open: Mapped[bool] = mapped_column(default=True)
    held: Mapped[bool] = mapped_column(default=False)  # waits for a person
    handed: Mapped[int] = mapped_column(default=0)
    accepted: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    lease: Mapped[int] = mapped_column(default=0)  # counts up at each lease: a fencing token
    leased_until: Mapped[datetime | None]
    worker: Mapped[str | None] = mapped_column(String(100))

    __table_args__ = (
        Index("ix_batches_open_due_at", "open", "due_at", "id"),
        Index("ix_batches_issue_id", "issue_id"),
    )


class Delivery(Base):
    """What became of one recipient of one issue; written once, never changed."""

    __tablename__ = "deliveries"

    # No foreign keys. An issue that was sent is never deleted, and PostgreSQL would lock it once a
    # row, which costs as much as the row; the record outlives an erased subscriber, so that counts
    # stay true.
    issue_id: Mapped[int] = mapped_column(primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(Id, primary_key=True)
    fate: Mapped[int] = mapped_column(SmallInteger)
    attempts: Mapped[int] = mapped_column(SmallInteger)
    at: Mapped[datetime]
    # The relay's words, or the reason of a skip.
    reply: Mapped[str] = mapped_column(Text, info=PERSONAL)

    __table_args__ = ({"sqlite_with_rowid": False},)


class Attempt(Base):
    """One attempt that decided nothing: deferred, or uncertain."""

    __tablename__ = "attempts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id", ondelete="CASCADE"))
    subscriber_id: Mapped[int] = mapped_column(Id)
    number: Mapped[int] = mapped_column(SmallInteger)
    doubt: Mapped[int] = mapped_column(SmallInteger)
    at: Mapped[datetime]
    reply: Mapped[str] = mapped_column(Text, info=PERSONAL)
    worker: Mapped[str] = mapped_column(String(100))

    __table_args__ = (Index("ix_attempts_issue_id_subscriber_id", "issue_id", "subscriber_id"),)


class Erasure(Base):
    """An erased person whom an issue still under way knows by number: until it has ended.

    Then what the issue has of them gets the number that stands for nobody, and the row goes.
    """

    __tablename__ = "erasures"

    issue_id: Mapped[int] = mapped_column(
        ForeignKey("issues.id", ondelete="CASCADE"), primary_key=True
    )
    subscriber_id: Mapped[int] = mapped_column(Id, primary_key=True)
    nobody: Mapped[int] = mapped_column(Id)


class DeliveryTotal(Base):
    """How many deliveries of an issue had one fate, of those that are no longer kept."""

    __tablename__ = "delivery_totals"

    issue_id: Mapped[int] = mapped_column(
        ForeignKey("issues.id", ondelete="CASCADE"), primary_key=True
    )
    fate: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    reason: Mapped[str] = mapped_column(String(300), primary_key=True)  # of a skip; else empty
    count: Mapped[int] = mapped_column(Id)
    uncertain: Mapped[int] = mapped_column(Id)  # of them, who may have got it twice


class Retention(Base):
    """How far an issue's clicks and opens no longer say whose they are, by table."""

    __tablename__ = "retentions"

    issue_id: Mapped[int] = mapped_column(
        ForeignKey("issues.id", ondelete="CASCADE"), primary_key=True
    )
    up_to: Mapped[dict[str, Any]]  # the last number of each table


class Tally(Base):
    """How a worker's messages of one issue were answered since its last tally: for the guard."""

    __tablename__ = "tallies"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    accepted: Mapped[int]
    refused: Mapped[int]

    __table_args__ = (Index("ix_tallies_issue_id_id", "issue_id", "id"),)


class SendingMeter(Base):
    """How much of one sending rate is used, by all workers together."""

    __tablename__ = "sending_meters"

    scope: Mapped[str] = mapped_column(String(200), primary_key=True)
    until: Mapped[datetime]  # see mailer.rates.Meter
    slots: Mapped[list[int]] = mapped_column(JSON(), default=list)


class WarmUp(Base):
    """How far the warm-up of one sending domain has come."""

    __tablename__ = "warm_ups"

    domain: Mapped[str] = mapped_column(String(255), primary_key=True)
    day: Mapped[int]  # of the plan, from 1; days on which nothing is sent do not count
    since: Mapped[datetime]  # when that day began
    used: Mapped[int]  # messages, on that day


class RelaySeats(Base):
    """How many connections one worker wants and holds, to a relay that allows only so many."""

    __tablename__ = "relay_seats"

    relay: Mapped[str] = mapped_column(String(300), primary_key=True)
    worker: Mapped[str] = mapped_column(String(100), primary_key=True)
    wanted: Mapped[int]
    held: Mapped[int]
    until: Mapped[datetime]  # if it is not heard of again


class RelayTrouble(Base):
    """A relay that takes nothing from one worker, and why."""

    __tablename__ = "relay_troubles"

    relay: Mapped[str] = mapped_column(String(300), primary_key=True)
    worker: Mapped[str] = mapped_column(String(100), primary_key=True)
    since: Mapped[datetime]
    told_at: Mapped[datetime]  # last; a worker that was killed says nothing any more
    problem: Mapped[str] = mapped_column(Text)  # a sentence, as `mailer.sentences.kept` makes it
    alone: Mapped[bool]  # no other relay takes anything from that worker either
