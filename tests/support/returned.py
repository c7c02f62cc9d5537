"""Mails that came back, written here in the forms that mail systems use."""

from __future__ import annotations

from mailer.tokens import Signer
from tests.support.sending import SIGNER

READER = (7, 42)  # issue and subscriber
SENDER = "bounces@river.test"


def verp(issue_id: int = READER[0], subscriber_id: int = READER[1], signer: Signer = SIGNER) -> str:
    return f"bounces+{signer.raw(issue_id, subscriber_id).hex()}@river.test"


def mail(
    body: str, *, to: str = SENDER, sender: str = "MAILER-DAEMON@mx.test", **headers: str
) -> bytes:
    """A mail whose header fields are named with underscores: ``Auto_Submitted``."""
    fields = {
        "Return_Path": "<>",
        "From": f"Mail Delivery System <{sender}>" if sender else "",
        "To": to,
        "Subject": "Undelivered Mail Returned to Sender",
        "Message_ID": "<report.1@mx.test>",
        "Date": "Mon, 2 Nov 2026 12:00:00 +0000",
    } | headers
    head = "".join(
        f"{name.replace('_', '-')}: {value}\n" for name, value in fields.items() if value
    )
    return f"{head}\n{body}".encode()


def recipient(
    address: str = "ann@readers.test",
    *,
    status: str = "5.1.1",
    action: str = "failed",
    words: str = "smtp; 550 5.1.1 <ann@readers.test>: Recipient address rejected: User unknown",
    asked: str = "",
) -> str:
    """One recipient's group of a status report (RFC 3464 section 2.3)."""
    lines = [f"Final-Recipient: rfc822; {address}", f"Action: {action}", f"Status: {status}"]
    lines += [f"Original-Recipient: rfc822; {asked}"] if asked else []
    lines += [f"Diagnostic-Code: {words}"] if words else []
    return "\n".join(lines) + "\n"


def dsn(
    *recipients: str, original: str = "", letter: str = "", envid: str = "", **rest: str
) -> bytes:
    """A delivery status notification."""
    groups = "\n".join(recipients or (recipient(),))
    identifier = f"Original-Envelope-Id: {envid}\n" if envid else ""
    original = original or "From: news@river.test\nTo: ann@readers.test\nSubject: News\n"
    body = f"""\
This is a MIME-encapsulated message.

--=_report
Content-Type: text/plain; charset=us-ascii

{letter or "Your message could not be delivered to one or more recipients."}

--=_report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.test
{identifier}Arrival-Date: Mon, 2 Nov 2026 11:59:58 +0000

{groups}
--=_report
Content-Type: text/rfc822-headers

{original}
--=_report--
"""
    kind = 'multipart/report; report-type=delivery-status;\n boundary="=_report"'
    return mail(body, Content_Type=kind, **rest)


def complaint(original: str, *, fields: str = "Feedback-Type: abuse", **rest: str) -> bytes:
    """A complaint (RFC 5965), with the mail it is about."""
    body = f"""\
--=_arf
Content-Type: text/plain

This is an abuse report for a message from 192.0.2.1.

--=_arf
Content-Type: message/feedback-report

{fields}
User-Agent: Provider-FBL/1.0
Version: 1

--=_arf
Content-Type: message/rfc822

{original}
--=_arf--
"""
    kind = 'multipart/report; report-type=feedback-report; boundary="=_arf"'
    head = {"sender": "fbl@provider.test", "Subject": "Abuse report", "Content_Type": kind}
    return mail(body, **(head | rest))


def vacation(to: str = SENDER) -> bytes:
    return mail(
        "I am away until the 9th.\n",
        to=to,
        sender="ann@readers.test",
        Subject="Automatic reply: News",
        Auto_Submitted="auto-replied",
    )


def leaving(to: str, subject: str = "unsubscribe") -> bytes:
    return mail("", to=to, sender="ann@readers.test", Subject=subject, Return_Path="")
