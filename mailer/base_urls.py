"""Where readers reach this installation, as its server knows it: for commands that nobody told."""

from __future__ import annotations

from sqlalchemy import Engine, text

from mailer.database.engine import reading, transaction
from mailer.database.tables import Fact
from mailer.settings import Settings

_FACT = "base url"
_KEEP = text(
    "INSERT INTO facts (name, value) VALUES (:name, :value)"
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)


def remember(engine: Engine, base_url: str) -> None:
    """Keep where the pages are served: mails written by a command lead there, too."""
    if known(engine) != base_url:
        with transaction(engine) as session:
            session.execute(_KEEP, {"name": _FACT, "value": base_url})


def known(engine: Engine) -> str | None:
    """Where they were served last; ``None``: never yet."""
    with reading(engine) as session:
        fact = session.get(Fact, _FACT)
        return fact.value if fact else None


def settled(engine: Engine, settings: Settings) -> Settings:
    """*settings*; without a ``base_url`` of their own, with the one of the server."""
    if "base_url" in settings.model_fields_set:
        return settings
    base_url = known(engine)
    return settings.model_copy(update={"base_url": base_url}) if base_url else settings
