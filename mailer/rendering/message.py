"""An issue's MIME message, serialised once: a recipient costs one ``join`` of byte segments.

The message is cut at its placeholders. Bodies are quoted-printable, with each placeholder alone on
its line between soft line breaks (RFC 2045 section 6.7), so that a value of any length can be put
there without encoding anything else again, and no line ever starts with a dot (RFC 5321 4.5.2).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from functools import lru_cache
from operator import itemgetter

from markupsafe import escape

from mailer.errors import InvalidInput
from mailer.placeholders import TOKEN, Placeholder, split

_BREAK = b"=\r\n"
_WIDTH = 75  # and the "=" of a soft break: 76 (RFC 2045 section 6.7)
_PLAIN_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_PLAIN_VALUE = re.compile(r"(?![.F])(?!.*  )[ -<>-~]{0,74}[!-<>-~]")
_ENCODED_BYTES = 45  # of text in one encoded word: 60 base64 characters, 72 in all (RFC 2047: 75)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class MissingField(InvalidInput):
    """A subscriber has no value for a field that the text uses without a default."""


@dataclass(frozen=True, slots=True)
class MessageHead:
    """What stands in every header of one issue's messages; *subject* may hold placeholders."""

    subject: str
    from_name: str
    from_address: str
    list_name: str
    list_id: str  # like news.example.org (RFC 2919)
    feedback_id: str  # a:b:c:SenderId, nothing per recipient
    base_url: str
    language: str
    reply_to: str | None = None
    incoming_domain: str | None = None  # where mails to unsubscribe+TOKEN@ are taken in


def quoted_printable(data: bytes) -> bytes:
    """*data* as quoted-printable lines of at most 75 octets, CRLF between (RFC 2045 6.7).

    A dot or an F at the start of a line is encoded, too: no dot-stuffing, no "From " trouble.
    So is every tab and the second of two spaces: the lines are in DKIM's relaxed form as they are.
    """
    return b"\r\n".join(_quoted_line(line.removesuffix(b"\r")) for line in data.split(b"\n"))


def _quoted_line(line: bytes) -> bytes:
    out = bytearray()
    column = 0
    last = len(line) - 1
    for index, byte in enumerate(line):
        piece = _SAFE[byte]
        if (byte == 32 and (index == last or out[-1:] == b" ")) or (byte in b".F" and column == 0):
            piece = b"=%02X" % byte
        if column + len(piece) > _WIDTH:
            out += _BREAK
            column = 0
            if byte in b".F":
                piece = b"=%02X" % byte
        out += piece
        column += len(piece)
    return bytes(out)


_SAFE = [
    bytes((byte,)) if 32 <= byte <= 126 and byte != 61 else b"=%02X" % byte for byte in range(256)
]


@lru_cache(maxsize=65536)
def phrase(text: str) -> bytes:
    """A display name for From or To: bare, quoted, or as encoded words (RFC 5322 3.4, RFC 2047 5)."""
    text = _CONTROL.sub(" ", text).strip()
    if _PLAIN_PHRASE.fullmatch(text):
        return text.encode()
    if text.isascii():
        return b'"' + re.sub(r'(["\\])', r"\\\1", text).encode() + b'"'
    words: list[bytes] = []
    chunk = b""
    for character in text:
        encoded = character.encode("utf-8", "replace")
        if len(chunk) + len(encoded) > _ENCODED_BYTES:
            words.append(chunk)
            chunk = b""
        chunk += encoded
    return b"\r\n ".join(b"=?utf-8?b?" + base64.b64encode(word) + b"?=" for word in (*words, chunk))


def mailbox(name: str, address: bytes) -> bytes:
    """``name <address>``, or the address alone."""
    return b"%s <%s>" % (phrase(name), address) if name.strip() else address


@lru_cache(maxsize=4096)
def unstructured(text: str) -> bytes:
    """A Subject's value, folded (RFC 2047 where it is not ASCII)."""
    text = _CONTROL.sub(" ", text)
    charset = "us-ascii" if text.isascii() else "utf-8"
    return (
        Header(text, charset, maxlinelen=75, header_name="Subject").encode(linesep="\r\n").encode()
    )


@lru_cache(maxsize=65536)
def _in_text(value: str) -> bytes:
    if _PLAIN_VALUE.fullmatch(value):  # most names: nothing to encode
        return value.encode()
    return quoted_printable(_CONTROL.sub(" ", value).encode("utf-8", "replace"))


@lru_cache(maxsize=65536)
def _in_html(value: str) -> bytes:
    return _in_text(str(escape(value)))


# Values that every message has; those of fields follow.
_TOKEN, _TO, _DATE, _SUBJECT = range(4)


