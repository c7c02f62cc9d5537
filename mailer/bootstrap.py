"""Settings become one frozen value that every entry point works with."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Engine

from mailer.clock import Clock, utc_now
from mailer.database.engine import open_engine
from mailer.database.upgrading import upgrade
from mailer.relays import Relay, parse_relay
from mailer.rendering.environment import Themes
from mailer.secret_key import load_secret_key
from mailer.settings import Settings
from mailer.tokens import Signer


@dataclass(frozen=True, slots=True)
class Mailer:
    """One installation, ready to work."""

    settings: Settings
    engine: Engine
    signer: Signer
    themes: Themes
    relay: Relay
    clock: Clock = utc_now


def bootstrap(settings: Settings, *, clock: Clock = utc_now) -> Mailer:
    """Open the database (made and brought up to date where needed) and wire everything.

    ``ConfigurationError`` or ``Unavailable`` say in one sentence what stands in the way.
    """
    engine = open_engine(settings.database_url)
    upgrade(engine)
    given = settings.secret_key.get_secret_value() if settings.secret_key else None
    return Mailer(
        settings=settings,
        engine=engine,
        signer=Signer(load_secret_key(engine, given)),
        themes=Themes(settings.templates_dir),
        relay=relay_of(settings),
        clock=clock,
    )


def relay_of(settings: Settings) -> Relay:
    """The relay that takes our mail: the one set, else the built-in inbox."""
    if settings.smtp_url is not None:
        return parse_relay(settings.smtp_url.get_secret_value())
    return Relay(
        host="127.0.0.1", port=settings.inbox_port, starttls=False, name="the built-in inbox"
    )
