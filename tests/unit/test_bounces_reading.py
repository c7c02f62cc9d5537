"""What is recognised in mails that came back: recipient, kind and reason."""

from __future__ import annotations

import pytest

from mailer.bouncing.reading import read
from mailer.reports import Finding, Kind, Reason, Report
from tests.support.returned import (
    complaint,
    dsn,
    leaving,
    mail,
    recipient,
    vacation,
)
from tests.support.sending import SIGNER


def report(source: bytes) -> Report:
    return read(source, SIGNER)


def only(source: bytes) -> Finding:
    [finding] = report(source).findings
    return finding


def test_a_status_report_names_each_recipient_with_status_and_words() -> None:
    source = dsn(
        recipient("ann@readers.test"),
        recipient("bo@full.test", status="5.2.2", words="smtp; 552 5.2.2 Mailbox full"),
    )

    first, second = report(source).findings

    assert (first.address, first.kind, first.status, first.reason) == (
        "ann@readers.test",
        Kind.PERMANENT,
        "5.1.1",
        Reason.USER_UNKNOWN,
    )
    assert "User unknown" in first.words
    assert (second.address, second.kind, second.reason) == (
        "bo@full.test",
        Kind.TRANSIENT,
        Reason.MAILBOX_FULL,
    )


def test_a_delay_is_no_bounce() -> None:
    finding = only(dsn(recipient(action="delayed", status="4.4.1", words="smtp; timed out")))

    assert finding.kind is Kind.DELAYED


def test_failed_with_a_status_of_4_is_transient() -> None:
    """As Postfix says after its queue's lifetime."""
    finding = only(dsn(recipient(status="4.1.1", words="smtp; 450 4.1.1 User unknown")))

    assert finding.kind is Kind.TRANSIENT


def test_a_report_of_success_is_no_bounce() -> None:
    for action in ("delivered", "relayed", "expanded"):
        finding = only(dsn(recipient(action=action, status="2.0.0", words="smtp; 250 Ok")))
        assert finding.kind is Kind.OTHER


def test_the_address_we_asked_for_is_told_from_the_one_it_was_forwarded_to() -> None:
    finding = only(dsn(recipient("ann.new@other.test", asked="ann@readers.test")))

    assert (finding.address, finding.asked) == ("ann.new@other.test", "ann@readers.test")


@pytest.mark.parametrize(
    ("status", "words", "reason"),
    [
        ("5.0.0", "550 Host unknown (Name server: gone.test: host not found)", Reason.HOST_UNKNOWN),
        ("5.1.2", "550 5.1.2 bad destination host", Reason.HOST_UNKNOWN),
        ("5.1.6", "551 5.1.6 recipient has moved", Reason.MOVED),
        ("5.1.10", "556 5.1.10 recipient address has null MX", Reason.USER_UNKNOWN),
        ("5.0.0", "550 RCPT TO: <ann@readers.test> no such user", Reason.USER_UNKNOWN),
        ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied", Reason.USER_UNKNOWN),
    ],
)
def test_what_makes_an_address_unreachable_for_good(
    status: str, words: str, reason: Reason
) -> None:
    finding = only(dsn(recipient(status=status, words=f"smtp; {words}")))

    assert (finding.kind, finding.reason) == (Kind.PERMANENT, reason)


