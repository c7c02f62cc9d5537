"""Mails to somebody who subscribes, or asks for what they get already, with a link to their page."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from markupsafe import Markup
from sqlalchemy.orm import Session

from mailer.audience import forms
from mailer.database.tables import Newsletter, Subscriber
from mailer.joining.office import Office


def greet(
    session: Session,
    office: Office,
    newsletter: Newsletter,
    subscriber: Subscriber,
    kind: Literal["welcome", "known"],
    *,
    language: str | None,
    now: datetime,
) -> None:
    """Write the mail, in their language, else in *language*; no welcome where none is wanted."""
    settings = forms.settings_of(newsletter)
    own = kind == "welcome"
    if own and not settings.welcome:
        return
    office.notifier.notify(
        session,
        kind,
        to=subscriber.address,
        to_name=subscriber.name,
        newsletter=newsletter,
        language=subscriber.language or language,
        values={
            "link": office.preferences_link(subscriber.id),
            "own_subject": settings.welcome_subject if own else "",
            "own_words": Markup(settings.welcome_body) if own else "",  # noqa: S704  # cleaned
        },
        now=now,
    )
