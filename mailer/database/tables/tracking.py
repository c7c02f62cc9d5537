"""What readers did: clicks and opens, as they came."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from mailer.database.tables.base import Base, Id


class Click(Base):
    """One follow of one link; *machine* says why it was likely no person."""

    __tablename__ = "clicks"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id", ondelete="CASCADE"))
    subscriber_id: Mapped[int] = mapped_column(Id)
    link_number: Mapped[int]
    at: Mapped[datetime]
    machine: Mapped[str | None] = mapped_column(String(60))

    # The only one: each more costs a click as much as its row. Reports read whole issues, rules the
    # last days of each.
    __table_args__ = (Index("ix_clicks_issue_id_at", "issue_id", "at"),)


class Open(Base):
    """One fetch of the tracking picture; it says little, see docs/segments.md."""

    __tablename__ = "opens"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id", ondelete="CASCADE"))
    subscriber_id: Mapped[int] = mapped_column(Id)
    at: Mapped[datetime]
    machine: Mapped[str | None] = mapped_column(String(60))

    __table_args__ = (Index("ix_opens_issue_id_at", "issue_id", "at"),)