@pytest.mark.parametrize(
    ("status", "words", "reason"),
    [
        ("5.7.1", "554 5.7.1 Client host [192.0.2.1] blocked using rbl.test", Reason.BLOCKED),
        ("5.7.1", "550 5.7.1 message looks like spam", Reason.SPAM),
        ("5.7.26", "550 5.7.26 unauthenticated mail", Reason.AUTHENTICATION),
        ("5.1.8", "553 5.1.8 sender domain does not exist", Reason.SENDER),
        ("5.1.1", "550 5.1.1 mailbox full", Reason.MAILBOX_FULL),
        ("5.2.1", "550 5.2.1 account disabled", Reason.SUSPENDED),
        ("5.3.4", "552 5.3.4 message size exceeds limit", Reason.MESSAGE_TOO_BIG),
        ("5.4.6", "554 5.4.6 too many hops", Reason.LOOP),
        ("5.0.0", "554 relay access denied", Reason.RELAYING),
        ("4.4.7", "message expired in the queue", Reason.EXPIRED),
        ("5.0.0", "Recipient address rejected: greylisted by policy", Reason.POLICY),
    ],
)
def test_what_says_nothing_against_the_address(status: str, words: str, reason: Reason) -> None:
    finding = only(dsn(recipient(status=status, words=f"smtp; {words}")))

    assert (finding.kind, finding.reason) == (Kind.TRANSIENT, reason)


def test_user_unknown_after_the_whole_message_is_a_filter_speaking() -> None:
    words = "host mx.test said: 550 User unknown (in reply to end of DATA command)"

    assert only(dsn(recipient(status="5.0.0", words=f"smtp; {words}"))).kind is Kind.TRANSIENT


QMAIL = """\
Hi. This is the qmail-send program at mx.test.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ann@readers.test>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 unknown user
Giving up on 192.0.2.1.

<bo@full.test>:
Remote host said: 552 mailbox is over quota

--- Below this line is a copy of the message.

Return-Path: <bounces@river.test>
To: everybody@elsewhere.test
"""
EXIM = """\
This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ann@readers.test
    SMTP error from remote mail server after RCPT TO:<ann@readers.test>:
    host mx.readers.test [192.0.2.1]: 550 No such user

------ This is a copy of the message, including all the headers. ------

Return-path: <bounces@river.test>
"""
EXCHANGE = """\
Your message

  To:      bounces@river.test
  Subject: News

did not reach the following recipient(s):

ann@readers.test on Mon, 2 Nov 2026 12:00:00 +0000
    The recipient name is not recognized
"""
TRANSCRIPT = """\
   ----- Transcript of session follows -----
While talking to mx.readers.test:
>>> RCPT To:<ann@readers.test>
<<< 550 5.1.1 not here
550 <ann@readers.test>... User unknown

   ----- Unsent message follows -----
Received: by mx.test; Mon, 2 Nov 2026 12:00:00 +0000
To: other@elsewhere.test
"""
SENTENCE = "We were unable to deliver your message to <ann@readers.test>: unknown recipient.\n"


@pytest.mark.parametrize("letter", [EXIM, EXCHANGE, TRANSCRIPT, SENTENCE])
def test_bounces_told_in_words_are_read(letter: str) -> None:
    finding = only(mail(letter))

    assert (finding.address, finding.kind) == ("ann@readers.test", Kind.PERMANENT)


def test_a_letter_may_name_several_addresses_each_with_its_own_reason() -> None:
    first, second = report(mail(QMAIL, Subject="failure notice")).findings

    assert (first.address, first.kind) == ("ann@readers.test", Kind.PERMANENT)
    assert (second.address, second.reason) == ("bo@full.test", Reason.MAILBOX_FULL)


def test_a_letter_that_names_nobody_is_about_whom_the_original_went_to() -> None:
    letter = "Delivery failed.\n\n--- The header of the original message ---\n\n"
    original = "Received: from mx.test\nTo: Ann <ann@readers.test>\nSubject: News\n"

    assert only(mail(letter + original)).address == "ann@readers.test"


def test_a_warning_in_words_is_a_delay() -> None:
    letter = (
        "This is a warning message only.\nYour message has been delayed:\n\n  ann@readers.test\n"
    )

    assert only(mail(letter, Subject="Delivery Status Notification (Delay)")).kind is Kind.DELAYED


def test_html_and_encoded_letters_are_read() -> None:
    html = (
        "<html><body><p>Delivery to the following recipient failed:</p>"
        "<p>ann@readers.test</p><p>550 5.1.1 User =E2=80=93 unknown</p></body></html>"
    )
    source = mail(
        html, Content_Type="text/html; charset=utf-8", Content_Transfer_Encoding="quoted-printable"
    )

    assert (only(source).address, only(source).status) == ("ann@readers.test", "5.1.1")


