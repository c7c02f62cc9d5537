"""Newsletters, the people who read them, what they agreed to, and addresses never mailed again."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Enum, ForeignKey, Index, String, false, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailer.database.tables.base import ADDRESS_OF, PERSONAL, Base, Id


class Consent(enum.StrEnum):
    """State of one subscription; only ``confirmed`` is ever mailed an issue."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"


class OptIn(enum.StrEnum):
    """What a sign-up takes: the form alone, or a click in a mail to the address as well."""

    SINGLE = "single"
    DOUBLE = "double"


def text_enum(kind: type[enum.StrEnum]) -> Enum:
    """Stored as its text, checked in Python: a new member needs no migration."""
    return Enum(
        kind,
        native_enum=False,
        length=20,
        values_callable=lambda members: [m.value for m in members],
    )


class Newsletter(Base):
    """The publication one subscribes to."""

    __tablename__ = "newsletters"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    from_name: Mapped[str] = mapped_column(String(200))
    from_address: Mapped[str] = mapped_column(String(254))
    reply_to: Mapped[str | None] = mapped_column(String(254))
    # Envelope sender for reports of failure: bounces@… gets a signed token per reader (VERP).
    return_path: Mapped[str | None] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(35), default="en")
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    sending_hours: Mapped[str | None] = mapped_column(String(11))  # 08:00-20:00 in time_zone
    theme: Mapped[str] = mapped_column(String(60), default="default")
    # Colours, logo, fonts, links shown in the theme; see docs/themes.md.
    look: Mapped[dict[str, Any]] = mapped_column(default=dict)
    postal_address: Mapped[str] = mapped_column(String(500), default="")
    opt_in: Mapped[OptIn] = mapped_column(text_enum(OptIn), default=OptIn.DOUBLE)
    # Words, fields and rules of its forms; see mailer.audience.forms.
    sign_up: Mapped[dict[str, Any]] = mapped_column(default=dict)
    never_confirmed: Mapped[int] = mapped_column(default=0)  # sign-ups that were removed
    # A second person has to agree to the version that goes out.
    needs_approval: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]


class Subscriber(Base):
    """A person at one address; consent is on the subscription, never here."""

    __tablename__ = "subscribers"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    address: Mapped[str] = mapped_column(String(320))
    address_key: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    language: Mapped[str | None] = mapped_column(String(35))
    time_zone: Mapped[str | None] = mapped_column(String(64))
    # On PostgreSQL read by rules of segments a million at a time: kept parsed.
    fields: Mapped[dict[str, Any]] = mapped_column(
        JSON().with_variant(JSONB(), "postgresql"), default=dict
    )
    paused_until: Mapped[datetime | None]  # their own wish: no issues before
    created_at: Mapped[datetime]

    # A number is never given again: links in old mails name it.
    __table_args__ = ({"sqlite_autoincrement": True},)


class Subscription(Base):
    """One person's consent to one newsletter."""

    __tablename__ = "subscriptions"

    newsletter_id: Mapped[int] = mapped_column(
        ForeignKey("newsletters.id", ondelete="CASCADE"), primary_key=True
    )
    subscriber_id: Mapped[int] = mapped_column(
        Id, ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True
    )
    state: Mapped[Consent] = mapped_column(text_enum(Consent))
    changed_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(100), default="")

    __table_args__ = (
        Index("ix_subscriptions_audience", "newsletter_id", "state", "subscriber_id"),
        Index("ix_subscriptions_subscriber_id", "subscriber_id"),
    )


class ConsentChange(Base):
    """One change of consent, as it happened.

    Rows are added and never changed: the database itself refuses it, and lets a row go only
    together with the person or the newsletter that it is about.
    """

    __tablename__ = "consent_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id", ondelete="CASCADE"))
    subscriber_id: Mapped[int] = mapped_column(
        Id, ForeignKey("subscribers.id", ondelete="CASCADE"), index=True
    )
    state: Mapped[Consent] = mapped_column(text_enum(Consent))
    at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(100))
    # What was shown and said: form, wording, address of the computer where kept.
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Unsubscribe(Base):
    """One person left one newsletter; with the issue whose link was used, where known."""

    __tablename__ = "unsubscribes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    newsletter_id: Mapped[int] = mapped_column(ForeignKey("newsletters.id", ondelete="CASCADE"))
    # No foreign key: the record outlives an erased subscriber, so that counts stay true.
    subscriber_id: Mapped[int] = mapped_column(Id, index=True)
    issue_id: Mapped[int | None] = mapped_column(
        ForeignKey("issues.id", ondelete="SET NULL"), index=True
    )
    at: Mapped[datetime]
    method: Mapped[str] = mapped_column(String(20))  # page, one-click, preferences, editor
    reason: Mapped[str | None] = mapped_column(String(1000), info=PERSONAL)
    undone_at: Mapped[datetime | None]


# As they stand in the indexes' own conditions: so a query finds them.
OF_DOMAINS = text("target LIKE '@%'")
OF_ERASED = text("target LIKE '#%'")


class Suppression(Base):
    """An address (``ann@x.test``) or a domain (``@x.test``) that is never mailed again.

    Of an erased person the address is kept as a hash only (``#`` and 64 hexadecimal digits).
    """

    __tablename__ = "suppressions"

    target: Mapped[str] = mapped_column(String(320), primary_key=True)
    reason: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime]

    # Few among many addresses, and asked for at every batch.
    __table_args__ = (
        Index(
            "ix_suppressions_of_domains",
            "target",
            sqlite_where=OF_DOMAINS,
            postgresql_where=OF_DOMAINS,
        ),
        Index(
            "ix_suppressions_of_erased",
            "target",
            sqlite_where=OF_ERASED,
            postgresql_where=OF_ERASED,
        ),
    )


class SuppressionChange(Base):
    """An address or a domain was suppressed, or may be mailed again, as it happened.

    Rows are added and never changed: the database itself refuses it. Those of an address go with
    the person.
    """

    __tablename__ = "suppression_changes"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    target: Mapped[str] = mapped_column(String(320), index=True, info=ADDRESS_OF)
    suppressed: Mapped[bool]  # else taken back
    at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(100))  # who, or what
    reason: Mapped[str] = mapped_column(String(200))  # of the suppression
    # Which report said so, where one did: see mailer.bouncing.taking.
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict)
