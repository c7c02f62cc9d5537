"""Text that was encoded twice: UTF-8 read as Windows-1252 and written as UTF-8 again (``JosÃ©``); pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from mailer.audience.importing.blocks import Block
from mailer.sentences import Sentence

_MENDED = Sentence("letters that were encoded twice were mended")
_BEYOND = re.compile(r"[^\x00-\x7f]+")
_WORD = re.compile(r"[^\s,;|\"]*[^\x00-\x7f][^,;|\"\t\r\n]*")
_MOST = 1 << 20  # characters of blocks that are not ASCII: enough to know by
# The bytes that Windows-1252 leaves open are read as what they are in ISO 8859-1.
_BYTES = {
    bytes((byte,)).decode("cp1252", "ignore") or chr(byte): byte for byte in range(0x80, 0x100)
} | {chr(byte): byte for byte in range(0x80, 0xA0)}
# What may follow a capital with a tilde at the end of a word: «MANHû.
_AT_ENDS = frozenset("…»”’“„‚‘–—™®°ºª\xa0")


@dataclass(frozen=True, slots=True)
class Doubled:
    """That a text was encoded twice: in how many places at least, and one of them."""

    count: int
    before: str
    after: str


def mended(text: str) -> str:
    """The text as it was meant; as it stands where any of it was encoded but once."""
    parts = [_once(run) for run in _BEYOND.findall(text)]
    if None in parts:
        return text
    found = iter(parts)
    return _BEYOND.sub(lambda _run: next(found) or "", text).lstrip("\ufeff")


def look(blocks: Iterable[str]) -> Doubled | None:
    """Whether most of what is not ASCII in a text was encoded twice."""
    seen = twice = once = 0
    sure = ""
    for block in blocks:
        if block.isascii() or seen > _MOST:
            continue
        seen += len(block)
        for run in _BEYOND.findall(block):
            if _once(run) is None:
                once += 1
            else:
                twice += 1
                sure = sure or ("" if _AT_ENDS.issuperset(run[1:]) else _around(block, run))
    if not sure or twice <= once:
        return None
    return Doubled(twice, sure, mended(sure))


def mended_blocks(blocks: Iterable[Block]) -> Iterator[Block]:
    """The rows with their cells mended, but for addresses, and a note where that changed one."""
    for block in blocks:
        cells, notes = [], []
        for row in block.cells:
            meant = [cell if cell.isascii() or "@" in cell else mended(cell) for cell in row]
            cells.append(meant)
            notes.append(_MENDED if meant != row else "")
        yield replace(block, cells=cells, notes=notes if any(notes) else ())


def _around(block: str, run: str) -> str:
    """The words in which it stands."""
    words = (word.strip() for word in _WORD.findall(block) if run in word and "@" not in word)
    return next((word for word in words if mended(word) != word), run)[:60]


def _once(run: str) -> str | None:
    """Letters that were encoded twice, encoded once; ``None`` when they were not."""
    try:
        return bytes(map(_BYTES.__getitem__, run)).decode()
    except (KeyError, UnicodeDecodeError):
        return None
