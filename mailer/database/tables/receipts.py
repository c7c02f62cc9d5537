"""Who got an issue, 64 people a row: drawn from the deliveries once they change no more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey
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
