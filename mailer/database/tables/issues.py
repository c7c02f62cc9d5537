"""Issues, their blocks, and what they were rendered into when they were sent."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailer.database.tables.audience import Newsletter, text_enum
from mailer.database.tables.base import Base, Id, Words
from mailer.sentences import Sentence


class IssueState(enum.StrEnum):
    """Where an issue stands; see docs/delivery.md for the arrows between."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"  # starts at starts_at; may still be changed
    SENDING = "sending"  # audience and content are frozen
    PAUSED = "paused"
    SENT = "sent"  # nobody is waiting any more
    CANCELLED = "cancelled"  # whoever was waiting is skipped
    DISCARDED = "discarded"  # a draft that was thrown away; it can be brought back for a month

    @property
    def words(self) -> Sentence:
        """What a sentence says of such an issue: it *is being sent*."""
        return _WORDS[self]


_WORDS = {
    IssueState.DRAFT: Sentence("is a draft"),
    IssueState.SCHEDULED: Sentence("is scheduled"),
    IssueState.SENDING: Sentence("is being sent"),
    IssueState.PAUSED: Sentence("is paused"),
    IssueState.SENT: Sentence("has been sent"),
    IssueState.CANCELLED: Sentence("has been cancelled"),
    IssueState.DISCARDED: Sentence("was thrown away"),
}


class Issue(Base):
    """One piece of content of a newsletter."""

    __tablename__ = "issues"

    id: Mapped[int] = mapped_column(primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id", ondelete="CASCADE"))
    subject: Mapped[str] = mapped_column(String(500))
    preheader: Mapped[str] = mapped_column(String(500), default="")
    title: Mapped[str] = mapped_column(String(500), default="")  # name inside the house; UTM
    language: Mapped[str] = mapped_column(String(35), default="en")
    utm_campaign: Mapped[str | None] = mapped_column(String(100))  # frozen at first schedule
    state: Mapped[IssueState] = mapped_column(text_enum(IssueState), default=IssueState.DRAFT)
    state_reason: Mapped[str] = mapped_column(Words(1000), default="")
    version: Mapped[int] = mapped_column(default=1)
    planned: Mapped[int] = mapped_column(Id, default=0)  # recipients frozen at the start
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    scheduled_at: Mapped[datetime | None]  # the hour at which readers get it
    starts_at: Mapped[datetime | None]  # when it is frozen: earlier, where zones are ahead
    local_time: Mapped[bool] = mapped_column(default=False)  # the same hour in each reader's zone
    canary_percent: Mapped[float] = mapped_column(default=0.0)  # so many go first
    canary_minutes: Mapped[int] = mapped_column(default=10)  # and the others so much later
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    judged_at: Mapped[datetime | None]  # so far its refusals were judged: mailer.bouncing.weighing
    suppressed: Mapped[int] = mapped_column(default=0, server_default="0")  # what came of that

    newsletter: Mapped[Newsletter] = relationship()
    blocks: Mapped[list[IssueBlock]] = relationship(
        order_by="IssueBlock.position", cascade="all, delete-orphan"
    )

    __table_args__ = (Index("ix_issues_state_starts_at", "state", "starts_at"),)


class IssueBlock(Base):
    """One block of an issue, as validated by ``mailer.blocks``."""

    __tablename__ = "issue_blocks"

    issue_id: Mapped[int] = mapped_column(
        ForeignKey("issues.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    content: Mapped[dict[str, Any]]


class IssueLink(Base):
    """Where a link of an issue leads; requests name its number, never an address."""

    __tablename__ = "issue_links"

    issue_id: Mapped[int] = mapped_column(
        ForeignKey("issues.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(Text)  # with UTM; may be repaired after sending
    label: Mapped[str] = mapped_column(String(500))
    role: Mapped[str] = mapped_column(String(20))  # action, item, text, media, share
    block: Mapped[str] = mapped_column(String(100))  # slug and position: utm_content
    block_position: Mapped[int]


class Rendition(Base):
    """An issue as it is sent: rendered once, when sending starts, with marks for each reader."""

    __tablename__ = "renditions"

    issue_id: Mapped[int] = mapped_column(
        ForeignKey("issues.id", ondelete="CASCADE"), primary_key=True
    )
    subject: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    rendered_at: Mapped[datetime]