class MessageTemplate:
    """The message of one issue; `render` gives the bytes for one reader."""

    __slots__ = ("_fields", "_parts", "_pick", "_subject", "fields")

    def __init__(self, head: MessageHead, *, html: str, text: str) -> None:
        self._fields: list[tuple[Callable[[str], bytes], Placeholder]] = []
        subject = split(head.subject)
        personal = any(isinstance(part, Placeholder) for part in subject)
        self._subject = subject if personal else unstructured(head.subject)
        boundary = b"=_" + hashlib.sha256((html + text).encode()).hexdigest()[:24].encode()
        parts = [
            *_head(head, boundary),
            _part(boundary, b"text/plain"),
            *self._body(text, _in_text),
            b"\r\n",
            _part(boundary, b"text/html"),
            *self._body(html, _in_html),
            b"\r\n--" + boundary + b"--\r\n",
        ]
        self._parts, slots = _alternate(parts)
        self._pick = itemgetter(*slots)
        self.fields = frozenset(
            placeholder.field
            for placeholder in (
                *(placeholder for _, placeholder in self._fields),
                *(part for part in subject if isinstance(part, Placeholder)),
            )
        )

    def render(self, token: bytes, to: bytes, date: bytes, values: Mapping[str, str]) -> bytes:
        """The message for one reader: CRLF lines, 7 bit, dot-safe; ``MissingField``.

        *to* is what `mailbox` gives, *date* what `date_value` gives; *values* by field's name.
        """
        filled = [token, to, date, self._subject_for(values)]
        for encode, placeholder in self._fields:
            value = values.get(placeholder.field)
            filled.append(encode(value) if value else _default(encode, placeholder))
        parts = self._parts.copy()
        parts[1::2] = self._pick(filled)
        return b"".join(parts)

    def _subject_for(self, values: Mapping[str, str]) -> bytes:
        if isinstance(self._subject, bytes):
            return self._subject
        return unstructured(
            "".join(
                part if isinstance(part, str) else values.get(part.field) or _text_default(part)
                for part in self._subject
            )
        )

    def _body(self, text: str, encode: Callable[[str], bytes]) -> list[bytes | int]:
        parts: list[bytes | int] = []
        pieces = split(text)
        for index, piece in enumerate(pieces):
            if isinstance(piece, str):
                before = _BREAK if index else b""
                after = _BREAK if index < len(pieces) - 1 else b""
                parts.append(before + quoted_printable(piece.encode()) + after)
                continue
            if index and not isinstance(pieces[index - 1], str):
                parts.append(_BREAK)  # two values side by side
            parts.append(self._slot(piece, encode))
        return parts

    def _slot(self, placeholder: Placeholder, encode: Callable[[str], bytes]) -> int:
        if placeholder.field == TOKEN:
            return _TOKEN
        known = (encode, placeholder)
        if known not in self._fields:
            self._fields.append(known)
        return _SUBJECT + 1 + self._fields.index(known)


def date_value(moment: datetime) -> bytes:
    """A Date header's value (RFC 5322 section 3.3)."""
    return format_datetime(moment).encode()


@lru_cache(maxsize=65536)
def _first_name(name: str) -> str:
    return name.split(maxsplit=1)[0] if name.strip() else ""


def personal_values(
    address: str, name: str, fields: Mapping[str, object], needed: frozenset[str]
) -> dict[str, str]:
    """What placeholders stand for, for one subscriber; only the *needed* ones."""
    values = (
        {field: _shown(fields[field]) for field in needed if fields.get(field) is not None}
        if fields
        else {}
    )
    if "name" in needed:
        values["name"] = name.strip()
    if "address" in needed:
        values["address"] = address
    if "first_name" in needed and not values.get("first_name"):
        values["first_name"] = _first_name(name)
    return values


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return str(value).strip()


def _default(encode: Callable[[str], bytes], placeholder: Placeholder) -> bytes:
    # In HTML the default was escaped with the text it stands in.
    return (
        _in_text(_text_default(placeholder))
        if encode is _in_html
        else encode(_text_default(placeholder))
    )


def _text_default(placeholder: Placeholder) -> str:
    if placeholder.default is None:
        raise MissingField(f"no value for [[{placeholder.field}]]")
    return placeholder.default


def _head(head: MessageHead, boundary: bytes) -> list[bytes | int]:
    domain = head.from_address.rpartition("@")[2].encode()
    sender = mailbox(head.from_name, head.from_address.encode())
    lines: list[bytes | int] = [b"From: " + sender, b"\r\nTo: ", _TO, b"\r\nSubject: ", _SUBJECT]
    lines += [b"\r\nDate: ", _DATE, b"\r\nMessage-ID: <", _TOKEN, b"@" + domain + b">"]
    if head.reply_to:
        lines.append(b"\r\nReply-To: " + head.reply_to.encode())
    lines += [b"\r\nList-Unsubscribe: <" + head.base_url.encode() + b"/u/", _TOKEN, b">"]
    if head.incoming_domain:
        # Folded between the addresses, never inside one: that would be the end of one-click.
        # The token stands in the subject, too: some servers change the case of a local part.
        at = f"@{head.incoming_domain}?subject=unsubscribe%20".encode()
        lines += [b",\r\n <mailto:unsubscribe+", _TOKEN, at, _TOKEN, b">"]
    fixed = [
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        b"List-Id: "
        + (phrase(head.list_name) + b" " if head.list_name else b"")
        + b"<"
        + head.list_id.encode()
        + b">",
        b"Feedback-ID: " + head.feedback_id.encode(),
        b"Precedence: bulk",
        b"X-Auto-Response-Suppress: All",
        b"Content-Language: " + head.language.encode(),
        b"MIME-Version: 1.0",
        b'Content-Type: multipart/alternative;\r\n boundary="' + boundary + b'"',
    ]
    return [*lines, b"\r\n" + b"\r\n".join(fixed) + b"\r\n\r\n"]


def _part(boundary: bytes, kind: bytes) -> bytes:
    return (
        b"--" + boundary + b"\r\nContent-Type: " + kind + b"; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )


def _alternate(parts: list[bytes | int]) -> tuple[list[bytes], list[int]]:
    """Bytes at even places, a slot's empty bytes at odd ones; and which value goes into each."""
    flat: list[bytes] = [b""]
    slots: list[int] = []
    for part in parts:
        if isinstance(part, bytes):
            flat[-1] += part
        else:
            slots.append(part)
            flat += [b"", b""]
    return flat, slots
