"""Tags that earlier versions kept among the fields get tables of their own; nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, text

from mailer.audience import subscribers, tags
from mailer.database.engine import open_engine, reading
from mailer.database.migrating import configuration
from mailer.database.upgrading import upgrade


@pytest.fixture
def old(engine: Engine, tmp_path: Path) -> Iterator[Engine]:
    """A database with the schema before tags had tables."""
    made = engine
    if engine.dialect.name == "sqlite":
        made = open_engine(f"sqlite:///{tmp_path}/old.db")
    else:
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    with made.begin() as connection:
        command.upgrade(configuration(connection), "0003")
    yield made
    made.dispose()


def test_tags_move_from_fields_to_tables(old: Engine) -> None:
    people = {
        "a@x.test": '{"city": "Lindholm", "tags": ["VIP", "River  Watch"]}',
        "b@x.test": '{"tags": ["vip", "VIP", " ", null]}',
        "c@x.test": '{"tags": "no list"}',
        "d@x.test": '{"age": 3}',
    }
    with old.begin() as connection:
        for address, fields in people.items():
            connection.execute(
                text(
                    "INSERT INTO subscribers (address, address_key, name, fields, created_at)"
                    " VALUES (:address, :address, '', :fields, CURRENT_TIMESTAMP)"
                ),
                {"address": address, "fields": fields},
            )

    upgrade(old)

    with reading(old) as session:
        kept = {one: subscribers.get(session, one) for one in people}
        assert [one.fields for one in kept.values()] == [
            {"city": "Lindholm"}, {}, {}, {"age": 3},
        ]  # fmt: skip
        assert [tags.of(session, one.id) for one in kept.values()] == [
            ["River Watch", "VIP"], ["VIP"], [], [],
        ]  # fmt: skip
