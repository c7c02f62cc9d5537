"""What every command starts with: settings, an installation, things named by its user."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from mailer.bootstrap import Mailer, bootstrap
from mailer.errors import InvalidInput
from mailer.settings import load_settings, parse_duration

IssueId = Annotated[int, typer.Argument(metavar="ID", help="The issue's number.", min=1)]
NewsletterSlug = Annotated[
    str, typer.Option("--newsletter", "-n", metavar="SLUG", help="The newsletter's short name.")
]

Host = Annotated[str, typer.Option("--host", help="The address to listen on.")]
Port = Annotated[int, typer.Option("--port", help="The port to listen on.", min=1, max=65535)]


@lru_cache(maxsize=1)
def mailer() -> Mailer:
    """The installation of the settings in force."""
    return bootstrap(load_settings())


def parse_pair(text: str) -> tuple[str, str]:
    """``name=value`` in two."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise InvalidInput(f"{text!r} must be written as name=value.")
    return name.strip(), value.strip()


def parse_when(text: str, *, now: datetime, zone: str) -> datetime | None:
    """``2026-12-01 07:00`` in the newsletter's *zone*, an ISO time with its own, or ``+5m``.

    ``None`` for ``now``: right away, with the time to take it back that the settings say.
    """
    text = text.strip()
    try:
        if text == "now":
            return None
        if text.startswith("+"):
            return now + parse_duration(text[1:])
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(
            f"{text!r} is not a time; write 2026-12-01 07:00, 2026-12-01T07:00+01:00, +5m or now."
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone))
    if moment < now - timedelta(minutes=1):
        raise InvalidInput(f"{text} is in the past; to send now, use `mailer issue send`.")
    return moment
