"""How the bytes of a file become rows: told by looking at its beginning."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice

from mailer.audience.importing import (
    blocks,
    decoding,
    delimited,
    doubling,
    lists,
    objects,
    workbooks,
)
from mailer.audience.importing.blocks import Block, Row
from mailer.audience.importing.files import Source, is_json, require_table
from mailer.errors import InvalidFile
from mailer.sentences import Sentence

_SNIFFED_LINES = 400
_HEAD = 1 << 16  # characters
_BLOCK = 1 << 18
_LOOKED_AT = 1000  # rows of a workbook or of objects


@dataclass(frozen=True, slots=True)
class Layout:
    """How the bytes of one table become rows."""

    source: Source
    decoding: decoding.Decoding
    separator: str = ","
    old_mac: bool = False  # lines end with carriage returns
    hint: bool = False  # the first line is Excel's sep=;
    wrapped: bool = False  # each row as a whole stands in quotation marks
    sheet: str | None = None
    plain: bool = False  # addresses one after the other
    members: tuple[str, ...] = ()  # of JSON objects
    doubled: doubling.Doubled | None = None  # letters were encoded twice

    @property
    def format(self) -> str:
        """For people: ``text with semicolons``."""
        if self.sheet is not None:
            return Sentence("Excel workbook, sheet {sheet!r}", sheet=self.sheet)
        if self.members:
            return "JSON"
        if self.plain:
            return Sentence("a plain list of addresses")
        between = delimited.SEPARATORS.get(self.separator, repr(self.separator))
        if self.old_mac:
            return Sentence(
                "text with {separators}, lines as on an old Macintosh", separators=between
            )
        return Sentence("text with {separators}", separators=between)


@contextmanager
def blocks_of(layout: Layout) -> Iterator[Iterator[Block]]:
    """Every row of a table, the header and blank rows too, block by block."""
    with _blocks_of(layout) as found:
        yield doubling.mended_blocks(found) if layout.doubled else found


@contextmanager
def _blocks_of(layout: Layout) -> Iterator[Iterator[Block]]:
    source = layout.source
    with source.open() as stream:
        if layout.sheet is not None:
            yield blocks.blocks_of(workbooks.rows_of_sheet(stream, source.name, layout.sheet))
        elif layout.members:
            yield blocks.blocks_of(objects.rows_of_objects(stream, source.name, layout.members))
        else:
            with _text(stream, layout) as text:
                yield _blocks_of_text(text, layout)


@contextmanager
def rows_of(layout: Layout) -> Iterator[Iterator[Row]]:
    """The same, row by row."""
    with blocks_of(layout) as found:
        yield chain.from_iterable(found)


def _blocks_of_text(text: io.TextIOWrapper, layout: Layout) -> Iterator[Block]:
    if layout.plain:
        return blocks.blocks_of(
            lists.rows_of_list(delimited.lines_of(text, old_mac=layout.old_mac))
        )
    lines: Iterator[str] = delimited.lines_of(text, old_mac=True) if layout.old_mac else text
    if layout.wrapped:
        lines = delimited.unwrapped(lines)
    found = delimited.blocks_of(lines, layout.separator)
    if layout.hint:
        return chain([next(found).part(1)], found)
    return found


def _text(stream: io.BufferedIOBase | object, layout: Layout) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        stream,  # type: ignore[arg-type]  # IO[bytes] of a file or of an archive's member
        encoding=layout.decoding.encoding,
        errors=layout.decoding.errors,
        newline="\n",
    )


def layouts_of(source: Source, encoding: str | None = None) -> list[Layout]:
    """How the tables of a source are read: one of a text, one a sheet of a workbook.

    Where nobody named an *encoding*, letters that were encoded twice are found.
    """
    found = _layouts_of(source, encoding)
    return found if encoding else [replace(one, doubled=_doubled(one)) for one in found]


def _doubled(layout: Layout) -> doubling.Doubled | None:
    if layout.sheet is None and not layout.members:
        if not layout.decoding.encoding.startswith("utf-"):
            return None
        with layout.source.open() as stream, _text(stream, layout) as text:
            return doubling.look(iter(lambda: text.read(_BLOCK), ""))
    with rows_of(layout) as rows:
        return doubling.look("\n".join(row.cells) for row in islice(rows, _LOOKED_AT))


def _layouts_of(source: Source, encoding: str | None) -> list[Layout]:
    if source.workbook:
        with source.open() as stream:
            names = workbooks.sheet_names(stream, source.name)
        if not names:
            raise InvalidFile(
                "{source} has no cells; export the list of readers again.", source=source.name
            )
        return [Layout(source, decoding.Decoding("utf-8"), sheet=name) for name in names]
    if is_json(source):
        with source.open() as stream:
            members = tuple(objects.names_of(stream, source.name))
        return [Layout(source, decoding.Decoding("utf-8"), members=members)]
    found = decoding.named(encoding) if encoding else decoding.detect(source.open)
    layout = Layout(source, found)
    with source.open() as stream, _text(stream, layout) as text:
        head = text.read(_HEAD)
    require_table(head.replace("\0", "").encode(errors="replace"), source.name)
    old_mac = "\r" in head and "\n" not in head
    lines = delimited.lines_of(io.StringIO(_whole_lines(head), newline="\n"), old_mac=old_mac)
    sample = [line for line in islice(lines, _SNIFFED_LINES) if line.strip()]
    if lists.is_plain(sample):
        return [Layout(source, found, old_mac=old_mac, plain=True)]
    wrapped = delimited.is_wrapped(sample)
    if wrapped:
        sample = list(delimited.unwrapped(sample))
    hint = bool(delimited.excel_hint(sample))
    return [Layout(source, found, delimited.sniff(sample), old_mac, hint, wrapped)]


def _whole_lines(head: str) -> str:
    """The beginning of a file without what was cut off; of one long line, without half an address."""
    if len(head) < _HEAD:
        return head
    ends = (max(map(head.rfind, marks)) for marks in ("\n\r", ",;", " "))
    return head[: next((end for end in ends if end > 0), len(head)) + 1]
