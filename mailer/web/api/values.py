"""What programs send and get: each is described in the OpenAPI document as it stands here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from mailer.blocks import Content


class Value(BaseModel):
    """A body; a name that does not exist is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class NewsletterOut(Value):
    """A newsletter, and how many people stand where."""

    slug: str
    name: str
    from_address: str
    language: str
    confirmed: int
    pending: int
    unsubscribed: int


class SubscriberIn(Value):
    """A person who has agreed to get the newsletter."""

    address: Annotated[str, Field(max_length=320, examples=["ann@example.org"])]
    name: Annotated[str, Field(max_length=200)] = ""
    language: Annotated[str | None, Field(max_length=35)] = None
    fields: dict[str, Any] = Field(default_factory=dict)


class SubscriberOut(Value):
    """One person, and where they stand with the newsletter."""

    address: str
    name: str
    language: str | None
    fields: dict[str, Any]
    state: str
    since: datetime


class AddedOut(Value):
    """What adding came to: ``added``, ``existing``, or ``kept unsubscribed``: whoever left has to
    come back themselves."""

    address: str
    result: str


class EndedOut(Value):
    """Whether the subscription ended now; ``false``: it had ended before."""

    address: str
    ended: bool


class IssueIn(Value):
    """A draft, as `mailer issue export` writes it."""

    newsletter: str
    content: Content


class IssueOut(Value):
    """An issue, and how far it is."""

    id: int
    newsletter: str
    subject: str
    state: str
    reason: str
    scheduled_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    planned: int
    accepted: int
    refused: int
    skipped: int


class ErrorOut(Value):
    """One sentence: what is wrong, and what to do."""

    error: str
