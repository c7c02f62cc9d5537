"""Whoever leaves while an issue is under way gets it no more: within two seconds, at any speed."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import Engine

from mailer.audience import consent, suppressions
from mailer.database.engine import transaction
from mailer.delivering import desk, held
from mailer.delivering.permits import Limits
from mailer.keeping.erasing import erase
from mailer.rates import parse_rates
from tests.support.factories import NOON, add_issue, add_newsletter, add_subscriber
from tests.support.sending import SIGNER, a_worker, run_until, start
from tests.support.sink import Sink, running

NAMES = ("first", "next", "left", "erased", "domain", "moved", "stays")


@pytest.mark.parametrize(
    "limits", [Limits(), Limits(domains={"stays.test": parse_rates("50/second")})]
)
def test_whoever_leaves_while_the_relay_is_slow_is_skipped_with_the_reason(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, limits: Limits
) -> None:
    monkeypatch.setattr(held, "_FRESH_SECONDS", 0.1)
    monkeypatch.setattr(desk, "_READY_SECONDS", 0.1)
    with transaction(engine) as session:
        newsletter = add_newsletter(session)
        people = {
            name: add_subscriber(session, f"{name}@{name}.test", newsletter=newsletter)
            for name in NAMES
        }
        issue_id = add_issue(session, newsletter).id

    def meanwhile(_address: str, number: int) -> None:
        if number > 1:
            return
        with transaction(engine) as session:
            consent.unsubscribe(
                session,
                newsletter_id=newsletter.id,
                subscriber_id=people["left"].id,
                now=NOON,
                method="page",
            )
            erase(session, people["erased"].address, SIGNER, source="preferences", now=NOON)
            suppressions.add(session, "domain.test", reason="asked", source="test", now=NOON)
            moved = session.merge(people["moved"])
            moved.address = moved.address_key = "new@moved.test"
        time.sleep(0.2)  # twice what was read of them is good for

    with running(Sink(on_body=meanwhile)) as sink:
        start(engine, issue_id)
        one = a_worker(engine, sink, connections=1, limits=limits)
        result = run_until(one, engine, issue_id)

    assert result.skipped_reasons == {"unsubscribed": 1, "erased": 1, "suppressed: asked": 1}
    # The one after the first was on the connection already.
    assert sorted(sink.counts) == [
        "first@first.test", "new@moved.test", "next@next.test", "stays@stays.test",
    ]  # fmt: skip
    assert set(sink.counts.values()) == {1}
    assert result.balanced
