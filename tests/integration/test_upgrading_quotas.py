"""What a quota had given out before an upgrade is not given out once more after it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from mailer.clock import utc_now
from mailer.database.engine import transaction
from mailer.database.upgrading import upgrade
from mailer.delivering.permits import Kind, Limits
from mailer.rates import parse_rates
from tests.support.databases import older
from tests.support.sending import reserved


@pytest.fixture
def old(engine: Engine, tmp_path: Path) -> Iterator[Engine]:
    """A database with the schema before quotas were kept by slots."""
    with older(engine, tmp_path, "0013") as made:
        yield made


def test_a_quota_that_was_used_before_an_upgrade_stays_used(old: Engine) -> None:
    now = utc_now()
    with old.begin() as connection:
        for scope, used in (("* 86400s", 70), ("a.test 1s", 0)):
            connection.execute(
                text(
                    "INSERT INTO sending_meters (scope, until, used)"
                    " VALUES (:scope, CURRENT_TIMESTAMP, :used)"
                ),
                {"scope": scope, "used": used},
            )

    upgrade(old)

    limits = Limits(parse_rates("100/day"), {"a.test": parse_rates("10/second")})
    with transaction(old) as session:
        at_once = reserved(session, limits, {Kind(): 100}, now=now)
        later = reserved(session, limits, {Kind(): 100}, now=now + timedelta(days=1, hours=1))
    assert at_once == {Kind(): 30}
    assert later == {Kind(): 100}
