"""Whom a report is about is known by our own signed token, wherever it comes back."""

from __future__ import annotations

import pytest

from mailer.bouncing.reading import read
from mailer.rendering.message import MessageHead, MessageTemplate, date_value
from mailer.tokens import Reader, Signer
from tests.support.factories import NOON
from tests.support.returned import READER, complaint, dsn, leaving, mail, verp
from tests.support.sending import SIGNER

RAW = SIGNER.raw(*READER)
TOKEN = SIGNER.sign(*READER)
STRANGER = Signer(b"the key of another installation")


def our_mail() -> str:
    head = MessageHead(
        subject="News",
        from_name="River",
        from_address="news@river.test",
        list_name="River",
        list_id="river.river.test",
        feedback_id="7:river:issue:river",
        base_url="https://mail.river.test",
        language="en",
        incoming_domain="river.test",
    )
    html = '<p>Hello</p><a href="https://mail.river.test/c/[[token]]/1">Act</a>'
    template = MessageTemplate(head, html=html, text="Hello\n")
    return template.render(TOKEN.encode(), b"redacted", date_value(NOON), {}).decode()


@pytest.mark.parametrize(
    "source",
    [
        dsn(to=verp()),
        dsn(to=verp().replace("bounces+", "BOUNCES+").upper()),
        dsn(envid=RAW.hex()),
        dsn(original=f"Return-Path: <{verp()}>\nSubject: News\n"),
        dsn(original=f"Message-ID: <{TOKEN}@river.test>\n"),
        mail(
            f"Could not be delivered.\n\n--- Original message follows.\n\nReturn-Path: <{verp()}>\n"
        ),
        leaving(f"unsubscribe+{TOKEN}@river.test"),
        leaving("unsubscribe@river.test", f"unsubscribe {TOKEN}"),
        leaving(f"unsubscribe+{TOKEN.lower()}@river.test", f"unsubscribe {TOKEN}"),
    ],
)
def test_a_token_names_the_reader_from_every_place_it_comes_back_in(source: bytes) -> None:
    assert read(source, SIGNER).reader == Reader(*READER)


@pytest.mark.parametrize("gone", ["List-Unsubscribe", "Message-ID", "/c/"])
def test_a_provider_may_make_much_of_the_original_unreadable(gone: str) -> None:
    kept = [line for line in our_mail().split("\r\n") if gone not in line]

    assert read(complaint("\n".join(kept)), SIGNER).reader == Reader(*READER)


def test_only_the_body_of_the_original_is_enough() -> None:
    body = our_mail().partition("\r\n\r\n")[2]

    source = complaint(f"Subject: News\nContent-Type: multipart/alternative\n\n{body}")

    assert read(source, SIGNER).reader == Reader(*READER)


def test_the_envelope_counts_before_what_the_header_says() -> None:
    report = read(dsn(to=verp(7, 99)), SIGNER, recipients=[verp()])

    assert report.reader == Reader(*READER)


@pytest.mark.parametrize(
    "source",
    [
        dsn(to=verp(signer=STRANGER)),
        dsn(to=verp(signer=STRANGER), envid=RAW.hex()),
        leaving(f"unsubscribe+{STRANGER.sign(*READER)}@river.test"),
    ],
)
def test_a_token_in_the_address_that_was_not_made_here_is_a_forgery(source: bytes) -> None:
    report = read(source, SIGNER)

    assert report.forged
    assert report.reader is None


def test_a_report_without_a_token_is_not_forged() -> None:
    report = read(dsn(to="bounces+list-of-friends@river.test"), SIGNER)

    assert (report.reader, report.forged) == (None, False)


def test_the_same_report_has_one_identity_on_every_way() -> None:
    direct = dsn(to=verp())
    relayed = b"Received: from mx.test by us.test\n" + direct
    other = dsn(to=verp(), Message_ID="<report.2@mx.test>")

    assert read(direct, SIGNER).identity == read(relayed, SIGNER).identity
    assert read(direct, SIGNER).identity != read(other, SIGNER).identity
