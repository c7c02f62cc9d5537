"""What a transaction and a reading promise on either database."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, create_engine, func, select

from mailer.database.engine import reading, transaction
from mailer.database.tables import Newsletter
from mailer.errors import Unavailable
from tests.support.factories import add_newsletter


def test_a_reading_is_one_view_whatever_others_write_meanwhile(engine: Engine) -> None:
    """So that an audit balances also while workers send."""
    number = select(func.count()).select_from(Newsletter)
    with reading(engine) as session:
        assert session.scalar(number) == 0
        with transaction(engine) as other:
            add_newsletter(other)
        assert session.scalar(number) == 0
    with reading(engine) as session:
        assert session.scalar(number) == 1


def test_whoever_finds_all_connections_waiting_is_told_to_come_again(engine: Engine) -> None:
    few = create_engine(engine.url, pool_size=1, max_overflow=0, pool_timeout=0.01)
    try:
        with few.connect():
            for use in (reading, transaction):
                with (
                    pytest.raises(Unavailable, match="all connections to it are waiting"),
                    use(few) as session,
                ):
                    session.scalar(select(1))
    finally:
        few.dispose()
