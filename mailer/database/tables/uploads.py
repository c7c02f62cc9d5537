"""Lists of readers that staff brought by the browser: waiting to be tried, to be imported, done."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from mailer.database.tables.audience import text_enum
from mailer.database.tables.base import Base, Words


class UploadState(enum.StrEnum):
    """Where an upload stands."""

    TO_TRY = "to try"  # a scheduler reads it and says what an import would do
    TRIED = "tried"  # a person looks at that
    TO_IMPORT = "to import"  # a scheduler imports it
    IMPORTED = "imported"
    FAILED = "failed"  # the problem says why


class Upload(Base):
    """Files that are imported together, how they are read, and what came of it."""

    __tablename__ = "uploads"

    id: Mapped[int] = mapped_column(primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id", ondelete="CASCADE"))
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    state: Mapped[UploadState] = mapped_column(text_enum(UploadState), default=UploadState.TO_TRY)
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)  # mapping, statuses, state
    rows: Mapped[int] = mapped_column(default=0)  # about, until the end
    done: Mapped[int] = mapped_column(default=0)
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)
    problem: Mapped[str] = mapped_column(Words, default="")
    lease: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class UploadedFile(Base):
    """One file of an upload, or the verdicts on its rows; removed some days after the import."""

    __tablename__ = "uploaded_files"

    upload_id: Mapped[int] = mapped_column(
        ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)  # -1: the verdicts
    name: Mapped[str] = mapped_column(String(200))
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
