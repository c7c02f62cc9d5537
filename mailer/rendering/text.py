"""Plain text as a person would write it: wrapped by what is seen, links never broken."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

WIDTH = 72

_WIDE = "WF"
_SPACES = re.compile(r"[ \t\r\n\f]+")
# Chinese and Japanese break between any two letters, but not after an opening or before a closing mark.
_WIDE_LETTER = r"\u2E80-\u9FFF\uF900-\uFAFF\uFF00-\uFFEF"
_OPENING = "\u3008\u300a\u300c\u300e\u3010\uff08"
_CLOSING = (
    "\u3001\u3002\u3009\u300b\u300d\u300f\u3011\uff01\uff09\uff0c\uff0e\uff1a\uff1b\uff1f\u30fc"
    "\u3041\u3043\u3045\u3047\u3049\u3063\u3083\u3085\u3087\u30a1\u30a3\u30a5\u30a7\u30a9\u30c3\u30e3\u30e5\u30e7"
)
_UNIT = re.compile(
    rf"""
      (?P<space>[ ]+)
    | [{_OPENING}]*[{_WIDE_LETTER}][{_CLOSING}]*
    | (?:\[\[[^\]\n]{{0,300}}\]\]|[^\s{_WIDE_LETTER}])+     # a placeholder stays whole, blanks and all
    """,
    re.VERBOSE,
)
_EMPTY_LINES = re.compile(r"\n{3,}")
_MANY_EMPTY_LINES = re.compile(r"\n{4,}")
_LINE_ENDS = re.compile(r"[ \t]+(?=\n|$)")


def seen_width(text: str) -> int:
    """How many columns *text* takes: wide letters two, combining marks none."""
    return sum(
        0
        if unicodedata.combining(c) or unicodedata.category(c) == "Cf"
        else 2
        if unicodedata.east_asian_width(c) in _WIDE
        else 1
        for c in text
    )


def wrapped(text: str, width: int = WIDTH, first: str = "", rest: str = "") -> str:
    """*text* in lines of at most *width* columns; words, addresses and placeholders stay whole."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines.extend(_lines(paragraph, width, first if not lines else rest, rest))
    return "\n".join(lines)


def _lines(text: str, width: int, first: str, rest: str) -> Iterator[str]:
    line, used, gap = first, seen_width(first), ""
    empty = True
    for match in _UNIT.finditer(text):
        unit = match[0]
        if match.lastgroup == "space":
            gap = " "
            continue
        needed = seen_width(unit) + (0 if empty else len(gap))
        if not empty and used + needed > width:
            yield line.rstrip()
            line, used, empty = rest, seen_width(rest), True
            needed = seen_width(unit)
        line += ("" if empty else gap) + unit
        used, gap, empty = used + needed, "", False
    yield line.rstrip()


def underlined(heading: str, mark: str) -> str:
    """A heading over a line of *mark* as long as its longest line."""
    text = wrapped(heading)
    return f"{text}\n{mark * max(seen_width(line) for line in text.split(chr(10)))}"


def quoted(text: str) -> str:
    """*text* as mail programs quote it."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def compact(text: str) -> str:
    """*text* without blanks at line ends, and with at most one empty line together."""
    return _EMPTY_LINES.sub("\n\n", _LINE_ENDS.sub("", text)).strip("\n")


def tidy(text: str) -> str:
    """No blanks at line ends, at most two empty lines together, one line end at the end."""
    text = _LINE_ENDS.sub("", text)
    return _MANY_EMPTY_LINES.sub("\n\n\n", text).strip() + "\n"


@dataclass(slots=True)
class _Paragraph:
    text: str
    first: str = ""
    rest: str = ""
    listed: bool = False


@dataclass(slots=True)
class _List:
    ordered: bool
    count: int = 0
    indent: str = ""


@dataclass(slots=True)
class Notes:
    """The addresses that a mail's words refer to, numbered through the whole mail."""

    count: int = 0

    def add(self) -> int:
        self.count += 1
        return self.count


@dataclass(slots=True)
class _State:
    pieces: list[str] = field(default_factory=list)
    lists: list[_List] = field(default_factory=list)
    href: str | None = None
    label_from: int = 0
    marker: str = ""


class _BodyReader(HTMLParser):
    """Reads a cleaned body (`mailer.blocks.clean_body`) into paragraphs and notes."""

    def __init__(self, notes: Notes) -> None:
        super().__init__()
        self.paragraphs: list[_Paragraph] = []
        self.addresses: list[str] = []
        self._notes = notes
        self._state = _State()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        state = self._state
        if tag in {"p", "ul", "ol", "li"}:
            self._flush()
        if tag in {"ul", "ol"}:
            state.lists.append(_List(ordered=tag == "ol"))
        elif tag == "li" and state.lists:
            inner = state.lists[-1]
            inner.count += 1
            state.marker = f"{inner.count}. " if inner.ordered else "- "
            inner.indent = " " * len(state.marker)
        elif tag == "br":
            state.pieces.append("\n")
        elif tag == "strong":
            state.pieces.append("*")
        elif tag == "a":
            state.href, state.label_from = dict(attrs).get("href"), len(state.pieces)

    def handle_endtag(self, tag: str) -> None:
        state = self._state
        if tag in {"p", "ul", "ol", "li"}:
            self._flush()
        if tag in {"ul", "ol"} and state.lists:
            state.lists.pop()
        elif tag == "strong":
            state.pieces.append("*")
        elif tag == "a" and state.href:
            state.pieces.append(
                self._reference(state.href, "".join(state.pieces[state.label_from :]))
            )
            state.href = None

    def handle_data(self, data: str) -> None:
        self._state.pieces.append(_SPACES.sub(" ", data))

    def close(self) -> None:
        super().close()
        self._flush()

    def _reference(self, href: str, label: str) -> str:
        scheme, _, rest = href.partition(":")
        if scheme.lower() in {"mailto", "tel"}:
            address = rest.partition("?")[0]
            return "" if address in label else f" <{address}>"
        number = self._notes.add()
        self.addresses.append(f"[{number}] {href}")
        return f" [{number}]"

    def _flush(self) -> None:
        state = self._state
        text = "\n".join(
            _SPACES.sub(" ", line).strip() for line in "".join(state.pieces).split("\n")
        )
        state.pieces.clear()
        state.label_from = 0
        if not text.strip():
            return
        indent = "".join(outer.indent for outer in state.lists)
        first = indent.removesuffix(" " * len(state.marker)) + state.marker
        self.paragraphs.append(_Paragraph(text.strip(), first, indent, bool(state.lists)))
        state.marker = ""


def read_body(html: str, notes: Notes) -> tuple[str, str]:
    """A cleaned body as (wrapped words, the addresses they refer to, a line each)."""
    reader = _BodyReader(notes)
    reader.feed(html)
    reader.close()
    words = ""
    listed = False
    for paragraph in reader.paragraphs:
        if words:
            words += "\n" if listed and paragraph.listed else "\n\n"
        words += wrapped(paragraph.text, WIDTH, paragraph.first, paragraph.rest)
        listed = paragraph.listed
    return words, "\n".join(reader.addresses)
