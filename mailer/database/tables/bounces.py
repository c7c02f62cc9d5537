"""What came back: bounces, complaints, replies of machines, unsubscribes by mail."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mailer.database.tables.audience import text_enum
from mailer.database.tables.base import PERSONAL, Base, Id
from mailer.reports import Kind


class Bounce(Base):
    """What one report said of one recipient, and what was done; written once."""

    __tablename__ = "bounces"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    # The same report twice counts once.
    report: Mapped[str] = mapped_column(String(64))
    position: Mapped[int] = mapped_column(SmallInteger)
    issue_id: Mapped[int | None] = mapped_column(ForeignKey("issues.id", ondelete="SET NULL"))
    # No foreign key: the record outlives an erased subscriber, so that counts stay true.
    subscriber_id: Mapped[int | None] = mapped_column(Id, index=True)
    signed: Mapped[bool]  # our own token said who it is; else the address alone did
    address: Mapped[str] = mapped_column(String(320), info=PERSONAL)  # as the report names it
    kind: Mapped[Kind] = mapped_column(text_enum(Kind))
    status: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(40))
    diagnostic: Mapped[str] = mapped_column(Text, info=PERSONAL)
    outcome: Mapped[str] = mapped_column(String(200))  # what was done, or why nothing was
    at: Mapped[datetime]

    __table_args__ = (
        Index("uq_bounces_report_position", "report", "position", unique=True),
        Index("ix_bounces_issue_id_kind", "issue_id", "kind"),
    )
