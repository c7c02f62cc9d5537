"""Permits are given once for all workers, and no window sees more messages go than it may."""

from __future__ import annotations

import bisect
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from mailer.database.engine import transaction
from mailer.delivering.meters import give_unused_back, reserve
from mailer.delivering.permits import Kind, Limits
from mailer.rates import PUNCTUAL, parse_rates
from mailer.warming import WarmUpPlan
from tests.support.sending import reserved

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
ALL, SLOW = Kind(), Kind(domain="a.test")
SECOND = timedelta(seconds=1)


def test_permits_are_spent_once_for_all(engine: Engine) -> None:
    limits = Limits(parse_rates("100/hour"), {"a.test": parse_rates("3/hour")})
    with transaction(engine) as session:
        first = reserved(session, limits, {ALL: 70, SLOW: 2}, now=NOW)
    with transaction(engine) as session:
        second = reserved(session, limits, {ALL: 70, SLOW: 2}, now=NOW)

    assert first == {ALL: 70, SLOW: 2}
    assert second == {ALL: 27, SLOW: 1}


def test_it_says_when_to_ask_again_for_what_was_lacking(engine: Engine) -> None:
    limits = Limits(parse_rates("10/second"), {"a.test": parse_rates("3/day")})
    with transaction(engine) as session:
        first = reserve(session, limits, {ALL: 20, SLOW: 1}, now=NOW)
    with transaction(engine) as session:
        second = reserve(session, limits, {SLOW: 9}, now=NOW + SECOND)

    assert len(first.permits[ALL] + first.permits[SLOW]) == 5  # those of the next half second
    assert first.again_at == NOW + 0.25 * SECOND
    assert len(second.permits[SLOW]) == 2
    assert second.again_at == NOW + 3 * SECOND  # not at midnight: others give back


def test_what_was_not_used_is_given_back_to_quotas_and_plans(engine: Engine) -> None:
    kind = Kind(sender="us.test", domain="a.test")
    limits = Limits(
        parse_rates("100/hour, 1000/second"),
        {"a.test": parse_rates("50/day")},
        {"us.test": WarmUpPlan((60,))},
    )
    with transaction(engine) as session:
        assert reserved(session, limits, {kind: 40}, now=NOW) == {kind: 40}
    with transaction(engine) as session:
        give_unused_back(session, limits, Counter({(kind, NOW): 30}))
    with transaction(engine) as session:
        assert reserved(session, limits, {kind: 99}, now=NOW + SECOND) == {kind: 40}


def test_no_second_sees_more_than_the_rate_however_long_the_ledger_and_workers_take(
    engine: Engine,
) -> None:
    """Three workers; the time is handed in. A message goes when its moment has come, its permit has,
    and its worker is awake; where that is too late, its permit is lost."""
    limits = Limits(parse_rates("20/second"), {"a.test": parse_rates("5/second")})
    chance = random.Random(7)  # noqa: S311  # no secret
    handed: dict[Kind, list[datetime]] = {ALL: [], SLOW: []}
    asks = sorted(
        NOW + 0.15 * worker * SECOND + 0.25 * turn * SECOND
        for worker in range(3)
        for turn in range(60)
    )
    for now in asks:
        with transaction(engine) as session:
            given = reserve(session, limits, {ALL: 30, SLOW: 30}, now=now).permits
        came = now + chance.choice([0.01, 0.05, 0.2, 0.4]) * SECOND
        for kind, moments in given.items():
            for moment in moments:
                at = max(moment, came) + chance.choice([0.0, 0.03, 0.09, 0.3]) * SECOND
                if at <= moment + PUNCTUAL:
                    handed[kind].append(at)

    for most, moments in ((20, handed[ALL] + handed[SLOW]), (5, handed[SLOW])):
        moments.sort()
        seen = [
            bisect.bisect_left(moments, one + SECOND) - place for place, one in enumerate(moments)
        ]
        assert max(seen) <= most
        assert max(seen) >= most / 2, "and it is used"
