"""Tags that earlier versions kept among the fields get tables of their own; nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from mailer.audience import subscribers, tags
from mailer.database.engine import reading
from mailer.database.upgrading import upgrade
from tests.support.databases import older


@pytest.fixture
def old(engine: Engine, tmp_path: Path) -> Iterator[Engine]:
    """A database with the schema before tags had tables."""
    with older(engine, tmp_path, "0003") as made:
        yield made


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
