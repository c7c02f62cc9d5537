"""Rows of a table, and blocks of them: what is read at once fits into a processor's cache."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from typing import NamedTuple

AT_ONCE = 1000


class Row(NamedTuple):
    """One row: the line of the file it starts on, its cells, and what was wrong with it."""

    line: int
    cells: list[str]
    damage: str = ""
    note: str = ""  # what was changed in it, which is no damage


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows, by what is known of each."""

    lines: Sequence[int]
    cells: Sequence[list[str]]
    damages: Sequence[str] = ()  # nothing where no row was damaged
    notes: Sequence[str] = ()  # nothing where no row was changed

    def __iter__(self) -> Iterator[Row]:
        """Row by row."""
        empty = repeat("")
        return map(Row, self.lines, self.cells, self.damages or empty, self.notes or empty)

    def __len__(self) -> int:
        """How many rows."""
        return len(self.lines)

    def part(self, start: int, stop: int | None = None) -> Block:
        """Some of the rows."""
        some = slice(start, stop)
        return Block(self.lines[some], self.cells[some], self.damages[some], self.notes[some])


def block_of(rows: Iterable[Row]) -> Block:
    """Rows as a block."""
    some = list(rows)
    damages, notes = [row.damage for row in some], [row.note for row in some]
    return Block(
        [row.line for row in some],
        [row.cells for row in some],
        damages if any(damages) else (),
        notes if any(notes) else (),
    )


def blocks_of(rows: Iterator[Row]) -> Iterator[Block]:
    """All rows, block by block."""
    while some := list(islice(rows, AT_ONCE)):
        yield block_of(some)
