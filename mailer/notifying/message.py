"""The MIME message of one notice: CRLF lines, 7 bit."""

from __future__ import annotations

import hashlib
from binascii import b2a_qp
from dataclasses import dataclass
from datetime import datetime

from mailer.rendering.issue import Rendered
from mailer.rendering.message import date_value, mailbox, unstructured


@dataclass(frozen=True, slots=True)
class Envelope:
    """Whom a notice is from and for; addresses as they travel, their domains as A-labels."""

    from_name: str
    from_address: str
    to_name: str
    to_address: str
    reply_to: str | None = None


def compose(
    envelope: Envelope, rendered: Rendered, *, language: str, message_id: str, now: datetime
) -> bytes:
    """The whole message; a line break in a name or subject becomes a blank (RFC 5322 2.2)."""
    boundary = b"=_" + hashlib.sha256(message_id.encode()).hexdigest()[:24].encode()
    head = [
        b"From: " + mailbox(envelope.from_name, envelope.from_address.encode()),
        b"To: " + mailbox(envelope.to_name, envelope.to_address.encode()),
        b"Subject: " + unstructured(rendered.subject),
        b"Date: " + date_value(now),
        b"Message-ID: <" + message_id.encode() + b">",
        *([b"Reply-To: " + envelope.reply_to.encode()] if envelope.reply_to else []),
        b"Auto-Submitted: auto-generated",  # RFC 3834
        b"X-Auto-Response-Suppress: All",
        b"Content-Language: " + language.encode(),
        b"MIME-Version: 1.0",
        b'Content-Type: multipart/alternative;\r\n boundary="' + boundary + b'"',
    ]
    parts = [
        _part(boundary, b"text/plain", rendered.text),
        _part(boundary, b"text/html", rendered.html),
    ]
    return b"\r\n".join([*head, b"", *parts, b"--" + boundary + b"--", b""])


def dot_safe(message: bytes) -> bytes:
    """*message* as SMTP carries it: CRLF lines, dots at their start doubled (RFC 5321 4.5.2)."""
    lines = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").split(b"\n")
    return b"".join((b"." + line if line[:1] == b"." else line) + b"\r\n" for line in lines)


def _part(boundary: bytes, kind: bytes, text: str) -> bytes:
    return (
        b"--" + boundary + b"\r\nContent-Type: " + kind + b"; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + _quoted_printable(text)
    )


def _quoted_printable(text: str) -> bytes:
    # The standard library's: unlike an issue's body, this one is written for each recipient.
    return b2a_qp(text.replace("\r\n", "\n").encode(), istext=True).replace(b"\n", b"\r\n")
