"""Bounces told in words by mail systems of every kind, and what is told from them."""

from __future__ import annotations

import json

import pytest

from mailer.bouncing.reading import read
from mailer.reports import Finding, Kind, Reason
from tests.support.returned import dsn, mail, recipient
from tests.support.sending import SIGNER

ORIGINAL = "Return-Path: <bounces@river.test>\nFrom: news@river.test\nTo: ann@readers.test\n"


def only(source: bytes) -> Finding:
    [finding] = read(source, SIGNER).findings
    return finding


def letter(body: str, *, subject: str = "Mail System", sender: str = "gateway@mx.test") -> bytes:
    """A letter by nobody who calls itself a machine, in an envelope that names a sender."""
    return mail(body, sender=sender, Subject=subject, Return_Path=f"<{sender}>")


@pytest.mark.parametrize(
    "body",
    [
        "The mail below could not be delivered to the following user:\n\n<ann@readers.test>\n",
        "Your message\n\n  To: ann@readers.test\n\ndid not reach the following recipient(s):\n\n"
        "ann@readers.test on Mon, 2 Nov 2026\n    The recipient name is not recognized\n",
        "Sent <<< RCPT TO:<ann@readers.test>\n\nUnable to deliver message to <ann@readers.test> "
        "(and others).\nUnable to deliver your message to one or more of them.\n",
        "Votre message n'a pas pu etre delivre a\nann@readers.test\n",
        "Ihre Nachricht konnte nicht zugestellt werden:\n\nann@readers.test\n",
    ],
)
def test_sentences_that_only_mail_systems_write_make_a_bounce(body: str) -> None:
    finding = only(letter(body))

    assert finding.kind in (Kind.PERMANENT, Kind.TRANSIENT)
    assert finding.address == "ann@readers.test"


@pytest.mark.parametrize(
    "subject",
    [
        "Permanent Delivery Failure",
        "Undeliverable: News",
        "Returned Mail - Error During Delivery",
        "Mail could not be delivered",
        "Warning: ann@readers.test - User unknown!",
    ],
)
def test_subjects_that_no_person_writes_make_a_bounce(subject: str) -> None:
    finding = only(letter("<ann@readers.test>: something is wrong there.", subject=subject))

    assert (finding.kind, finding.address) == (Kind.TRANSIENT, "ann@readers.test")


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Re: Undeliverable: News", "Hello, I got this again from my provider. Ann"),
        ("Fwd: Returned mail", "What does that mean? Ann"),
        ("News", "I could not open the second link; the first one is fine."),
        ("Delivery on Monday", "The flyers will be delivered to the office at noon."),
    ],
)
def test_what_a_person_writes_about_mail_is_no_bounce(subject: str, body: str) -> None:
    assert only(letter(body, subject=subject, sender="ann@readers.test")).kind is Kind.OTHER


@pytest.mark.parametrize(
    "line",
    [
        "User's mailbox is full: <ann@readers.test>",
        "Delivery failed 20 attempts: ann@readers.test",
        "Local mailbox ann@readers.test is unavailable: user not found",
        "Recipient: [SMTP:ann@readers.test]",
        "c=US;a= ;p=River;dda:SMTP=ann@readers.test; on Mon, 2 Nov 2026",
    ],
)
def test_the_address_is_found_wherever_it_stands(line: str) -> None:
    source = mail(f"{line}\n\nFor help contact <help@mx.test>.\n", Subject="Mail failure")

    assert only(source).address == "ann@readers.test"


def test_a_report_inside_what_a_gateway_passes_on_is_read() -> None:
    inner = dsn(recipient("ann@readers.test")).decode()
    body = (
        "--=_outer\nContent-Type: text/plain\n\nA mail was passed on.\n"
        f"--=_outer\nContent-Type: message/rfc822\n\n{inner}\n--=_outer--\n"
    )
    kind = 'multipart/mixed; boundary="=_outer"'

    finding = only(mail(body, Subject="Mail failure", Content_Type=kind))

    assert (finding.kind, finding.address) == (Kind.PERMANENT, "ann@readers.test")


def test_recipients_that_no_blank_line_parts_are_told_apart() -> None:
    groups = recipient("ann@readers.test") + recipient(
        "bo@full.test", status="5.2.2", words="smtp; 552 5.2.2 Mailbox full"
    )

    first, second = read(dsn(groups), SIGNER).findings

    assert (first.address, first.kind) == ("ann@readers.test", Kind.PERMANENT)
    assert (second.address, second.reason) == ("bo@full.test", Reason.MAILBOX_FULL)


