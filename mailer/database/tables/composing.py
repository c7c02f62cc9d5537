"""What comes with writing an issue: its versions, pictures, blocks kept for reuse, tests, approvals."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from mailer.database.tables.base import ADDRESS_OF, Base, Id


class IssueVersion(Base):
    """An issue as somebody left it: also what cannot be sent yet, such as half an address."""

    __tablename__ = "issue_versions"

    issue_id: Mapped[int] = mapped_column(
        ForeignKey("issues.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)  # the issue's version
    by: Mapped[str] = mapped_column(String(200))  # as it is shown; stays when the account goes
    by_id: Mapped[int | None] = mapped_column(Id)  # None: an import or a command wrote it
    at: Mapped[datetime]
    begun_at: Mapped[datetime]  # when this person began this stretch of writing
    doc: Mapped[dict[str, Any]]


class SavedBlock(Base):
    """A block kept for reuse in any issue."""

    __tablename__ = "saved_blocks"

    id: Mapped[int] = mapped_column(primary_key=True)
    block: Mapped[dict[str, Any]]
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]


class Picture(Base):
    """An uploaded picture as readers get it; named by its content, so that it never changes."""

    __tablename__ = "pictures"

    digest: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))  # jpeg or png
    width: Mapped[int]
    height: Mapped[int]
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    unused_since: Mapped[datetime | None]  # shown nowhere: removed in time
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class IssueTest(Base):
    """A version of an issue that somebody sent to themselves."""

    __tablename__ = "issue_tests"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id", ondelete="CASCADE"), index=True)
    version: Mapped[int]
    address: Mapped[str] = mapped_column(String(320), info=ADDRESS_OF)
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]


class Approval(Base):
    """A version of an issue that somebody agreed to; any change of the issue leaves it behind."""

    __tablename__ = "approvals"

    issue_id: Mapped[int] = mapped_column(
        ForeignKey("issues.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    by_id: Mapped[int] = mapped_column(Id, primary_key=True)
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
