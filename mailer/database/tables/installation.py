"""Facts about this installation, and mails kept by the built-in inbox."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mailer.database.tables.base import ADDRESS_OF, Base, Id


class Fact(Base):
    """One thing every process of an installation has to agree on, such as the key's fingerprint."""

    __tablename__ = "facts"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class RetentionChange(Base):
    """Somebody said how long something is kept; the newest of each rule is in force.

    Rows are added and never changed. A time that is not there: for ever.
    """

    __tablename__ = "retention_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    rule: Mapped[str] = mapped_column(String(20))
    seconds: Mapped[int | None] = mapped_column(BigInteger)
    before: Mapped[int | None] = mapped_column(BigInteger)  # how many they were until then
    by: Mapped[str] = mapped_column(String(320))
    at: Mapped[datetime]


class InboxMail(Base):
    """A mail that the built-in inbox took instead of a relay."""

    __tablename__ = "inbox_mails"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    received_at: Mapped[datetime]
    sender: Mapped[str] = mapped_column(Text)
    recipient: Mapped[str] = mapped_column(Text, info=ADDRESS_OF)
    subject: Mapped[str] = mapped_column(Text)
    source: Mapped[bytes] = mapped_column(LargeBinary)
