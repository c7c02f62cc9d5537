"""Reads a mail as a mail program does: its parts, its headers, the line beside the subject."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser

from lxml import html as lxml_html
from lxml.etree import LxmlError

_HEADERS = BytesHeaderParser(policy=policy.compat32)
_PARSER = BytesParser(EmailMessage, policy=policy.default)
_SNIPPET = 160
_UNSEEN_TAGS = ("head", "style", "script", "title", "template")
# Invisible characters that fill up the inbox line behind a preheader.
_FILLER = re.compile("[\u00ad\u034f\u200b-\u200d\u2007\u2060\ufeff]")
_URI = re.compile(r"<\s*(https?://[^>\s]+)\s*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Opened:
    """One mail, ready to be shown."""

    headers: tuple[tuple[str, str], ...]
    html: str | None
    text: str | None
    attachments: tuple[str, ...]
    unsubscribe: str | None  # the address of one-click unsubscribing (RFC 8058)

    def header(self, name: str) -> str:
        """The first header of that name; ``""``."""
        return next((value for key, value in self.headers if key.lower() == name), "")


def subject_of(source: bytes) -> str:
    """The subject in words."""
    head = source.partition(b"\r\n\r\n")[0]
    return decoded(str(_HEADERS.parsebytes(head).get("Subject", "")))


def decoded(value: str) -> str:
    """A header's value with its encoded words decoded (RFC 2047), on one line."""
    value = " ".join(value.split())
    try:
        return str(make_header(decode_header(value)))
    except (LookupError, ValueError):  # an unknown charset, or broken base64
        return value


def open_mail(source: bytes) -> Opened:
    """What *source* holds; a mail that breaks the rules is shown as far as it can be read."""
    message = _PARSER.parsebytes(source)
    headers = tuple(
        (name, decoded(str(value))) for name, value in _HEADERS.parsebytes(source).items()
    )
    return Opened(
        headers=headers,
        html=_body(message, "html"),
        text=_body(message, "plain"),
        attachments=tuple(_attachment_names(message)),
        unsubscribe=_one_click(headers),
    )


def snippet(source: bytes) -> str:
    """What an inbox shows beside the subject: the preheader, or else the first words."""
    message = _PARSER.parsebytes(source)
    html = _body(message, "html")
    words = _words(html) if html else _body(message, "plain") or ""
    filler = _FILLER.search(words)
    if filler:
        words = words[: filler.start()]
    words = " ".join(words[: 4 * _SNIPPET].split())
    return words if len(words) <= _SNIPPET else words[: _SNIPPET - 1].rstrip() + "…"


def _body(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    if part is None or part.get_content_subtype() != kind:
        return None
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return None
    try:
        return raw.decode(part.get_content_charset("utf-8"), "replace")
    except LookupError:  # a charset that nobody knows
        return raw.decode("utf-8", "replace")


def _words(html: str) -> str:
    try:
        document = lxml_html.document_fromstring(html.encode("utf-8", "replace"), parser=_utf8())
    except (LxmlError, ValueError):
        return ""
    for unseen in document.xpath("|".join(f"//{tag}" for tag in _UNSEEN_TAGS) + "|//comment()"):
        unseen.drop_tree()
    return str(document.text_content())


def _utf8() -> lxml_html.HTMLParser:
    return lxml_html.HTMLParser(encoding="utf-8")


def _attachment_names(message: EmailMessage) -> list[str]:
    return [
        decoded(part.get_filename() or part.get_content_type())
        for part in message.walk()
        if part.get_content_disposition() == "attachment"
    ]


def _one_click(headers: tuple[tuple[str, str], ...]) -> str | None:
    values = {name.lower(): value for name, value in reversed(headers)}
    if values.get("list-unsubscribe-post", "").strip() != "List-Unsubscribe=One-Click":
        return None
    found = _URI.search(values.get("list-unsubscribe", ""))
    return found[1] if found else None
