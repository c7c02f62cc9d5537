"""Where everybody is can be watched: by whoever is signed in, or has the token."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from mailer.database.engine import transaction
from mailer.database.tables import Delivery, Fate
from mailer.delivering import ledger, lifecycle
from tests.support.accounting import issue_under_way
from tests.support.factories import NOON
from tests.support.site import mailer_of, visiting
from tests.support.staff import sign_in

pytestmark = pytest.mark.anyio
OUTSIDE = {"host": "news.example.org", "x-forwarded-for": "192.0.2.7"}
LINE = re.compile(r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9.]+')


def some_decided(engine: Engine) -> int:
    """Of fifty, three are accepted, one is refused, and a killed worker left two in doubt."""
    issue_id, _ = issue_under_way(engine, 50, batch_size=20)
    with transaction(engine) as session:
        leased = ledger.lease(session, worker="killed", now=NOON - timedelta(hours=1), seconds=30)
        assert leased is not None
        first = leased.subscriber_ids
        recorded = {
            Fate.ACCEPTED: dict.fromkeys(first[:3], "words"),
            Fate.REFUSED: {first[3]: "words"},
        }
        progress = ledger.Progress(leased.batch_id, issue_id, leased.lease, 1, 6, recorded)
        assert ledger.report(session, progress, worker="killed", now=NOON, seconds=-60)
        assert ledger.lease(session, worker="next", now=NOON, seconds=30) is not None
    return issue_id


async def test_an_issue_on_its_way_is_measured_and_balances(engine: Engine) -> None:
    issue_id = some_decided(engine)
    mailer = mailer_of(engine)

    async with visiting(mailer) as client:
        sign_in(mailer, client)
        answer = await client.get("/metrics")

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    labels = f'{{issue="{issue_id}",newsletter="river",state="sending"}}'
    for name, number in {
        "planned": 50,
        "accepted": 3,
        "refused": 1,
        "skipped": 0,
        "waiting": 46,
        "uncertain": 2,
        "unbalanced": 0,
    }.items():
        assert f"mailer_issue_{name}{labels} {number}" in lines
    assert "mailer_clicks_total 0" in lines
    assert all(LINE.fullmatch(one) for one in lines if not one.startswith("# "))


async def test_an_unbalanced_ledger_is_seen(sqlite_engine: Engine) -> None:
    issue_id, _ = issue_under_way(sqlite_engine, 10)
    with transaction(sqlite_engine) as session:
        session.add(
            Delivery(
                issue_id=issue_id,
                subscriber_id=999,
                fate=int(Fate.ACCEPTED),
                attempts=1,
                at=NOON,
                reply="",
            )
        )

    mailer = mailer_of(sqlite_engine)
    async with visiting(mailer) as client:
        sign_in(mailer, client)
        answer = await client.get("/metrics")

    assert 'newsletter="river",state="sending"} -1' in answer.text


async def test_the_queues_age_is_that_of_the_batch_nobody_has(sqlite_engine: Engine) -> None:
    issue_id, _ = issue_under_way(sqlite_engine, 10)
    mailer = mailer_of(sqlite_engine)
    later = NOON + timedelta(seconds=90)

    async with visiting(mailer) as client:
        sign_in(mailer, client)
        with transaction(sqlite_engine) as session:
            assert ledger.lease(session, worker="some", now=NOON, seconds=600)
        leased = await client.get("/metrics")
        with transaction(sqlite_engine) as session:
            lifecycle.cancel(session, issue_id)
            lifecycle.settle(session, now=later)
        cancelled = await client.get("/metrics")

    assert "mailer_queue_age_seconds 0\n" in leased.text
    assert "mailer_issue_planned{" not in cancelled.text


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("Bearer the-right-token", 200),
        ("bearer the-right-token", 200),
        ("Bearer the-wrong-token", 401),
        ("Basic the-right-token", 401),
        ("", 401),
    ],
)
async def test_from_outside_the_token_opens_it_and_nothing_else_does(
    sqlite_engine: Engine, given: str, status: int
) -> None:
    mailer = mailer_of(sqlite_engine, metrics_token="the-right-token")

    async with visiting(mailer) as client:
        answer = await client.get("/metrics", headers=OUTSIDE | {"authorization": given})

    assert answer.status_code == status
    assert ("mailer_queue_age_seconds" in answer.text) is (status == 200)


async def test_without_either_one_is_asked_to_sign_in(sqlite_engine: Engine) -> None:
    async with visiting(mailer_of(sqlite_engine)) as client:
        answer = await client.get("/metrics", headers=OUTSIDE)

    assert answer.status_code in {302, 303}
    assert "mailer_queue_age_seconds" not in answer.text


async def test_without_a_token_set_no_bearer_is_let_in(sqlite_engine: Engine) -> None:
    async with visiting(mailer_of(sqlite_engine)) as client:
        answer = await client.get("/metrics", headers=OUTSIDE | {"authorization": "Bearer "})

    assert answer.status_code == 401
