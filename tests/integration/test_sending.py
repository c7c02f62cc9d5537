"""An issue goes to everybody in its audience exactly once, whatever the relay answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, select

from mailer.audience import consent
from mailer.database.engine import reading, transaction
from mailer.database.tables import (
    Attempt,
    Consent,
    Delivery,
    Fate,
    IssueState,
    Rendition,
    Suppression,
)
from mailer.delivering import lifecycle
from tests.support import sink as smtp
from tests.support.factories import NOON, add_issue, add_newsletter, add_readers, add_subscriber
from tests.support.sending import a_worker, audited, run_until, start, work
from tests.support.sink import Sink, running


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running(Sink()) as server:
        yield server


def an_issue(engine: Engine, readers: int) -> tuple[int, list[str]]:
    with transaction(engine) as session:
        newsletter = add_newsletter(session)
        addresses = add_readers(session, newsletter, readers)
        return add_issue(session, newsletter).id, addresses


def test_everybody_gets_it_once_and_the_ledger_balances(engine: Engine, sink: Sink) -> None:
    issue_id, addresses = an_issue(engine, 250)
    assert start(engine, issue_id, batch_size=100) == 250

    result = run_until(a_worker(engine, sink), engine, issue_id)

    assert sink.counts == dict.fromkeys(addresses, 1)
    assert (result.planned, result.accepted, result.waiting) == (250, 250, 0)
    assert result.balanced
    message = sink.message(addresses[7])
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["To"] == addresses[7]


@pytest.mark.parametrize(
    "sink_options",
    [{"pipelining": False}, {"split_replies": True}, {"split_replies": True, "pipelining": False}],
    ids=str,
)
def test_servers_without_pipelining_and_with_torn_replies_are_served(
    sqlite_engine: Engine, sink_options: dict[str, bool]
) -> None:
    issue_id, addresses = an_issue(sqlite_engine, 60)
    start(sqlite_engine, issue_id)

    with running(Sink(**sink_options)) as sink:  # type: ignore[arg-type]  # only flags here
        result = run_until(a_worker(sqlite_engine, sink), sqlite_engine, issue_id)

    assert sink.counts == dict.fromkeys(addresses, 1)
    assert result.accepted == 60


@pytest.mark.parametrize("pipelining", [True, False])
def test_deferred_ones_get_it_later_and_refused_ones_keep_the_servers_words(
    engine: Engine, sink: Sink, pipelining: bool
) -> None:
    issue_id, addresses = an_issue(engine, 100)
    start(engine, issue_id, batch_size=30)
    sink.pipelining = pipelining
    seen: set[str] = set()

    def answer(address: str) -> str | None:
        number = addresses.index(address)
        if number % 20 == 1 and address not in seen:
            seen.add(address)
            return "451 4.7.1 greylisted, try later"
        return "550-5.1.1 no\r\n550 5.1.1 such user" if number % 50 == 2 else None

    sink.on_rcpt = answer
    result = run_until(a_worker(engine, sink), engine, issue_id)

    assert (result.accepted, result.refused, result.waiting, result.uncertain) == (98, 2, 0, 0)
    assert max(sink.counts.values()) == 1
    with reading(engine) as session:
        refused = session.scalars(
            select(Delivery.reply).where(Delivery.fate == int(Fate.REFUSED))
        ).all()
        assert refused == ["550 5.1.1 no 5.1.1 such user"] * 2
        assert len(session.scalars(select(Attempt.id)).all()) == 5


def test_whoever_is_deferred_until_the_schedule_ends_is_refused(engine: Engine, sink: Sink) -> None:
    issue_id, _ = an_issue(engine, 3)
    start(engine, issue_id)
    sink.on_rcpt = lambda _address: "452 4.2.2 mailbox full"

    result = run_until(a_worker(engine, sink), engine, issue_id)

    assert result.refused == 3
    with reading(engine) as session:
        delivery = session.scalars(select(Delivery)).first()
        assert delivery is not None
        assert delivery.attempts == 6
        assert delivery.reply == "452 4.2.2 mailbox full (given up after attempt 6)"


def test_whoever_left_or_was_suppressed_after_the_freeze_is_skipped_with_the_reason(
    engine: Engine, sink: Sink
) -> None:
    with transaction(engine) as session:
        newsletter = add_newsletter(session)
        left, erased, full, domain, kept, pending = (
            add_subscriber(session, f"{name}.test", newsletter=newsletter)
            for name in ("left@a", "erased@a", "full@a", "any@blocked", "kept@a", "pending@a")
        )
        issue_id = add_issue(session, newsletter).id
    start(engine, issue_id)
    with transaction(engine) as session:
        consent.unsubscribe(
            session, newsletter_id=newsletter.id, subscriber_id=left.id, now=NOON, method="page"
        )
        consent.change(
            session,
            newsletter_id=newsletter.id,
            subscriber_id=pending.id,
            state=Consent.PENDING,
            now=NOON,
            source="test",
        )
        session.delete(session.merge(erased))
        for target in (full.address_key, "@" + domain.address_key.partition("@")[2]):
            session.add(Suppression(target=target, reason="bounced", source="test", at=NOON))

    result = run_until(a_worker(engine, sink), engine, issue_id)

    assert sink.counts == {kept.address: 1}
    assert result.skipped_reasons == {
        "suppressed: bounced": 2,
        "unsubscribed": 1,
        "erased": 1,
        "not confirmed": 1,
    }
    assert result.balanced


def test_a_421_or_a_dropped_connection_loses_and_doubles_nobody(engine: Engine, sink: Sink) -> None:
    issue_id, addresses = an_issue(engine, 200)
    start(engine, issue_id)
    sink.after_body = lambda _address, number: (
        "421 4.7.0 too many" if number % 20 == 0 else smtp.DROP if number % 33 == 0 else None
    )
    sink.on_data = lambda address: (
        smtp.DROP if address == addresses[5] and sink.connections < 3 else None
    )

    result = run_until(a_worker(engine, sink), engine, issue_id)

    assert set(sink.counts) == set(addresses)
    assert result.accepted == 200
    doubled = sum(sink.counts.values()) - 200
    assert doubled <= result.uncertain


def test_a_message_whose_answer_was_lost_goes_again_with_the_same_message_id(
    engine: Engine, sink: Sink
) -> None:
    issue_id, addresses = an_issue(engine, 10)
    start(engine, issue_id)
    dropped: list[str] = []

    def drop_once(address: str, _number: int) -> str | None:
        if address == addresses[3] and not dropped:
            dropped.append(address)
            return smtp.DROP
        return None

    sink.on_body = drop_once
    result = run_until(a_worker(engine, sink), engine, issue_id)

    assert sink.counts[addresses[3]] == 2
    assert sum(sink.counts.values()) == 11
    assert (result.accepted, result.uncertain) == (10, 1)


def test_uncertain_ones_wait_for_a_person_where_that_is_set(engine: Engine, sink: Sink) -> None:
    issue_id, addresses = an_issue(engine, 10)
    start(engine, issue_id)
    sink.on_body = lambda address, _number: smtp.DROP if address == addresses[3] else None
    worker = a_worker(engine, sink, hold_uncertain=True)

    def all_others_decided() -> bool:
        with reading(engine) as session:
            return lifecycle.only_held_wait(session, issue_id)

    work(worker, until=all_others_decided, rest=0.5)

    assert sink.counts[addresses[3]] == 1
    result = audited(engine, issue_id)
    assert (result.accepted, result.waiting, result.uncertain) == (9, 1, 1)
    sink.on_body = lambda _address, _number: None
    with transaction(engine) as session:
        assert lifecycle.only_held_wait(session, issue_id)
        assert lifecycle.release_held(session, issue_id) == 1
    result = run_until(a_worker(engine, sink, hold_uncertain=True), engine, issue_id)
    assert (result.accepted, result.uncertain) == (10, 1)
    assert sink.counts[addresses[3]] == 2


def test_a_message_larger_than_the_relay_takes_pauses_the_issue_and_says_why(
    engine: Engine,
) -> None:
    issue_id, _ = an_issue(engine, 10)
    start(engine, issue_id)

    with running(Sink(size=500)) as sink:
        result = run_until(a_worker(engine, sink), engine, issue_id, IssueState.PAUSED)

    assert (result.waiting, result.accepted) == (10, 0)
    assert sink.bodies == 0


def test_an_address_beyond_ascii_needs_smtputf8(engine: Engine, sink: Sink) -> None:
    with transaction(engine) as session:
        newsletter = add_newsletter(session)
        add_subscriber(session, "jörg@readers.test", newsletter=newsletter)
        issue_id = add_issue(session, newsletter).id
    start(engine, issue_id)

    result = run_until(a_worker(engine, sink), engine, issue_id)

    assert (result.refused, sink.bodies) == (1, 0)


def test_a_server_without_8bitmime_gets_seven_bits_whatever_is_written(
    sqlite_engine: Engine, sink: Sink
) -> None:
    issue_id, addresses = an_issue(sqlite_engine, 1)
    with transaction(sqlite_engine) as session:
        rendition = session.get_one(Rendition, issue_id)
        rendition.subject, rendition.text = "Straße – 河", "Grüße ✓ 🌊\n"
        rendition.html = "<p>Grüße ✓ 🌊</p>"
    start(sqlite_engine, issue_id)

    run_until(a_worker(sqlite_engine, sink), sqlite_engine, issue_id)

    [(_, source)] = sink.accepted
    assert source.isascii()
    message = sink.message(addresses[0])
    assert message["Subject"] == "Straße – 河"
    assert ["Grüße ✓ 🌊" in part.get_content() for part in message.iter_parts()] == [True, True]


def test_connections_are_renewed_after_their_share_of_messages(
    sqlite_engine: Engine, sink: Sink
) -> None:
    issue_id, addresses = an_issue(sqlite_engine, 50)
    start(sqlite_engine, issue_id)

    run_until(
        a_worker(sqlite_engine, sink, connections=1, messages_per_connection=10),
        sqlite_engine,
        issue_id,
    )

    assert sink.connections == 5
    assert sink.counts == dict.fromkeys(addresses, 1)
