"""Subscribers and suppressions: one person an address, and no way back for those who left."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import Engine, func, select

from mailer.audience import subscribers, suppressions
from mailer.audience.histories import history
from mailer.audience.subscribers import Added
from mailer.database.engine import reading, transaction
from mailer.database.tables import (
    Consent,
    ConsentChange,
    Subscriber,
    Subscription,
    SuppressionChange,
    Unsubscribe,
)
from mailer.errors import Conflict, InvalidAddress, InvalidInput, NotFound
from mailer.keeping.disclosing import everything
from tests.support.factories import NOON, add_newsletter, add_subscriber
from tests.support.sending import SIGNER


def test_an_address_is_one_person_however_it_is_written(engine: Engine) -> None:
    with transaction(engine) as session:
        river = add_newsletter(session)
        first = subscribers.add(session, river, "Ann@X.test", name="Ann", signer=SIGNER, now=NOON)
        again = subscribers.add(
            session,
            river,
            "ann@x.test",
            name="Other",
            fields={"city": "Graz"},
            signer=SIGNER,
            now=NOON,
        )
        assert (first.result, again.result) == (Added.ADDED, Added.EXISTING)
        assert again.subscriber is first.subscriber
    with reading(engine) as session:
        ann = subscribers.get(session, "ANN@x.test")
        assert (ann.address, ann.name, ann.fields) == ("Ann@X.test", "Ann", {"city": "Graz"})
        assert session.scalar(select(func.count()).select_from(ConsentChange)) == 1


def test_who_waits_for_a_click_is_subscribed_by_whoever_vouches_for_them(engine: Engine) -> None:
    with transaction(engine) as session:
        river = add_newsletter(session)
        add_subscriber(session, "ann@x.test", newsletter=river, state=Consent.PENDING)
        results = [
            subscribers.add(session, river, "ann@x.test", signer=SIGNER, now=NOON).result
            for _ in range(2)
        ]
    assert results == [Added.ADDED, Added.EXISTING]


@pytest.mark.parametrize("target", ["ann@x.test", "@x.test"])
def test_what_suppressed_somebody_and_who_took_it_back_is_on_record(
    engine: Engine, target: str
) -> None:
    """A domain's, too, in the history of everybody there."""
    with transaction(engine) as session:
        ann = add_subscriber(session, "ann@x.test", newsletter=add_newsletter(session))
        add_subscriber(session, "bo@y.test")
        suppressions.add(session, target.upper(), reason="asked", source="editor", now=NOON)
        assert suppressions.remove(session, target, SIGNER, by="tess", now=NOON)
        told = [(one.source, dict(one.evidence)) for one in history(session, ann)[1:]]
        data = everything(session, "ann@x.test", SIGNER, now=NOON)["suppression_changes"]
    assert told == [
        ("suppressed", {"target": target, "reason": "asked", "by": "editor"}),
        ("suppression lifted", {"target": target, "reason": "asked", "by": "tess"}),
    ]
    assert [(one["target"], one["suppressed"]) for one in data] == [(target, True), (target, False)]


def test_of_addresses_that_nobody_has_no_record_outlives_the_suppression(engine: Engine) -> None:
    with transaction(engine) as session:
        suppressions.add(session, "ann@x.test", reason="asked", source="editor", now=NOON)
        suppressions.remove(session, "ann@x.test", SIGNER, by="tess", now=NOON)
        assert session.scalars(select(SuppressionChange)).all() == []


def test_a_hash_that_stands_in_plain_is_lifted_once(engine: Engine) -> None:
    """So a list of hashes has it where it found somebody here."""
    with transaction(engine) as session:
        ann = add_subscriber(session, "ann@x.test", newsletter=add_newsletter(session))
        suppressions.add(session, "ann@x.test", reason=suppressions.ERASED, source="l", now=NOON)
        assert suppressions.lift_own(session, "ann@x.test", SIGNER, now=NOON)
        assert not suppressions.lift_own(session, "ann@x.test", SIGNER, now=NOON)
        assert history(session, ann)[-1].evidence["by"] == "confirmed"


