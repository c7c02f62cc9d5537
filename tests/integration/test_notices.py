"""Mails to single people are sent once, or what stands in the way is known."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import Engine, select

from mailer.bootstrap import Mailer
from mailer.database.engine import reading, transaction
from mailer.database.tables import Fate, Notice
from mailer.delivering.permits import Kind, Limits
from mailer.errors import ConfigurationError, InvalidAddress
from mailer.notifying import notices
from mailer.rates import parse_rates
from mailer.relays import Relay
from mailer.signing import DkimKey, DkimSigner, new_key
from tests.support.factories import NOON, add_newsletter
from tests.support.sending import reserved
from tests.support.sink import DROP, Sink, running
from tests.support.site import mailer_of

LINK = "https://mail.test/confirm/abc"
VALUES = {"link": LINK, "until": "3 November"}


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running(Sink()) as one:
        yield one


class Hand:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def an_installation(engine: Engine, sink: Sink, hand: Hand, **settings: object) -> Mailer:
    relay = Relay("127.0.0.1", sink.port, starttls=False)
    return replace(mailer_of(engine, **settings), relays=(relay,), clock=hand)


def ask(mailer: Mailer, to: str = "ann@readers.test", **options: object) -> int:
    with transaction(mailer.engine) as session:
        newsletter = add_newsletter(session, f"n{mailer.clock().timestamp()}{to[:3]}")
        return mailer.notifier.notify(
            session,
            "confirm",
            to=to,
            values=VALUES,
            newsletter=newsletter,
            now=mailer.clock(),
            **options,  # type: ignore[arg-type]
        ).id


def send(mailer: Mailer) -> int:
    return asyncio.run(mailer.post.send_due())


def known(engine: Engine, number: int) -> Notice:
    with reading(engine) as session:
        return session.get_one(Notice, number)


def test_a_notice_arrives_once_and_its_text_is_forgotten(engine: Engine, sink: Sink) -> None:
    mailer = an_installation(engine, sink, Hand())
    number = ask(mailer)

    assert (send(mailer), send(mailer)) == (1, 0)

    assert sink.counts == {"ann@readers.test": 1}
    notice = known(engine, number)
    assert (notice.fate, notice.attempts, notice.message) == (Fate.ACCEPTED, 1, None)
    assert notice.reply.startswith("250 2.0.0 Ok")
    assert sink.senders == ["news@river.test"]


def test_a_notice_says_what_it_is_in_both_parts_and_in_its_headers(
    engine: Engine, sink: Sink
) -> None:
    mailer = an_installation(engine, sink, Hand())
    ask(mailer)
    send(mailer)
    message = sink.message("ann@readers.test")

    assert message["subject"] == "Please confirm: River Watch"
    assert message["from"] == "River Watch <news@river.test>"
    assert message["auto-submitted"] == "auto-generated"
    assert message["message-id"].endswith("@river.test>")
    for part in message.iter_parts():
        assert isinstance(part, EmailMessage)
        assert LINK in part.get_content()
        assert "ann@readers.test" in part.get_content()


def test_what_is_rolled_back_is_not_sent(engine: Engine, sink: Sink) -> None:
    mailer = an_installation(engine, sink, Hand())
    with transaction(engine) as session:
        mailer.notifier.notify(
            session,
            "confirm",
            to="ann@readers.test",
            values=VALUES,
            newsletter=add_newsletter(session),
            now=NOON,
        )
        session.rollback()

    assert send(mailer) == 0


def test_a_deferred_notice_is_tried_again_later_with_its_message_id(
    engine: Engine, sink: Sink
) -> None:
    hand = Hand()
    mailer = an_installation(engine, sink, hand)
    number = ask(mailer)
    before = known(engine, number).message
    sink.on_rcpt = lambda _address: "451 4.7.1 come back later"

    assert send(mailer) == 1
    assert send(mailer) == 0  # not due yet
    assert known(engine, number).reply == "451 4.7.1 come back later"

    sink.on_rcpt = lambda _address: None
    hand.now += timedelta(minutes=2)
    assert send(mailer) == 1
    assert sink.counts == {"ann@readers.test": 1}
    assert before is not None
    assert str(sink.message("ann@readers.test")["message-id"]).encode() in before


def test_a_notice_is_given_up_when_its_tries_have_run_out(engine: Engine, sink: Sink) -> None:
    hand = Hand()
    mailer = an_installation(engine, sink, hand)
    number = ask(mailer)
    sink.on_rcpt = lambda _address: "451 4.7.1 come back later"

    for _ in range(len(notices.SCHEDULE) + 1):
        assert send(mailer) == 1
        hand.now += timedelta(hours=12)

    assert send(mailer) == 0
    assert known(engine, number).fate == Fate.REFUSED


def test_a_refused_notice_keeps_the_servers_words(engine: Engine, sink: Sink) -> None:
    mailer = an_installation(engine, sink, Hand())
    number = ask(mailer)
    sink.on_rcpt = lambda _address: "550 5.1.1 no such person"

    send(mailer)

    notice = known(engine, number)
    assert (notice.fate, notice.reply) == (Fate.REFUSED, "550 5.1.1 no such person")


def test_a_lost_answer_is_a_second_try_never_a_lost_mail(engine: Engine, sink: Sink) -> None:
    hand = Hand()
    mailer = an_installation(engine, sink, hand)
    number = ask(mailer)
    sink.on_body = lambda _address, number: DROP if number == 1 else None

    send(mailer)
    assert known(engine, number).reply.startswith("451 uncertain: the connection was lost")
    hand.now += timedelta(minutes=2)
    send(mailer)

    assert known(engine, number).fate == Fate.ACCEPTED
    assert len(sink.taken_unseen) == 1


def test_one_connection_carries_many_and_a_lost_one_is_replaced(engine: Engine, sink: Sink) -> None:
    hand = Hand()
    mailer = an_installation(engine, sink, hand)
    for number in range(20):
        ask(mailer, f"{number:03}@readers.test")
    sink.after_body = lambda _address, number: "421 4.3.2 restarting" if number == 7 else None

    send(mailer)
    first = sink.connections
    hand.now += timedelta(minutes=2)
    send(mailer)  # whoever was just being handed over when the connection went

    assert len(sink.counts) == 20
    assert set(sink.counts.values()) == {1}
    assert first == 2


def test_relays_that_are_away_cost_no_attempt(engine: Engine) -> None:
    with running(Sink()) as gone:
        pass
    hand = Hand()
    mailer = an_installation(engine, gone, hand)
    number = ask(mailer)

    assert send(mailer) == 0
    assert "nothing listens there" in known(engine, number).reply
    assert known(engine, number).attempts == 0

    with running(Sink()) as back:
        mailer = an_installation(engine, back, hand)
        hand.now += timedelta(minutes=1)
        assert send(mailer) == 1


def test_two_couriers_never_hold_the_same_notice(engine: Engine, sink: Sink) -> None:
    mailer = an_installation(engine, sink, Hand())
    for number in range(12):
        ask(mailer, f"{number:03}@readers.test")

    async def together() -> list[int]:
        return await asyncio.gather(*(mailer.post.send_due() for _ in range(4)))

    assert sum(asyncio.run(together())) == 12
    assert set(sink.counts.values()) == {1}


def test_whoever_lost_a_lease_changes_nothing(engine: Engine, sink: Sink) -> None:
    hand = Hand()
    mailer = an_installation(engine, sink, hand)
    number = ask(mailer)
    with transaction(engine) as session:
        frozen = notices.take(session, hand.now)
    assert frozen is not None
    hand.now += timedelta(minutes=3)
    send(mailer)

    with transaction(engine) as session:
        assert not notices.give_back(session, frozen, "late", hand.now)
    assert known(engine, number).fate == Fate.ACCEPTED


def test_what_came_too_late_is_not_sent(engine: Engine, sink: Sink) -> None:
    hand = Hand()
    mailer = an_installation(engine, sink, hand)
    number = ask(mailer, expires_at=NOON + timedelta(minutes=10))
    hand.now += timedelta(minutes=10)

    assert send(mailer) == 0
    assert known(engine, number).fate == Fate.SKIPPED
    assert sink.counts == {}


def test_old_notices_are_forgotten_and_waiting_ones_are_not(engine: Engine, sink: Sink) -> None:
    hand = Hand()
    mailer = an_installation(engine, sink, hand)
    ask(mailer)
    send(mailer)
    hand.now += timedelta(days=2)
    waiting = ask(mailer, "bob@readers.test")

    with transaction(engine) as session:
        assert notices.remove_settled(session, hand.now - timedelta(days=1)) == 1
    with reading(engine) as session:
        assert list(session.scalars(select(Notice.id))) == [waiting]


def test_a_ready_message_goes_out_as_it_is_signed_where_keys_are_set(
    engine: Engine, sink: Sink
) -> None:
    signer = DkimSigner([DkimKey("river.test", "s1", new_key("rsa"))])
    mailer = replace(an_installation(engine, sink, Hand()), dkim=signer)
    source = b"From: a@river.test\r\nSubject: Test\r\n\r\n.dot\r\nend\r\n"
    with transaction(engine) as session:
        mailer.notifier.queue(
            session, source, mail_from="a@river.test", to="ann@readers.test", subject="T", now=NOON
        )

    send(mailer)

    [(_, taken)] = sink.accepted
    assert taken.startswith(b"DKIM-Signature: ")
    assert taken.endswith(source)


def test_a_line_break_in_a_value_makes_no_header(engine: Engine, sink: Sink) -> None:
    mailer = an_installation(engine, sink, Hand())
    with transaction(engine) as session:
        newsletter = add_newsletter(
            session, name="River\r\nBcc: eve@evil.test", from_name="R\nX: y"
        )
        mailer.notifier.notify(
            session,
            "confirm",
            to="ann@readers.test",
            to_name="Ann\r\nBcc: eve@evil.test",
            values=VALUES,
            newsletter=newsletter,
            now=NOON,
        )
    send(mailer)
    message = sink.message("ann@readers.test")

    assert message["bcc"] is None
    assert message["x"] is None


def test_mails_of_the_installation_come_from_the_setting_or_the_first_newsletter(
    engine: Engine, sink: Sink
) -> None:
    mailer = an_installation(engine, sink, Hand())
    with transaction(engine) as session, pytest.raises(ConfigurationError, match="SYSTEM_FROM"):
        mailer.notifier.notify(session, "test", to="ann@readers.test", values={}, now=NOON)
    with transaction(engine) as session:
        add_newsletter(session)
        mailer.notifier.notify(session, "test", to="ann@readers.test", values={}, now=NOON)
    mailer = an_installation(engine, sink, Hand(), system_from="Office <office@river.test>")
    with transaction(engine) as session:
        mailer.notifier.notify(session, "test", to="bob@readers.test", values={}, now=NOON)
    send(mailer)

    assert sink.message("ann@readers.test")["from"] == "River Watch <news@river.test>"
    assert sink.message("bob@readers.test")["from"] == "Office <office@river.test>"


def test_what_is_no_address_is_refused_before_anything_is_stored(
    engine: Engine, sink: Sink
) -> None:
    mailer = an_installation(engine, sink, Hand())
    with pytest.raises(InvalidAddress):
        ask(mailer, "nobody")
    with reading(engine) as session:
        assert notices.counts(session).waiting == 0


def test_a_notice_waits_for_no_rate_and_counts_against_all_that_others_wait_for(
    engine: Engine, sink: Sink
) -> None:
    limits = Limits(parse_rates("5/hour"), {"readers.test": parse_rates("2/day")})
    domains = {"readers.test": "2/day"}
    mailer = an_installation(engine, sink, Hand(), rates="5/hour", domain_rates=domains)
    wanted = {Kind(): 3, Kind(domain="readers.test"): 2}
    with transaction(engine) as session:
        assert reserved(session, limits, wanted, now=NOON) == wanted
    for name in ("ann", "ben", "cat"):
        ask(mailer, f"{name}@readers.test")

    assert send(mailer) == 3

    assert sink.counts.total() == 3
    with transaction(engine) as session:
        later = NOON + timedelta(minutes=59)
        assert reserved(session, limits, wanted, now=later) == dict.fromkeys(wanted, 0)


def test_a_relay_that_is_away_spends_no_permits_of_notices(engine: Engine) -> None:
    hand = Hand()
    mailer = an_installation(engine, Sink(port=1), hand, rates="5/hour")
    ask(mailer)
    for _ in range(7):
        send(mailer)
        hand.now += timedelta(minutes=1)

    with transaction(engine) as session:
        limits = Limits(parse_rates("5/hour"))
        assert reserved(session, limits, {Kind(): 5}, now=hand.now) == {Kind(): 5}
