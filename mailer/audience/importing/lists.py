"""Plain lists of addresses, as they are copied from a mail program: ``Ann <ann@x.test>, bo@y.test``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from mailer.audience.importing.blocks import Row

_ADDRESS = r"[^\s@,;|<>\"]+@[^\s@,;|<>\"]+"
_ENTRY = re.compile(
    rf"\s*((?:\"[^\"]*\"|[^<>,;\"@]*)\s*<\s*{_ADDRESS}\s*>|{_ADDRESS})\s*(?:[,;]+|(?<=\s)|$)"
)
# As list servers write them: "ann@x.test Ann Lee".
_FOLLOWED = re.compile(rf"({_ADDRESS}) +([^@,;|<>()\"\t]*[^\W\d_][^@,;|<>()\"\t]*)")


def is_plain(sample: Sequence[str]) -> bool:
    """Whether lines hold nothing but addresses, several on one or with names."""
    entries = [entries_of(line) for line in sample if line.strip()]
    if not entries or not all(entries):
        return False
    return any(len(one or ()) > 1 or {"<", "("} & set((one or ("",))[0]) for one in entries)


def entries_of(line: str) -> list[str] | None:
    """The addresses of a line, with their names; ``None`` when it holds anything else."""
    if followed := _FOLLOWED.fullmatch(line.strip()):
        return [f"{followed[1]} ({followed[2]})"]
    entries: list[str] = []
    at, line = 0, line.strip().strip(",;")
    while at < len(line):
        found = _ENTRY.match(line, at)
        if found is None:
            return None
        entries.append(found[1])
        at = found.end()
    return entries


def rows_of_list(lines: Iterable[str]) -> Iterator[Row]:
    """A row for each address; a line that holds anything else is one row by itself."""
    for number, line in enumerate(lines, start=1):
        for entry in entries_of(line) or [line.strip()]:
            yield Row(number, [entry])