def test_who_left_is_not_added_again(engine: Engine) -> None:
    with transaction(engine) as session:
        river = add_newsletter(session)
        subscribers.add(session, river, "ann@x.test", signer=SIGNER, now=NOON)
        assert subscribers.unsubscribe(
            session, river, "ANN@x.test", by="tess", now=NOON, reason="too many"
        )
        assert not subscribers.unsubscribe(session, river, "ann@x.test", by="tess", now=NOON)
        again = subscribers.add(session, river, "ann@x.test", signer=SIGNER, now=NOON)
        assert again.result is Added.KEPT_UNSUBSCRIBED
    with reading(engine) as session:
        assert session.scalars(select(Subscription.state)).all() == [Consent.UNSUBSCRIBED]
        assert session.scalars(select(Unsubscribe.reason)).all() == ["too many"]


def test_a_suppressed_address_or_domain_is_not_added(engine: Engine) -> None:
    with transaction(engine) as session:
        river = add_newsletter(session)
        assert suppressions.add(session, "Ann@X.test", reason="asked", source="editor", now=NOON)
        assert not suppressions.add(session, "ann@x.test", reason="again", source="e", now=NOON)
        assert suppressions.add(session, "Y.test", reason="a trap", source="editor", now=NOON)
        for address in ("ann@x.test", "bo@y.test"):
            with pytest.raises(Conflict, match=r"is suppressed since 2026-11-02 \(a"):
                subscribers.add(session, river, address, signer=SIGNER, now=NOON)
        assert [one.target for one in suppressions.page(session)] == ["@y.test", "ann@x.test"]
        lift = partial(suppressions.remove, session, signer=SIGNER, by="tess", now=NOON)
        assert lift("@y.test")
        assert not lift("@y.test")
        assert (
            subscribers.add(session, river, "bo@y.test", signer=SIGNER, now=NOON).result
            is Added.ADDED
        )
        assert session.scalar(select(func.count()).select_from(Subscriber)) == 1


@pytest.mark.parametrize(
    ("address", "name", "kind"),
    [
        ("ann", "", InvalidAddress),
        ("ann@x.test\nBcc: b@x.test", "", InvalidAddress),
        ("ann@x.test", "Ann\r\nBcc: b@x.test", InvalidInput),
    ],
)
def test_bad_input_adds_nobody_and_says_why_in_one_sentence(
    sqlite_engine: Engine, address: str, name: str, kind: type[Exception]
) -> None:
    with transaction(sqlite_engine) as session:
        river = add_newsletter(session)
        with pytest.raises(kind) as caught:
            subscribers.add(session, river, address, name=name, signer=SIGNER, now=NOON)
        assert str(caught.value).isprintable()
        assert session.scalar(select(func.count()).select_from(Subscriber)) == 0


def test_pages_hold_everybody_once_in_order(engine: Engine) -> None:
    with transaction(engine) as session:
        river, other = add_newsletter(session), add_newsletter(session, "other")
        for n in range(7):
            subscribers.add(
                session, other if n == 3 else river, f"r{n}@x.test", signer=SIGNER, now=NOON
            )
        subscribers.unsubscribe(session, river, "r5@x.test", by="tess", now=NOON)
        seen: list[str] = []
        after = 0
        while found := subscribers.page(session, river, after=after, limit=2):
            seen += [one.subscriber.address for one in found]
            after = found[-1].subscriber.id
        assert seen == [f"r{n}@x.test" for n in (0, 1, 2, 4, 5, 6)]
        left = subscribers.page(session, river, state=Consent.UNSUBSCRIBED)
        assert [one.subscriber.address for one in left] == ["r5@x.test"]


def test_nobody_can_be_unsubscribed_who_never_subscribed(sqlite_engine: Engine) -> None:
    with transaction(sqlite_engine) as session:
        river, other = add_newsletter(session), add_newsletter(session, "other")
        subscribers.add(session, other, "ann@x.test", signer=SIGNER, now=NOON)
        with pytest.raises(NotFound, match="Nobody with the address bo@x"):
            subscribers.unsubscribe(session, river, "bo@x.test", by="tess", now=NOON)
        with pytest.raises(NotFound, match="is not subscribed to"):
            subscribers.unsubscribe(session, river, "ann@x.test", by="tess", now=NOON)
