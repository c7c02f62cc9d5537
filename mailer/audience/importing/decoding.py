"""Which encoding a file's bytes are in: told by its mark, by its zero bytes, by what decodes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import IO

from mailer import alphabets
from mailer.errors import InvalidFile
from mailer.sentences import Sentence

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with a byte order mark",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "utf-32-le": "UTF-32",
    "utf-32-be": "UTF-32",
    "cp1252": "Windows-1252 (Western Europe)",
    "cp1250": "Windows-1250 (Central Europe)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "cp1253": "Windows-1253 (Greek)",
    "cp1254": "Windows-1254 (Turkish)",
    "cp1255": "Windows-1255 (Hebrew)",
    "cp1256": "Windows-1256 (Arabic)",
    "cp1257": "Windows-1257 (Baltic)",
    "latin-1": "ISO 8859-1",
    "mac_roman": "Mac Roman",
    "cp850": "DOS, Western Europe (850)",
    "cp852": "DOS, Central Europe (852)",
    "cp866": "DOS, Cyrillic (866)",
    "koi8_u": "KOI8 (Cyrillic)",
    "cp932": "Shift JIS (Japanese)",
    "euc_jp": "EUC-JP (Japanese)",
    "iso2022_jp": "ISO-2022-JP (Japanese)",
    "cp949": "EUC-KR (Korean)",
    "gbk": "GBK (Chinese)",
    "big5hkscs": "Big5 (Chinese)",
}
# What a person can choose where letters look wrong.
CHOICES = {"utf-8": Sentence("UTF-8, as it stands")} | {
    name: words for name, words in _NAMES.items() if not name.startswith("utf-")
}
_STRAY = re.compile(r"[\udc80-\udcff]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_HIGH = re.compile(rb"[\x80-\xff]")
_ESCAPED = re.compile(rb"\x1b\$[@B]")  # here begin letters of Japanese
_BLOCK = 1 << 20
_SAMPLE = 1 << 14  # bytes of lines with letters beyond ASCII: enough to know a language by


@dataclass(frozen=True, slots=True)
class Decoding:
    """How to decode a file, and what there is to say about it."""

    encoding: str
    errors: str = "strict"
    note: str = ""

    @property
    def name(self) -> str:
        """For people: ``Windows-1252``."""
        return _NAMES.get(self.encoding, self.encoding)


def named(encoding: str) -> Decoding:
    """The encoding a person named; ``InvalidFile`` when there is none of that name."""
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)
    except (LookupError, UnicodeError) as error:
        raise InvalidFile(
            "There is no text encoding {encoding!r}; utf-8, cp1252 or iso8859-7 are examples.",
            encoding=encoding,
        ) from error
    return Decoding(name, "replace")


def detect(opened: Callable[[], IO[bytes]]) -> Decoding:
    """Read a file to its end and say how to decode it; never refuses."""
    with opened() as stream:
        head = stream.read(4096)
        for mark, encoding in _MARKS:
            if head.startswith(mark):
                return Decoding(encoding, "replace")
        if wide := _wide(head):
            return Decoding(wide, "replace")
        if _ESCAPED.search(head):
            return Decoding("iso2022_jp", "replace")
        if _is_utf8(chain([head], _blocks(stream))):
            return Decoding("utf-8")
    with opened() as stream:
        return _guess(_blocks(stream))


def _blocks(stream: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: stream.read(_BLOCK), b"")


def _is_utf8(blocks: Iterable[bytes]) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in blocks:
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _guess(blocks: Iterable[bytes]) -> Decoding:
    """UTF-8 with some damage, or else an old encoding, told by the letters it makes."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    good = stray = 0
    line_feeds = returns = False
    sample = b""
    for block in blocks:
        text = decoder.decode(block)
        strange = len(_STRAY.findall(text))
        stray += strange
        good += len(_NOT_ASCII.findall(text)) - strange
        line_feeds = line_feeds or b"\n" in block
        returns = returns or b"\r" in block
        if len(sample) < _SAMPLE:
            sample += b"\n".join(filter(_HIGH.search, block.splitlines()))[: 2 * _SAMPLE]
    stray += len(decoder.decode(b"", final=True))
    if good > stray:
        return Decoding(
            "utf-8",
            "replace",
            Sentence(
                "{n} bytes are not UTF-8 like the rest; they are read as {sign}.",
                n=stray,
                sign="\ufffd",
            ),
        )
    old_mac = returns and not line_feeds
    encoding = alphabets.guess(sample, old_mac=old_mac) or ("mac_roman" if old_mac else "cp1252")
    return Decoding(
        encoding,
        "replace",
        Sentence(
            "The text is not Unicode and was read as {encoding}; if letters look wrong, name the "
            "encoding.",
            encoding=_NAMES[encoding],
        ),
    )


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark has a zero in every second byte of Latin text; NULs are rarer.

    UTF-32 has two in every letter of any text.
    """
    whole = len(head) // 4
    zeros = [head[at : 4 * whole : 4].count(0) for at in range(4)]
    if whole >= 4 and min(zeros[2:]) >= whole * 0.9:
        return "utf-32-le"
    if whole >= 4 and min(zeros[:2]) >= whole * 0.9:
        return "utf-32-be"
    half = len(head) // 2
    if half < 4:
        return None
    high, low = head[0 : 2 * half : 2].count(0), head[1 : 2 * half : 2].count(0)
    if low > half * 0.4 and high < half * 0.1:
        return "utf-16-le"
    return "utf-16-be" if high > half * 0.4 and low < half * 0.1 else None
