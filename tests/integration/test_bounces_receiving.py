"""The receiver takes what comes back, over SMTP and LMTP, and nothing else; nothing is lost."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select, text

from mailer.audience import suppressions
from mailer.bouncing.receiving import Receiver
from mailer.database.engine import reading, transaction
from mailer.database.tables import Bounce
from mailer.errors import ConfigurationError
from mailer.reports import Kind
from tests.support.factories import add_issue, add_newsletter, add_subscriber
from tests.support.receiving import Client, an_intake, receiving
from tests.support.returned import dsn, leaving, verp
from tests.support.sending import SIGNER


def a_house(engine: Engine) -> tuple[int, int]:
    with transaction(engine) as session:
        newsletter = add_newsletter(session, return_path="bounces@river.test")
        ann = add_subscriber(session, newsletter=newsletter).id
        return add_issue(session, newsletter).id, ann


def recorded(engine: Engine) -> list[Kind]:
    with reading(engine) as session:
        return list(session.scalars(select(Bounce.kind).order_by(Bounce.id)))


@pytest.mark.parametrize("greeting", ["EHLO mx.test", "HELO mx.test", "LHLO mx.test"])
def test_a_bounce_is_recorded_before_it_is_answered(engine: Engine, greeting: str) -> None:
    to = verp(*a_house(engine))
    with receiving(engine) as port, Client(port) as client:
        said = client.hand_over(dsn(), to, greeting=greeting)

        assert said == "250 2.0.0 OK: bounce-permanent"
        assert recorded(engine) == [Kind.PERMANENT]
    with reading(engine) as session:
        assert suppressions.find(session, "ann@readers.test", SIGNER) is not None


def test_the_envelope_says_whom_it_is_about(sqlite_engine: Engine) -> None:
    """The header's To may name anybody."""
    issue_id, ann = a_house(sqlite_engine)
    with receiving(sqlite_engine) as port, Client(port) as client:
        client.hand_over(dsn(to="postmaster@elsewhere.test"), verp(issue_id, ann))

    with reading(sqlite_engine) as session:
        assert session.scalars(select(Bounce.subscriber_id)).one() == ann


def test_mail_to_leave_is_taken_in_the_same_way(sqlite_engine: Engine) -> None:
    address = f"unsubscribe+{SIGNER.sign(*a_house(sqlite_engine))}@river.test"
    with receiving(sqlite_engine) as port, Client(port) as client:
        assert client.hand_over(leaving(address), address) == "250 2.0.0 OK: unsubscribe"


@pytest.mark.parametrize(
    "address", ["ann@readers.test", "bounces@elsewhere.test", "news@river.test", "nobody"]
)
def test_mail_for_anybody_else_is_refused(sqlite_engine: Engine, address: str) -> None:
    a_house(sqlite_engine)
    with receiving(sqlite_engine) as port, Client(port) as client:
        said = client.hand_over(dsn(), address)

    assert said.startswith("550 5.1.1 Only what comes back")
    assert recorded(sqlite_engine) == []


def test_over_lmtp_each_recipient_is_answered(sqlite_engine: Engine) -> None:
    issue_id, ann = a_house(sqlite_engine)
    with receiving(sqlite_engine) as port, Client(port) as client:
        first = client.hand_over(
            dsn(), verp(issue_id, ann), "bounces@river.test", greeting="LHLO mx.test"
        )

        assert first.startswith("250 2.0.0 OK")
        assert client.answer().startswith("250 2.0.0 OK")
        assert client.say("NOOP").startswith("250")


def test_while_the_database_is_away_the_server_keeps_the_mail(sqlite_engine: Engine) -> None:
    to = verp(*a_house(sqlite_engine))
    with receiving(sqlite_engine) as port, Client(port) as client:
        with sqlite_engine.begin() as connection:
            connection.execute(text("ALTER TABLE bounces RENAME TO away"))
        assert client.hand_over(dsn(), to).startswith("451 4.3.0")

        with sqlite_engine.begin() as connection:
            connection.execute(text("ALTER TABLE away RENAME TO bounces"))
        assert client.hand_over(dsn(), to).startswith("250")

    assert recorded(sqlite_engine) == [Kind.PERMANENT]


def test_a_mail_of_any_bytes_is_taken_and_the_connection_goes_on(sqlite_engine: Engine) -> None:
    to = verp(*a_house(sqlite_engine))
    with receiving(sqlite_engine) as port, Client(port) as client:
        assert client.hand_over(b"\xff\x00 nothing\n\n.\n..\n", to).startswith("250")
        assert client.hand_over(dsn(), to).startswith("250")


def test_a_mail_beyond_the_limit_is_refused(sqlite_engine: Engine) -> None:
    with receiving(sqlite_engine) as port, Client(port) as client:
        assert "SIZE 33554432" in client.say("EHLO mx.test")
        assert client.say("MAIL FROM:<> SIZE=99999999").startswith("552")


def test_a_port_in_use_is_told_at_once(sqlite_engine: Engine) -> None:
    with receiving(sqlite_engine) as port, pytest.raises(ConfigurationError, match="another port"):
        Receiver(an_intake(sqlite_engine), port=port)
