"""Takes a mail apart: headers, and parts in their order; reads anything, in bounded time.

Reports are written by every mail system there ever was: bad boundaries, wrong charsets, binary
bodies. Python's own parser raises on some and nests without end on others; this one gives what
can be read, and nothing where nothing can.
"""

from __future__ import annotations

import base64
import binascii
import html
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header

MOST_BYTES = 1024 * 1024  # of a mail are read: a report is at its beginning
_MOST_PARTS = 60
_DEEPEST = 6
_MOST_HEADER = 8000  # characters of one value

_HEADER = re.compile(r"([!-9;-~]{1,80})[ \t]{0,4}:[ \t]*(.*)")
_PARAMETER = re.compile(r"""\b([\w-]{1,40})\s{0,4}=\s{0,4}(?:"([^"\n]{0,300})"|([^\s;"]{1,300}))""")
_LIKE_BOUNDARY = re.compile(rb"^--([!-~]{8,70})\r?\n[A-Za-z-]{1,40}:", re.MULTILINE)
_TAG = re.compile(r"<(?:style|script)\b.{0,20000}?</|<[^<>]{0,2000}>", re.DOTALL | re.IGNORECASE)
_BREAKING = re.compile(
    r"<(?:br|/p|/div|/td|/tr|/h\d|/li|/title)\b[^<>]{0,500}>", re.IGNORECASE
)  # what ends a line


@dataclass(frozen=True, slots=True)
class Headers:
    """Header fields in their order; names in small letters, values unfolded."""

    fields: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str:
        """The first value of that name; empty where there is none."""
        return next((value for key, value in self.fields if key == name), "")

    def all(self, *names: str) -> list[str]:
        """Every value of those names, in their order."""
        return [value for key, value in self.fields if key in names]

    def __contains__(self, name: str) -> bool:
        return any(key == name for key, _ in self.fields)


@dataclass(frozen=True, slots=True)
class Part:
    """A mail, or a part of one that is not taken apart further."""

    headers: Headers
    body: bytes
    kind: str  # text/plain

    @property
    def text(self) -> str:
        """The body in letters and lines; HTML without its tags."""
        text = decoded(self._bytes(), _parameter(self.headers, "charset"))
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        if self.kind == "text/html" or text.lstrip()[:15].lower().startswith(
            ("<html", "<!doctype")
        ):
            text = html.unescape(_TAG.sub(" ", _BREAKING.sub("\n", text)))
        return text

    def _bytes(self) -> bytes:
        encoding = self.headers.get("content-transfer-encoding").strip().lower()
        if encoding == "base64":
            return _base64(self.body)
        if encoding == "quoted-printable":
            return quopri.decodestring(self.body)
        return self.body


def take_apart(source: bytes) -> tuple[Part, list[Part]]:
    """The whole mail as one part, and its leaves in their order; mails inside stay whole."""
    whole = parse(source[:MOST_BYTES])
    return whole, list(_leaves(whole, _DEEPEST, [_MOST_PARTS]))


def parse(source: bytes) -> Part:
    """Headers and body of a mail or a part."""
    head, body = _cut(source)
    headers = Headers(tuple(header_fields(decoded(head, ""))))
    return Part(headers, body, _kind(headers))


def header_fields(text: str) -> Iterator[tuple[str, str]]:
    """Fields of a block of headers, or of the groups of a report; other lines are left out."""
    name, values = "", [""]
    for line in text.splitlines():
        torn = values[-1].endswith(";") and _PARAMETER.match(line)
        if line[:1] in (" ", "\t") or torn:
            values.append(line.strip())
            continue
        if name:
            yield name, " ".join(values)[:_MOST_HEADER].strip()
        field = _HEADER.match(line)
        name, values = (field[1].lower(), [field[2].strip()]) if field else ("", [""])
    if name:
        yield name, " ".join(values)[:_MOST_HEADER].strip()


def decoded(data: bytes, charset: str) -> str:
    """*data* in letters: by its charset, else as UTF-8, else as Latin-1, which reads anything."""
    for name in (charset, "utf-8"):
        try:
            if name:
                return data.decode(name).replace("\0", "")
        except (LookupError, ValueError):
            continue
    return data.decode("latin-1").replace("\0", "")


def words_of(value: str) -> str:
    """A header's value with encoded words decoded (RFC 2047), as far as they can be."""
    if "=?" not in value:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (LookupError, ValueError, HeaderParseError):
        return value


def _cut(source: bytes) -> tuple[bytes, bytes]:
    if source.startswith((b"\n", b"\r\n")):
        return b"", source.lstrip(b"\r\n")
    ends = [
        (place, len(mark))
        for mark in (b"\r\n\r\n", b"\n\n", b"\r\r")
        if (place := source.find(mark)) >= 0
    ]
    if not ends:
        return source, b""
    place, length = min(ends)
    return source[:place], source[place + length :]


def _kind(headers: Headers) -> str:
    value = headers.get("content-type").partition(";")[0].strip().lower().split()
    return value[0] if value and "/" in value[0] else "text/plain"


def _parameter(headers: Headers, name: str) -> str:
    for found in _PARAMETER.finditer(headers.get("content-type")):
        if found[1].lower() == name:
            return found[2] if found[2] is not None else found[3]
    return ""


def _leaves(part: Part, depth: int, left: list[int]) -> Iterator[Part]:
    boundary = _parameter(part.headers, "boundary") or _guessed_boundary(part)
    if not part.kind.startswith("multipart/") or not boundary or not depth:
        yield part
        return
    pieces = _split(part.body, boundary)
    if len(pieces) == 1:  # a boundary that never comes
        yield Part(part.headers, part.body, "text/plain")
        return
    for piece in pieces[1:]:
        if left[0] <= 0:
            return
        left[0] -= 1
        yield from _leaves(parse(piece), depth - 1, left)


def _guessed_boundary(part: Part) -> str:
    """Of a header that was torn: the first line that looks like one."""
    found = _LIKE_BOUNDARY.search(part.body[:10_000])
    return found[1].decode("ascii") if found else ""


def _split(body: bytes, boundary: str) -> list[bytes]:
    """What stands before the first boundary, and each part."""
    mark = re.escape(boundary.rstrip().encode("utf-8", "replace"))
    lines = re.compile(rb"^--" + mark + rb"(--)?[ \t]*\r?(?:\n|\Z)", re.MULTILINE)
    pieces, start = [], 0
    for line in lines.finditer(body):
        pieces.append(body[start : line.start()])
        start = line.end()
        if line[1] or len(pieces) > _MOST_PARTS:
            return pieces
    return [*pieces, body[start:]]


def _base64(data: bytes) -> bytes:
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    try:
        return base64.b64decode(letters[: len(letters) // 4 * 4] or b"")
    except (binascii.Error, ValueError):
        return data
