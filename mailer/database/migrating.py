"""Runs the migrations with Alembic, which nothing else imports."""

from __future__ import annotations

import logging
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

logging.getLogger("alembic").setLevel(logging.WARNING)


def migrate(connection: Connection, revision: str) -> None:
    """Bring the schema to *revision*, within the connection's transaction."""
    config = configuration(connection)
    command.upgrade(config, revision)


def configuration(connection: Connection) -> Config:
    """Alembic's settings for our migrations over *connection*."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
