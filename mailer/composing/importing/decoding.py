"""Makes text of a file's bytes."""

from __future__ import annotations

import codecs
import re

from mailer import alphabets
from mailer.composing.importing.notes import Notes
from mailer.errors import InvalidFile
from mailer.sentences import Sentence

LARGEST = 5_000_000
_SAMPLE = 1 << 14  # bytes: enough to know a language by
MOST_LINES = 30_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHER_PROGRAMS = (
    (b"%PDF", Sentence("a PDF document")),
    (b"PK\x03\x04", Sentence("a Word, LibreOffice or ZIP file")),
    (b"\xd0\xcf\x11\xe0", Sentence("an old Word document")),
    (b"{\\rtf", Sentence("an RTF document")),
    (b"\x89PNG", Sentence("a picture")),
    (b"\xff\xd8\xff", Sentence("a picture")),
    (b"GIF8", Sentence("a picture")),
    (b"\x1f\x8b", Sentence("a compressed file")),
)
_NAMED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def decoded(data: bytes | str, notes: Notes) -> str:
    """*data* as text without byte order mark; ``InvalidFile`` says why it is none."""
    if len(data) > LARGEST:
        raise InvalidFile("The file is larger than 5 MB; an issue's text is far smaller.")
    text = _SURROGATE.sub("\ufffd", data) if isinstance(data, str) else _text(data, notes)
    if text.count("\n") > MOST_LINES or text.count("\r") > MOST_LINES:
        raise InvalidFile(
            "The file has more than {most} lines; an issue has far fewer.",
            most=MOST_LINES,
        )
    if not text.strip("\ufeff\x00 \t\r\n"):
        raise InvalidFile("The file is empty.")
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _text(data: bytes, notes: Notes) -> str:
    for opening, what in _OTHER_PROGRAMS:
        if data.startswith(opening):
            raise InvalidFile(
                "The file is {what}; save it as plain text, Markdown or HTML and import that.",
                what=what,
            )
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _with(data, encoding)
    if unmarked := _utf_16(data):
        return _with(data, unmarked)
    if b"\x00" in data:
        raise InvalidFile("The file is no text: it holds NUL bytes.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _older(data, notes)


def _utf_16(data: bytes) -> str:
    """UTF-16 without its mark: every other byte of most lines is zero."""
    sample = data[:2000]
    even, odd = sample[::2].count(0) * 2, sample[1::2].count(0) * 2
    if max(even, odd) * 4 < len(sample) * 3 or min(even, odd) * 20 > len(sample):
        return ""
    return "utf-16-be" if even > odd else "utf-16-le"


def _with(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InvalidFile(
            "The file begins as {encoding} text but breaks at byte {start}; save it as UTF-8.",
            encoding=encoding,
            start=error.start,
        ) from error


def _older(data: bytes, notes: Notes) -> str:
    """Text in an encoding of its own naming, else in the one that makes words of it."""
    named = _NAMED.search(data[:2000])
    lines = b"\n".join(line for line in data.splitlines() if not line.isascii())
    guessed = alphabets.guess(lines[:_SAMPLE], old_mac=b"\n" not in data and b"\r" in data)
    told = [named[1].decode("ascii")] if named else []
    for encoding in [*told, *([guessed] if guessed else []), "cp1252"]:
        try:
            text = data.decode(encoding)
        except (UnicodeError, LookupError, ValueError):
            continue
        if len(_CONTROL.findall(text)) * 50 > len(text):
            break
        notes.say(
            Sentence(
                "The file is not UTF-8; it was read as {encoding}, so check its accents.",
                encoding=encoding,
            )
        )
        return text
    raise InvalidFile("The file is no text this program can read; save it as UTF-8 text.")
