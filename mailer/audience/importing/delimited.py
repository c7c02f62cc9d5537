"""Text with separators as rows of cells: any separator and line end, damage kept to its own row."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import NamedTuple

from mailer.addresses import looks_like_address

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}

_SAMPLE_ROWS = 60
_EXCEL_HINT = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


class Row(NamedTuple):
    """One row: the line of the file it starts on, its cells, and what was wrong with it."""

    line: int
    cells: list[str]
    damage: str = ""


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


def rows_of(lines: Iterator[str], separator: str) -> Iterator[Row]:
    """Every row of *lines*; one that breaks the rules of quoting comes with its damage named.

    A quotation mark that is never closed would swallow the rows after it: such a row is cut off
    at the end of its first line, and reading goes on with the next.
    """
    again: deque[str] = deque()  # lines a damaged row had taken too many
    taken: list[str] = []  # lines of the row being read
    done = width = 0

    def feed() -> Iterator[str]:
        while again:
            taken.append(again.popleft())
            yield taken[-1]
        for line in lines:
            taken.append(line)
            yield line

    while True:
        reader = csv.reader(feed(), delimiter=separator, skipinitialspace=True, strict=True)
        with suppress(csv.Error):
            for cells in reader:
                if len(taken) > 1 and _swallowed(taken, cells, separator, width):
                    break
                width = width or len(cells)
                yield Row(done + 1, cells)
                done += len(taken)
                taken.clear()
        if not taken:
            return
        inside = _lines_inside(taken[0], separator, width)
        damaged = [] if inside else [_damaged(taken[0], separator, done + 1)]
        yield from damaged
        done += len(damaged)
        again.extendleft(reversed([*inside, *taken[1:]]))
        taken.clear()


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
        return Row(
            number, [], f"line {number} is longer than {csv.field_size_limit():,} characters"
        )
    # A carriage return inside a row is no line end where others end with line feeds.
    whole = line.rstrip("\r\n").replace("\r", " ")
    cells = next(csv.reader([whole], delimiter=separator, skipinitialspace=True), [])
    if "\r" in line.rstrip("\r\n"):
        return Row(number, cells, f"a line break stands inside line {number}")
    return Row(number, cells, f"the quotation marks in line {number} do not pair up")
