"""Who got an issue, and who answered it, 64 people a row: drawn from deliveries, clicks and opens."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from mailer.database.tables.base import Base, Id


class Receipts(Base):
    """Of the 64 people with the numbers from ``64 * word``, those whose relay accepted the issue.

    A bit for each. Rules ask for it instead of a million deliveries; see mailer.audience.receipts.
    """

    __tablename__ = "receipts"

    issue_id: Mapped[int] = mapped_column(
        ForeignKey("issues.id", ondelete="CASCADE"), primary_key=True
    )
    word: Mapped[int] = mapped_column(Id, primary_key=True)
    people: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = ({"sqlite_with_rowid": False},)


class Gathering(Base):
    """That an issue's receipts stand for its deliveries: until it ends once more after *at*."""

    __tablename__ = "gatherings"

    issue_id: Mapped[int] = mapped_column(
        ForeignKey("issues.id", ondelete="CASCADE"), primary_key=True
    )
    at: Mapped[datetime]


class Answered(enum.IntEnum):
    """What people, no machines, did with an issue; stored as its number."""

    OPENED = 1
    CLICKED = 2
    ACTED = 3  # clicked what asks to do something


class Answers(Base):
    """Of the 64 people with the numbers from ``64 * word``, those who did it with the issue.

    A bit for each, as far as clicks and opens are gathered; see mailer.audience.answers.
    """

    __tablename__ = "answers"

    deed: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    word: Mapped[int] = mapped_column(Id, primary_key=True)
    issue_id: Mapped[int] = mapped_column(
        ForeignKey("issues.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    people: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = ({"sqlite_with_rowid": False},)


class AnswerMark(Base):
    """How far the rows of one table, clicks or opens, are gathered into answers."""

    __tablename__ = "answer_marks"

    source: Mapped[str] = mapped_column(String(20), primary_key=True)
    up_to: Mapped[int] = mapped_column(Id, default=0)
    settled: Mapped[int] = mapped_column(Id, default=0)  # nothing below it is still being written
    seen: Mapped[int] = mapped_column(Id, default=0)  # the newest row at that time
    seen_at: Mapped[datetime | None]