def test_notices_of_amazon_ses_are_read() -> None:
    notice = (
        '{"notificationType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":'
        '"ann@readers.test","action":"failed","status":"5.1.1","diagnosticCode":'
        '"smtp; 550 5.1.1 user unknown"}]}}'
    )
    finding = only(mail(notice, sender="no-reply@sns.test", Subject="Notification"))
    assert (finding.address, finding.kind) == ("ann@readers.test", Kind.PERMANENT)

    notice = (
        '{"notificationType":"Complaint","complaint":{"complainedRecipients":'
        '[{"emailAddress":"ann@readers.test"}]}}'
    )
    assert only(mail(notice, sender="no-reply@sns.test")).kind is Kind.COMPLAINT


def test_a_complaint_names_its_readers() -> None:
    source = complaint(
        "To: hidden\n", fields="Feedback-Type: abuse\nOriginal-Rcpt-To: <ann@readers.test>"
    )

    assert (only(source).kind, only(source).address) == (Kind.COMPLAINT, "ann@readers.test")


def test_a_complaint_that_names_nobody_is_a_complaint_all_the_same() -> None:
    finding = only(complaint("From: news@river.test\nSubject: News\n"))

    assert (finding.kind, finding.address) == (Kind.COMPLAINT, "")


def test_a_complaint_may_be_the_mail_alone_with_one_field_more() -> None:
    body = (
        "--=_x\nContent-Type: message/rfc822\n\n"
        "X-HmXmrOriginalRecipient: ann@readers.test\nFrom: news@river.test\n\nHello\n--=_x--\n"
    )
    source = mail(body, sender="staff@provider.test", Content_Type="multipart/mixed; boundary==_x")

    assert (only(source).kind, only(source).address) == (Kind.COMPLAINT, "ann@readers.test")


@pytest.mark.parametrize("kind", ["auth-failure", "not-spam"])
def test_reports_on_forged_mails_and_withdrawn_complaints_are_no_complaints(kind: str) -> None:
    assert only(complaint("To: a@b.test\n", fields=f"Feedback-Type: {kind}")).kind is Kind.OTHER


def test_replies_of_machines_are_no_bounces() -> None:
    assert only(vacation()).kind is Kind.AUTO_REPLY
    for subject in ("Out of office", "Abwesenheitsnotiz: News", "Réponse automatique : News"):
        source = mail("Back soon.", sender="ann@readers.test", Subject=subject, Return_Path="")
        assert only(source).kind is Kind.AUTO_REPLY, subject


def test_letters_of_people_are_no_bounces() -> None:
    letter = "My old address bo@full.test bounced: user unknown. Please use this one.\n"
    source = mail(letter, sender="ann@readers.test", Subject="Delivery", Return_Path="<ann@x.test>")

    assert only(source).kind is Kind.OTHER


def test_a_bounce_that_somebody_forwards_is_a_letter() -> None:
    inside = dsn().decode()
    body = f"See below.\n--=_f\nContent-Type: message/rfc822\n\n{inside}\n--=_f--\n"
    source = mail(
        f"--=_f\nContent-Type: text/plain\n\n{body}",
        sender="ann@readers.test",
        Subject="Fwd",
        Return_Path="<ann@readers.test>",
        Content_Type="multipart/mixed; boundary==_f",
    )

    assert only(source).kind is Kind.OTHER


def test_a_mail_to_the_address_for_it_asks_to_leave() -> None:
    token = SIGNER.sign(7, 42)

    assert only(leaving(f"unsubscribe+{token}@river.test")).kind is Kind.UNSUBSCRIBE
    assert only(leaving("news@river.test", f"unsubscribe {token}")).kind is Kind.UNSUBSCRIBE
