"""Permits are given once for all workers, for everybody and for single domains."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from mailer.database.engine import transaction
from mailer.delivering.permits import EVERYBODY, Limits, reserve
from mailer.rates import parse_rates
from tests.support.factories import add_issue, add_newsletter, add_readers

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)


def an_issue(engine: Engine, readers: int) -> int:
    with transaction(engine) as session:
        newsletter = add_newsletter(session)
        add_readers(session, newsletter, readers)
        return add_issue(session, newsletter).id


def test_permits_are_spent_once_for_all(engine: Engine) -> None:
    limits = Limits(parse_rates("100/hour"), {"a.test": parse_rates("3/hour")})
    with transaction(engine) as session:
        first = reserve(session, limits, {EVERYBODY: 70, "a.test": 2}, now=NOW)
    with transaction(engine) as session:
        second = reserve(session, limits, {EVERYBODY: 70, "a.test": 2}, now=NOW)

    assert first.permits == {EVERYBODY: 70, "a.test": 2}
    assert second.permits == {EVERYBODY: 30, "a.test": 1}


def test_it_says_when_to_ask_again_for_what_was_lacking(engine: Engine) -> None:
    limits = Limits(parse_rates("10/second"), {"a.test": parse_rates("3/day")})
    with transaction(engine) as session:
        first = reserve(session, limits, {EVERYBODY: 5, "a.test": 1}, now=NOW)
    with transaction(engine) as session:
        second = reserve(session, limits, {"a.test": 9}, now=NOW)

    assert first.permits == {EVERYBODY: 1, "a.test": 1}
    assert first.again_at == NOW + timedelta(seconds=0.1)
    assert second.permits == {"a.test": 2}
    assert second.again_at == NOW + timedelta(seconds=2)  # not at midnight: others give back
