"""Text with separators as rows of cells: any separator and line end, damage kept to its own row."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice

from mailer.addresses import looks_like_address
from mailer.audience.importing.blocks import AT_ONCE, Block, Row, block_of
from mailer.sentences import Sentence

SEPARATORS = {
    ",": Sentence("commas"),
    ";": Sentence("semicolons"),
    "\t": Sentence("tabs"),
    "|": Sentence("bars"),
    "^": Sentence("carets"),
    "~": Sentence("tildes"),
}

_SAMPLE_ROWS = 60
_EXCEL_HINT = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


def lines_of(text: Iterable[str], *, old_mac: bool) -> Iterator[str]:
    """The lines of *text*, without NULs; with *old_mac*, a carriage return ends a line."""
    for line in text:
        clean = line.replace("\0", "") if "\0" in line else line
        if old_mac:
            yield from (f"{part}\n" for part in clean.replace("\r\n", "\n").split("\r"))
        else:
            yield clean


def sniff(sample: list[str]) -> str:
    """The separator that cuts the sampled lines best: addresses alone in a cell, even rows."""
    if hint := excel_hint(sample):
        return hint
    return max(SEPARATORS, key=lambda separator: _score(sample, separator))


def is_wrapped(sample: Sequence[str]) -> bool:
    """Whether each row as a whole stands in quotation marks, as Excel wraps what it took for text."""
    lines = [line.strip() for line in sample]
    return len(lines) > 1 and all(
        line[:1] == line[-1:] == '"'
        and any(map(line.__contains__, SEPARATORS))
        and all(len(next(csv.reader([line], delimiter=mark))) == 1 for mark in SEPARATORS)
        for line in lines
    )


def unwrapped(lines: Iterable[str]) -> Iterator[str]:
    """The lines without the quotation marks around each."""
    for line in lines:
        inside = line.strip()
        whole = len(inside) > 1 and inside[0] == inside[-1] == '"'
        yield inside[1:-1].replace('""', '"') + "\n" if whole else line


def excel_hint(sample: list[str]) -> str | None:
    """The separator that a first line ``sep=;`` names (Microsoft Excel)."""
    match = _EXCEL_HINT.fullmatch(sample[0]) if sample else None
    return match[1] if match else None


def _score(sample: list[str], separator: str) -> tuple[int, float, int]:
    cut = [row.cells for row in islice(rows_of(iter(sample), separator), _SAMPLE_ROWS)]
    cut = [cells for cells in cut if any(cells)]
    if not cut:
        return (0, 0.0, 0)
    addresses = sum(any(looks_like_address(cell) for cell in cells) for cells in cut)
    widths = [len(cells) for cells in cut]
    usual = max(set(widths), key=widths.count)
    even = widths.count(usual) / len(widths) if usual > 1 else 0.0
    return (addresses, even, usual)


def blocks_of(lines: Iterator[str], separator: str) -> Iterator[Block]:
    """Every row of *lines*; one that breaks the rules of quoting comes with its damage named.

    Most files have a row a line: those are cut many at a time. Where that fails, row by row.
    """
    done = width = 0
    source = _Lines(lines)
    while some := source.take(AT_ONCE):
        rows = _cut(some, separator)
        if rows is None:
            source.give_back(some)
            reader = _RowByRow(source, separator, done, width)
            yield block_of(reader.read(len(some)))
            done, width = reader.done, reader.width
        else:
            yield Block(range(done + 1, done + 1 + len(rows)), rows)
            done, width = done + len(some), width or len(rows[0])


def rows_of(lines: Iterator[str], separator: str) -> Iterator[Row]:
    """The same, row by row."""
    return chain.from_iterable(blocks_of(lines, separator))


class _Lines:
    """Lines without NULs that can be given back, to be read once more."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()

    def __iter__(self) -> Iterator[str]:
        while self._again:
            yield self._again.popleft()
        for line in self._lines:
            yield line.replace("\0", "")

    def take(self, most: int) -> list[str]:
        """The next lines, at most so many."""
        some = [self._again.popleft() for _ in range(min(most, len(self._again)))]
        some.extend(islice(self._lines, most - len(some)))
        if "\0" in "".join(some):
            return [line.replace("\0", "") for line in some]
        return some

    def give_back(self, lines: Sequence[str]) -> None:
        """They are read before all others."""
        self._again.extendleft(reversed(lines))


