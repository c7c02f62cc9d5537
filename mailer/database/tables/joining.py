"""Sign-ups that wait for a click, what their forms said, and what keeps robots out."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mailer.database.tables.audience import text_enum
from mailer.database.tables.base import ADDRESS_OF, Base, Id


class SignUp(Base):
    """Somebody asked for a newsletter in a form; nothing of it counts before it is confirmed."""

    __tablename__ = "sign_ups"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id", ondelete="CASCADE"))
    address: Mapped[str] = mapped_column(String(320), info=ADDRESS_OF)
    address_key: Mapped[str] = mapped_column(String(320), index=True, info=ADDRESS_OF)
    name: Mapped[str] = mapped_column(String(200), default="")
    language: Mapped[str | None] = mapped_column(String(35))
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # Which form, what it said, from where: goes into the record of consent.
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict)
    at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]

    # A number is never given again: the link in a mail to confirm names it.
    __table_args__ = (Index("ix_sign_ups_at", "at"), {"sqlite_autoincrement": True})


class Outcome(enum.StrEnum):
    """What became of a form that was sent, or of the link that followed."""

    ASKED = "asked"  # taken in: the click in the mail is waited for, or not needed
    CONFIRMED = "confirmed"
    KNOWN = "known"  # subscribed already: a mail says so
    # Refused, and told so.
    ADDRESS = "address"
    ROLE = "role"
    DISPOSABLE = "disposable"
    ANSWER = "answer"
    WORK = "work"
    SITE = "site"
    LIMIT = "limit"
    CLOSED = "closed"
    # Refused in silence.
    ROBOT = "robot"
    SUPPRESSED = "suppressed"
    OFTEN = "often"


class FormCount(Base):
    """How many forms of a newsletter came to the same end on one day (UTC)."""

    __tablename__ = "form_counts"

    newsletter_id: Mapped[int] = mapped_column(
        ForeignKey("newsletters.id", ondelete="CASCADE"), primary_key=True
    )
    day: Mapped[datetime] = mapped_column(primary_key=True)
    outcome: Mapped[Outcome] = mapped_column(text_enum(Outcome), primary_key=True)
    number: Mapped[int]


class Wording(Base):
    """What a form said, word for word; forms name it by its digest."""

    __tablename__ = "wordings"

    digest: Mapped[str] = mapped_column(String(32), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    first_shown_at: Mapped[datetime]


class SpentChallenge(Base):
    """A proof of work that was used: no second form is taken for it."""

    __tablename__ = "spent_challenges"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    until: Mapped[datetime] = mapped_column(index=True)


class RequestMeter(Base):
    """How often something was asked for in a window of time, over all processes.

    *scope* holds no address in the clear, only a keyed digest.
    """

    __tablename__ = "request_meters"

    scope: Mapped[str] = mapped_column(String(100), primary_key=True)
    until: Mapped[datetime] = mapped_column(index=True)
    used: Mapped[int]
