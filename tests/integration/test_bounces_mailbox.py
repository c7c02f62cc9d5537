"""Reports that come to a mailbox are taken in once, and marked only when they were recorded."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import Engine, select, text

from mailer.bouncing.polling import poll
from mailer.database.engine import reading, transaction
from mailer.database.tables import Bounce
from mailer.errors import ConfigurationError, Unavailable
from mailer.mailboxes import Mailbox, parse_mailbox
from mailer.reports import Kind
from tests.support.command import an_installation
from tests.support.factories import add_issue, add_newsletter, add_subscriber
from tests.support.mailbox_server import PASSWORD, USER, MailboxServer, serving
from tests.support.receiving import an_intake
from tests.support.returned import dsn, mail, vacation, verp

LETTER = mail("Hello", sender="ann@readers.test", Subject="Hi", Return_Path="")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailboxServer]:
    with serving(tmp_path) as (server, authority):
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        yield server


@pytest.fixture
def bounce(engine: Engine) -> bytes:
    with transaction(engine) as session:
        newsletter = add_newsletter(session, return_path="bounces@river.test")
        ann = add_subscriber(session, newsletter=newsletter).id
        return dsn(to=verp(add_issue(session, newsletter).id, ann))


def mailbox(server: MailboxServer, protocol: str = "imaps", **options: str) -> Mailbox:
    account = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"
    query = "&".join(f"{name}={value}" for name, value in options.items())
    return parse_mailbox(f"{protocol}://{account}@localhost:{server.port}/INBOX?{query}")


def recorded(engine: Engine) -> list[Kind]:
    with reading(engine) as session:
        return list(session.scalars(select(Bounce.kind).order_by(Bounce.id)))


def test_reports_are_marked_as_seen_and_letters_stay_unread(
    engine: Engine, server: MailboxServer, bounce: bytes
) -> None:
    server.put(bounce, LETTER, vacation())

    counts = poll(mailbox(server), an_intake(engine))

    assert counts == {"bounce-permanent": 1, "other": 1, "auto-reply": 1}
    assert server.flags() == [{"\\Seen"}, {"\\Flagged"}, {"\\Seen"}]
    assert poll(mailbox(server), an_intake(engine)) == {}
    assert server.fetched == 3


def test_reports_may_be_removed_once_they_are_recorded(
    sqlite_engine: Engine, server: MailboxServer
) -> None:
    server.put(vacation(), LETTER)

    poll(mailbox(server, then="delete"), an_intake(sqlite_engine))

    assert [letter.uid for letter in server.letters] == [2]
    assert recorded(sqlite_engine) == [Kind.AUTO_REPLY, Kind.OTHER]


def test_a_poll_that_breaks_off_goes_on_next_time(
    sqlite_engine: Engine, server: MailboxServer
) -> None:
    server.put(*(vacation(f"bounces+{number}@river.test") for number in range(4)))
    for number, letter in enumerate(server.letters):
        letter.source = letter.source.replace(b"report.1", b"report.%d" % number)
    server.drop_after = 2

    with pytest.raises(Unavailable, match="does not give its mails"):
        poll(mailbox(server), an_intake(sqlite_engine))
    server.drop_after = None

    assert len(recorded(sqlite_engine)) == 2
    assert poll(mailbox(server), an_intake(sqlite_engine)) == {"auto-reply": 2}
    assert server.flags() == [{"\\Seen"}] * 4


def test_what_was_recorded_but_not_marked_counts_once(
    sqlite_engine: Engine, server: MailboxServer
) -> None:
    server.put(vacation())
    an_intake(sqlite_engine).take(server.letters[0].source)

    assert poll(mailbox(server), an_intake(sqlite_engine)) == {"known": 1}
    assert recorded(sqlite_engine) == [Kind.AUTO_REPLY]
    assert server.flags() == [{"\\Seen"}]


def test_nothing_is_marked_while_it_cannot_be_recorded(
    sqlite_engine: Engine, server: MailboxServer
) -> None:
    server.put(vacation())
    with sqlite_engine.begin() as connection:
        connection.execute(text("ALTER TABLE bounces RENAME TO away"))

    with pytest.raises(Exception, match="no such table"):
        poll(mailbox(server), an_intake(sqlite_engine))

    assert server.flags() == [set()]


def test_over_pop3_reports_are_removed_and_letters_stay(
    sqlite_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(tmp_path, pop3=True) as (server, authority):
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        server.put(vacation(), LETTER)
        box = mailbox(server, "pop3s")

        assert poll(box, an_intake(sqlite_engine)) == {"auto-reply": 1, "other": 1}
        assert poll(box, an_intake(sqlite_engine)) == {"known": 1}

        assert [letter.uid for letter in server.letters] == [2]


def test_a_certificate_that_nobody_vouches_for_is_refused(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    with serving(tmp_path) as (server, _):
        server.put(vacation())
        with pytest.raises(Unavailable, match="certificate we cannot trust"):
            poll(mailbox(server), an_intake(sqlite_engine))
        assert server.logins == 0

        assert poll(mailbox(server, verify="no"), an_intake(sqlite_engine)) == {"auto-reply": 1}


def test_a_wrong_password_or_folder_is_told_without_the_password(
    sqlite_engine: Engine, server: MailboxServer
) -> None:
    right = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"
    for account, folder in (("ann:secret", "INBOX"), (right, "Elsewhere")):
        box = parse_mailbox(f"imaps://{account}@localhost:{server.port}/{folder}")
        with pytest.raises(ConfigurationError, match="MAILER_BOUNCE_MAILBOX") as told:
            poll(box, an_intake(sqlite_engine))
        assert "secret" not in str(told.value)
        assert PASSWORD not in str(told.value)
        assert PASSWORD not in repr(box)


def test_a_mailbox_that_is_away_says_so(sqlite_engine: Engine) -> None:
    with pytest.raises(Unavailable, match="does not give its mails"):
        poll(parse_mailbox("imaps://a:b@localhost:1"), an_intake(sqlite_engine))


@pytest.mark.parametrize(
    "address",
    ["http://a:b@x.test", "imaps://x.test", "imaps://a:b@x.test:99999", "imaps://a:b@x.test/?a=1",
     "imaps://a:b@x.test/?then=burn"],
)  # fmt: skip
def test_a_wrong_address_is_told_without_the_password(address: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        parse_mailbox(address)
    assert ":b@" not in str(told.value)


def test_an_address_says_everything() -> None:
    box = parse_mailbox("imaps://a%40x.test:p%40ss@mail.x.test/Bounces/New?then=delete")

    assert (box.port, box.username, box.password) == (993, "a@x.test", "p@ss")
    assert (box.folder, box.delete, box.verify) == ("Bounces/New", True, True)
    assert parse_mailbox("pop3s://a:b@x.test").delete
    assert parse_mailbox("imap://a:b@x.test").port == 143


def test_the_scheduler_looks_into_the_mailbox(
    tmp_path: Path, sqlite_url: str, server: MailboxServer
) -> None:
    server.put(vacation())
    account = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"
    house = an_installation(
        tmp_path,
        sqlite_url,
        bounce_mailbox=f"imaps://{account}@localhost:{server.port}/INBOX",
        bounce_poll_seconds=5,
    )
    house.environment["SSL_CERT_FILE"] = os.environ["SSL_CERT_FILE"]

    with house.running("-m", "mailer", "schedule"):
        for _ in range(600):
            if server.flags() == [{"\\Seen"}]:
                break
            time.sleep(0.1)

    assert server.flags() == [{"\\Seen"}]
    assert [one["kind"] for one in house.json("bounces", "list")] == ["auto-reply"]