def _cut(block: list[str], separator: str) -> list[list[str]] | None:
    """The cells of lines that are a row each; ``None`` when they are not."""
    text = "".join(block).replace("\r\n", "\n")
    if not any(map(f"\n{text}".__contains__, ('"', "\r", f"{separator} ", "\n "))):
        lines = text.removesuffix("\n").split("\n")
        if len(max(lines, key=len)) < csv.field_size_limit():
            # Twice as fast as a reader that knows quotes.
            return [line.split(separator) if line else [] for line in lines]
    try:
        rows = list(csv.reader(block, delimiter=separator, skipinitialspace=True, strict=True))
    except csv.Error:
        return None
    return rows if len(rows) == len(block) else None


class _RowByRow:
    """Reads rows of several lines, and those that break the rules.

    A quotation mark that is never closed would swallow the rows after it: such a row is cut off
    at the end of its first line, and reading goes on with the next.
    """

    def __init__(self, lines: _Lines, separator: str, done: int, width: int) -> None:
        self.done, self.width = done, width
        self._lines, self._separator = lines, separator
        self._taken: list[str] = []  # lines of the row being read

    def read(self, lines: int) -> Iterator[Row]:
        """The rows that begin in the next lines, so many."""
        end = self.done + lines
        while self.done < end:
            with suppress(csv.Error):
                for cells in csv.reader(
                    self._feed(), delimiter=self._separator, skipinitialspace=True, strict=True
                ):
                    if self._is_wrong(cells):
                        break
                    yield self._row(cells)
                    if self.done >= end:
                        return
            if not self._taken:
                return
            yield from self._damaged()

    def _feed(self) -> Iterator[str]:
        for line in self._lines:
            self._taken.append(line)
            yield line

    def _is_wrong(self, cells: list[str]) -> bool:
        taken = self._taken
        return len(taken) > 1 and _swallowed(taken, cells, self._separator, self.width)

    def _row(self, cells: list[str]) -> Row:
        row = Row(self.done + 1, cells)
        self.width = self.width or len(cells)
        self.done += len(self._taken)
        self._taken.clear()
        return row

    def _damaged(self) -> Iterator[Row]:
        """The first of the lines taken, by itself; the others are read again."""
        first, *others = self._taken
        self._taken.clear()
        inside = _lines_inside(first, self._separator, self.width)
        self._lines.give_back([*inside, *others])
        if not inside:
            self.done += 1
            yield _damaged(first, self._separator, self.done)


def _swallowed(taken: list[str], cells: list[str], separator: str, width: int) -> bool:
    """A row over several lines is wrong when another row seems to be inside it."""
    if width and len(cells) != width:
        return True
    for line in taken[1:]:
        alone = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
        if len(alone) == (width or len(cells)) and any(map(looks_like_address, alone)):
            return True
    return False


def _lines_inside(line: str, separator: str, width: int) -> list[str]:
    """The rows of a line in which carriage returns alone end some; nothing when they do not."""
    parts = [part for part in line.rstrip("\r\n").split("\r") if part]
    if len(parts) < 2 or '"' in line:
        return []
    same = all(len(part.split(separator)) == width for part in parts)
    return [f"{part}\n" for part in parts] if same else []


def _damaged(line: str, separator: str, number: int) -> Row:
    if len(line) > csv.field_size_limit():
        words = Sentence(
            "line {number} is longer than {most:,} characters",
            number=number,
            most=csv.field_size_limit(),
        )
        return Row(number, [], words)
    # A carriage return inside a row is no line end where others end with line feeds.
    whole = line.rstrip("\r\n").replace("\r", " ")
    cells = next(csv.reader([whole], delimiter=separator, skipinitialspace=True), [])
    if "\r" in line.rstrip("\r\n"):
        words = Sentence("a line break stands inside line {number}", number=number)
    else:
        words = Sentence("the quotation marks in line {number} do not pair up", number=number)
    return Row(number, cells, words)
