"""Consent changes once per change, each with its record."""

from __future__ import annotations

from functools import partial

from sqlalchemy import Engine, func, select

from mailer.audience import consent
from mailer.database.engine import reading, transaction
from mailer.database.tables import Consent, ConsentChange, Subscription, Unsubscribe
from tests.support.factories import NOON, add_newsletter, add_subscriber


def test_unsubscribing_twice_counts_once_and_undo_brings_the_reader_back(engine: Engine) -> None:
    with transaction(engine) as session:
        newsletter = add_newsletter(session)
        ann = add_subscriber(session, newsletter=newsletter)
    leave = partial(
        consent.unsubscribe, newsletter_id=newsletter.id, subscriber_id=ann.id, now=NOON
    )
    undo = partial(
        consent.undo_unsubscribe, newsletter_id=newsletter.id, subscriber_id=ann.id, now=NOON
    )

    with transaction(engine) as session:
        assert leave(session, method="page")
        assert not leave(session, method="one-click")
    with transaction(engine) as session:
        assert session.scalar(select(func.count()).select_from(Unsubscribe)) == 1
        assert undo(session, source="undo")
        assert not undo(session, source="undo")

    with reading(engine) as session:
        assert session.scalar(select(Subscription.state)) is Consent.CONFIRMED
        assert session.scalars(select(ConsentChange.source).order_by(ConsentChange.id)).all() == [
            "test",
            "page",
            "undo",
        ]
