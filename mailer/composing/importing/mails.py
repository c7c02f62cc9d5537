"""Opens a saved mail: an old newsletter as a mail program keeps it, headers, parts and all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message

from mailer.composing.importing.decoding import decoded
from mailer.composing.importing.notes import Notes
from mailer.sentences import Sentence

_FIELD = re.compile(rb"^([A-Za-z][A-Za-z0-9-]{1,60}):[ \t]", re.MULTILINE)
# A text may begin with "Subject: …"; only mails have some of these, too.
_OF_MAILS = frozenset(
    (b"mime-version", b"received", b"message-id", b"return-path", b"delivered-to")
)
_LONGEST_HEAD = 60_000
_MOST_PARTS = 200

LEFT = Sentence("The file is a mail; of its parts were left out")


@dataclass(frozen=True, slots=True)
class Opened:
    """What a mail says about itself, and its text."""

    text: str
    is_html: bool
    subject: str
    date: str


def opened(data: bytes, notes: Notes) -> Opened | None:
    """The mail that *data* is; ``None`` where it is another file, or holds no text."""
    data = _from_header_on(data)
    if not _is_mail(data):
        return None
    message = message_from_bytes(data)
    parts = [part for part, _ in zip(_leaves(message), range(_MOST_PARTS), strict=False)]
    texts = [one for one in parts if not _is_attached(one)]
    html = next((one for one in texts if one.get_content_type() == "text/html"), None)
    plain = next((one for one in texts if one.get_content_type() == "text/plain"), None)
    chosen = html or plain
    if chosen is None:
        return None
    for part in parts:
        if part is not chosen:
            notes.list(LEFT, part.get_filename() or part.get_content_type())
    return Opened(
        text=_text(chosen, notes),
        is_html=chosen is html,
        subject=_words(message, "subject"),
        date=_words(message, "date"),
    )


def _from_header_on(data: bytes) -> bytes:
    """*data* without the line that mailbox files have in front."""
    data = data.lstrip(b"\r\n")
    return data.partition(b"\n")[2] if data.startswith(b"From ") else data


def _is_mail(data: bytes) -> bool:
    head = re.split(rb"\r?\n\r?\n", data[:_LONGEST_HEAD], maxsplit=1)[0]
    if not _FIELD.match(head):
        return False
    names = {name.lower() for name in _FIELD.findall(head)}
    return bool(names & _OF_MAILS) and bool(names & {b"subject", b"from", b"date"})


def _leaves(message: Message) -> Iterator[Message]:
    for part in message.walk():
        if not part.is_multipart():
            yield part


def _is_attached(part: Message) -> bool:
    return str(part.get("content-disposition", "")).lower().lstrip().startswith("attachment")


def _text(part: Message, notes: Notes) -> str:
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    try:
        return data.decode(part.get_content_charset() or "utf-8").replace("\r\n", "\n")
    except (LookupError, ValueError):
        return decoded(data, notes)


def _words(message: Message, name: str) -> str:
    value = str(message.get(name, ""))
    with suppress(LookupError, ValueError, HeaderParseError):
        value = str(make_header(decode_header(value)))
    return " ".join(value.split())
