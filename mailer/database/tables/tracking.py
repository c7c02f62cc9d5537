"""What readers did: clicks and opens, as they came."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from mailer.database.tables.base import Base, Id


class Click(Base):
    """One follow of one link; *machine* says why it was likely no person."""

    __tablename__ = "clicks"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    # The only index: each more costs a click as much as its row. Reports read whole issues.
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id", ondelete="CASCADE"), index=True)
    subscriber_id: Mapped[int] = mapped_column(Id)
    link_number: Mapped[int]
    at: Mapped[datetime]
    machine: Mapped[str | None] = mapped_column(String(60))


class Open(Base):
    """One fetch of the tracking picture; it says little, see docs/segments.md."""

    __tablename__ = "opens"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id", ondelete="CASCADE"), index=True)
    subscriber_id: Mapped[int] = mapped_column(Id)
    at: Mapped[datetime]
    machine: Mapped[str | None] = mapped_column(String(60))
