"""The built-in inbox keeps every mail it says 250 to, byte for byte, and forgets old ones."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from aiosmtplib import SMTP
from sqlalchemy import Engine, select

from mailer.database.engine import reading
from mailer.database.tables import InboxMail
from mailer.errors import ConfigurationError
from mailer.inbox import mails
from mailer.inbox.mails import MOST_KEPT, Mail, add_mails
from mailer.inbox.server import InboxServer
from tests.support.factories import NOON
from tests.support.site import noon

pytestmark = pytest.mark.anyio
DOTTED = (
    b"From: news@river.test\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe_an_alle?=\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\n.\r\n..two dots\r\n.one dot\r\nend\r\n"
)


@contextmanager
def inbox(engine: Engine) -> Iterator[int]:
    """A listening inbox's port."""
    server = InboxServer(engine, noon, 0)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()


def kept(engine: Engine) -> list[InboxMail]:
    with reading(engine) as session:
        return list(session.scalars(select(InboxMail).order_by(InboxMail.id)))


async def test_a_mail_is_kept_with_its_envelope_and_bytes(engine: Engine) -> None:
    with inbox(engine) as port:
        async with SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            await client.sendmail("bounces@river.test", ["a@x.test", "b@x.test"], DOTTED)
            await client.sendmail("", ["c@x.test"], b"Subject: second\r\n\r\n\r\n")

    first, second = kept(engine)
    assert (first.sender, first.recipient) == ("bounces@river.test", "a@x.test, b@x.test")
    assert (first.subject, first.source, first.received_at) == ("Grüße an alle", DOTTED, NOON)
    assert (second.sender, second.subject) == ("", "second")


async def test_pipelined_mails_are_all_kept_in_order(sqlite_engine: Engine) -> None:
    """RFC 2920: several messages in one write, each answered."""
    one = b"MAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\nSubject: %d\r\n\r\nHello\r\n.\r\n"
    with inbox(sqlite_engine) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"EHLO x.test\r\n" + b"".join(one % number for number in range(20)) + b"QUIT\r\n"
        )
        answers = (await reader.read()).decode().splitlines()
        writer.close()
        await writer.wait_closed()

    assert "250-PIPELINING" in answers
    assert sum(answer.startswith("250 OK: kept") for answer in answers) == 20
    assert [mail.subject for mail in kept(sqlite_engine)] == [str(n) for n in range(20)]


async def test_a_mail_that_cannot_be_stored_is_put_off_and_not_lost_silently(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with inbox(engine) as port:
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE inbox_mails RENAME TO elsewhere")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"EHLO x\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\n\r\nx\r\n.\r\nQUIT\r\n"
        )
        answers = (await reader.read()).decode()
        writer.close()
        await writer.wait_closed()
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO inbox_mails")

    assert "\r\n451 " in answers
    assert "inbox: items are lost, 1 since the start" in caplog.text
    assert kept(engine) == []


def test_only_the_newest_mails_are_kept(engine: Engine) -> None:
    with engine.begin() as connection:
        for start in range(0, MOST_KEPT + 150, 50):
            add_mails(
                connection,
                [Mail(NOON, "", "", str(start + number), b"") for number in range(50)],
            )
    with reading(engine) as session:
        assert mails.count(session) == MOST_KEPT
        assert [mail.subject for mail in mails.find(session, "", before=None, most=1)] == [
            str(MOST_KEPT + 149)
        ]


def test_a_taken_port_is_one_clear_sentence(sqlite_engine: Engine) -> None:
    with (
        inbox(sqlite_engine) as port,
        pytest.raises(ConfigurationError, match=f":{port}: another program .*MAILER_INBOX_PORT"),
    ):
        InboxServer(sqlite_engine, noon, port).start()
