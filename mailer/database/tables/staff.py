"""Those who run the newsletters: accounts, their sessions, links that sign in, keys of programs."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from mailer.database.tables.audience import text_enum
from mailer.database.tables.base import SECRET, Base


class Role(enum.StrEnum):
    """What somebody may do; each includes the one before."""

    VIEWER = "viewer"  # issues and their figures, no reader's data
    EDITOR = "editor"  # composes, and looks after subscribers
    SENDER = "sender"  # schedules and sends, too
    OWNER = "owner"  # settings and accounts, too


class LinkPurpose(enum.StrEnum):
    """What a link that signs in is for."""

    WELCOME = "welcome"  # makes the first account, of an owner
    INVITATION = "invitation"  # its account has never been used
    SIGN_IN = "sign-in"
    SECOND_STEP = "second step"  # password or mailed link were right, the code is missing


class User(Base):
    """One person with an account."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(320))
    address_key: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    role: Mapped[Role] = mapped_column(text_enum(Role))
    password_hash: Mapped[str | None] = mapped_column(
        String(200), info=SECRET
    )  # none: by mailed links only
    language: Mapped[str] = mapped_column(String(35), default="en")
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary, info=SECRET)  # sealed
    totp_step: Mapped[int] = mapped_column(default=0)  # of the last code used: none works twice
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]  # never: invited only


class RecoveryCode(Base):
    """Signs in once in place of a one-time code; the row goes when it is used."""

    __tablename__ = "recovery_codes"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)


class StaffSession(Base):
    """One browser that is signed in; its token is known to that browser only."""

    __tablename__ = "staff_sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    user_agent: Mapped[str] = mapped_column(String(300), default="")
    network: Mapped[str] = mapped_column(String(60), default="")


class SignInLink(Base):
    """A link that signs in once; the row goes when it is used."""

    __tablename__ = "sign_in_links"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    purpose: Mapped[LinkPurpose] = mapped_column(text_enum(LinkPurpose))
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class SignInMeter(Base):
    """How often signing in has failed lately, for one account or from one network."""

    __tablename__ = "sign_in_meters"

    scope: Mapped[str] = mapped_column(String(100), primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime]
    blocked_until: Mapped[datetime]


class ApiKey(Base):
    """Lets a program do what its role may; the key itself is shown once and not kept."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(12))  # how it begins, to know it again
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[Role] = mapped_column(text_enum(Role))
    created_by: Mapped[str] = mapped_column(String(320))
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
