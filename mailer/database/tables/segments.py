"""What people are sorted by: custom fields, tags, segments, and the segments an issue goes to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mailer.database.tables.audience import text_enum
from mailer.database.tables.base import Base, Id
from mailer.field_kinds import EditableBy, FieldKind


class CustomField(Base):
    """A field of the organisation's own; people's values stand in ``Subscriber.fields``."""

    __tablename__ = "custom_fields"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    label: Mapped[str] = mapped_column(String(200))
    kind: Mapped[FieldKind] = mapped_column(text_enum(FieldKind))
    options: Mapped[list[str]] = mapped_column(JSON(), default=list)
    editable_by: Mapped[EditableBy] = mapped_column(text_enum(EditableBy))
    # Shown where a person has no value and filled in on their form; {} or {"value": …}.
    default: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]


class Tag(Base):
    """A word that people are marked with."""

    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    key: Mapped[str] = mapped_column(String(300), unique=True)  # capitals and blanks do not matter
    created_at: Mapped[datetime]


class SubscriberTag(Base):
    """One person has one tag."""

    __tablename__ = "subscriber_tags"

    tag_id: Mapped[int] = mapped_column(
        ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    subscriber_id: Mapped[int] = mapped_column(
        Id, ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )

    __table_args__ = (
        Index("ix_subscriber_tags_subscriber_id", "subscriber_id"),
        {"sqlite_with_rowid": False},
    )


class Segment(Base):
    """A rule under a name: whoever fits it now."""

    __tablename__ = "segments"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    key: Mapped[str] = mapped_column(String(300), unique=True)
    rule: Mapped[str] = mapped_column(Text)  # its canonical text, see mailer.rules
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class IssueSegment(Base):
    """A segment that an issue goes to, or (*excluded*) does not go to."""

    __tablename__ = "issue_segments"

    issue_id: Mapped[int] = mapped_column(
        ForeignKey("issues.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    excluded: Mapped[bool]
    segment_id: Mapped[int | None] = mapped_column(
        ForeignKey("segments.id", ondelete="SET NULL"), index=True
    )
    # Once the issue has started: what the rule was, with the segments it names written out.
    rule: Mapped[str | None] = mapped_column(Text)