def test_blank_lines_before_a_mail_do_not_hide_its_header() -> None:
    assert only(b"  \n\n" + dsn(recipient())).kind is Kind.PERMANENT


@pytest.mark.parametrize(
    ("words", "kind", "reason"),
    [
        (
            "521 5.3.2 <ann@readers.test>: takes none, rejected",
            Kind.PERMANENT,
            Reason.TAKES_NO_MAIL,
        ),
        ("521 5.7.1 client [192.0.2.1] blocked using rbl.test", Kind.TRANSIENT, Reason.BLOCKED),
        ("550 <ann@readers.test>: User unknown", Kind.PERMANENT, Reason.USER_UNKNOWN),
        ("Remote host said: 550 unknown user", Kind.TRANSIENT, Reason.USER_UNKNOWN),
        (
            "after MAIL FROM:<b@river.test>: 550 Unroutable address",
            Kind.TRANSIENT,
            Reason.HOST_UNKNOWN,
        ),
        ("my name was rejected: 501 Invalid domain name", Kind.TRANSIENT, Reason.HOST_UNKNOWN),
        ("name service error: Host not found, try again", Kind.TRANSIENT, Reason.NETWORK),
        ("5.1.0 - Unknown address error 550-'5.7.1 Access denied'", Kind.TRANSIENT, Reason.POLICY),
        ("550 access from ip address 192.0.2.1 blocked", Kind.TRANSIENT, Reason.BLOCKED),
        ("his disk quota exceeded, too much mail stored", Kind.TRANSIENT, Reason.MAILBOX_FULL),
        ("RCPT TO: 550 Destinatario inexistente", Kind.PERMANENT, Reason.USER_UNKNOWN),
        ("RCPT TO: 550 Пользователь не найден", Kind.PERMANENT, Reason.USER_UNKNOWN),
        ("RCPT TO: 550 收件人不存在", Kind.PERMANENT, Reason.USER_UNKNOWN),
    ],
)
def test_what_servers_say_and_when_decides(words: str, kind: Kind, reason: Reason) -> None:
    finding = only(dsn(recipient(status="5.0.0", words=f"smtp; {words}")))

    assert (finding.kind, finding.reason) == (kind, reason)


def test_google_saying_not_found_without_the_other_servers_words_is_certain() -> None:
    said = (
        "Your message wasn't delivered to ann@readers.test because the address couldn't be found."
    )
    alone = dsn(recipient(status="5.0.0", words=""), letter=said)
    quoting = dsn(recipient(status="5.0.0", words="smtp; 550 : User unknown"), letter=said)

    assert only(alone).kind is Kind.PERMANENT
    assert only(quoting).kind is Kind.TRANSIENT


def test_a_host_that_was_sought_for_hours_expired() -> None:
    body = (
        "Delivery to the following recipients was aborted after 5.0 hour(s):\n\n"
        "  * ann@readers.test\n\nRouting: Could not find a gateway for ann@readers.test\n"
    )

    finding = only(mail(body))

    assert (finding.kind, finding.reason) == (Kind.TRANSIENT, Reason.EXPIRED)


@pytest.mark.parametrize(
    "subject",
    [
        "Automatyczna odpowiedź: News",
        "Automaattinen vastaus: News",
        "Trả lời tự động: News",
        "Balasan otomatis: News",
        "Автоматична відповідь: News",
        "Automātiska atbilde: News",
        "Out of office",
    ],
)
def test_answers_of_the_absent_are_no_bounces_whatever_they_say(subject: str) -> None:
    body = (
        "I am away. What was undelivered, or could not be delivered to the following, is with Bo."
    )

    assert only(mail(body, sender="ann@readers.test", Subject=subject)).kind is Kind.AUTO_REPLY


def test_a_shops_delivery_is_none_of_ours() -> None:
    source = letter("It has been shipped.", subject="Delivery notification", sender="a@shop.test")

    assert only(source).kind is Kind.OTHER


def test_an_address_on_the_relays_own_list_is_gone_for_good() -> None:
    notice = {
        "notificationType": "Bounce",
        "bounce": {
            "bounceType": "Permanent",
            "bounceSubType": "OnAccountSuppressionList",
            "bouncedRecipients": [{"emailAddress": "ann@readers.test"}],
        },
    }

    finding = only(letter(json.dumps(notice), subject="AWS Notification Message"))

    assert (finding.kind, finding.address) == (Kind.PERMANENT, "ann@readers.test")
