"""`mailer upgrade`: the database gets this version's schema."""

from __future__ import annotations

from mailer.cli.output import AsJson, say
from mailer.database import upgrading
from mailer.database.engine import open_engine
from mailer.settings import load_settings


def upgrade(as_json: AsJson = False) -> None:
    applied = upgrading.upgrade(open_engine(load_settings().database_url))
    say(
        f"Applied {', '.join(applied)}." if applied else "The database is up to date.",
        {"applied": applied},
        as_json=as_json,
    )
