"""Notices: single mails to single people (confirm, welcome, sign in), kept until they are handed over."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mailer.database.tables.base import ADDRESS_OF, PERSONAL, Base, Id


class Notice(Base):
    """One mail to one person, rendered when it was asked for.

    *fate* is empty while it waits, then one of `Fate`, with the reply that decided. The message
    itself goes when its fate is known: it may hold links that open something.
    """

    __tablename__ = "notices"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))  # the folder of its templates, or "ready"
    newsletter_id: Mapped[int | None] = mapped_column(
        ForeignKey("newsletters.id", ondelete="SET NULL")
    )
    mail_from: Mapped[str] = mapped_column(String(320))  # envelope, domains as A-labels
    recipient: Mapped[str] = mapped_column(String(320), index=True, info=ADDRESS_OF)
    subject: Mapped[str] = mapped_column(Text)
    message: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]  # not worth sending any more
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    lease: Mapped[int] = mapped_column(default=0)  # counts up at each lease: a fencing token
    leased_until: Mapped[datetime | None]
    fate: Mapped[int | None] = mapped_column(SmallInteger)
    reply: Mapped[str] = mapped_column(
        Text, default="", info=PERSONAL
    )  # the relay's last words, or ours
    settled_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_notices_fate_due_at", "fate", "due_at", "id"),
        Index("ix_notices_settled_at", "settled_at"),
    )
