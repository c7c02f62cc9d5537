"""Lists of suppressions as files: from other programs and providers by their headers, and our own."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TextIO

from mailer.audience.importing.blocks import Row
from mailer.audience.importing.cells import guarded, parse_moment, unguarded, unwrap
from mailer.audience.importing.files import find_sources
from mailer.audience.importing.layouts import layouts_of, rows_of
from mailer.audience.importing.mapping import header_row, listed
from mailer.audience.importing.meanings import normalise
from mailer.audience.importing.statuses import Standing, standing_of, standing_of_file
from mailer.audience.suppressions import target_of
from mailer.database.tables import Suppression
from mailer.errors import InvalidAddress, InvalidFile

HEADER = ("target", "kind", "reason", "source", "at")
_HEADER_WITHIN = 25

# Normalised headers of Mailchimp, listmonk, SES, Postmark, SendGrid, Mailgun, SparkPost, Brevo, ….
_COLUMNS = {
    "target": "target emailaddress email address recipient mail contact domain emailadresse",
    "kind": "kind",
    "reason": "reason suppressionreason unsubreason error description type bouncetype",
    "source": "source origin",
    "at": "at created createdat updatedat lastupdatetime cleantime unsubtime updated date "
    "timestamp suppressedat bouncedat",
    "status": "status globalstatus",
}
_MEANS = {word: name for name, words in _COLUMNS.items() for word in words.split()}
_OF_HEADERS = {"cleantime": "cleaned", "unsubtime": "unsubscribed"}


class Listed(NamedTuple):
    """One row of a list: what is never to be mailed, and what the file says of it."""

    line: int
    target: str  # ann@x.test, @x.test, or # and a hash
    reason: str
    source: str
    at: str | None  # UTC, ISO 8601
    left_out: str = ""  # why it is no suppression


@dataclass(frozen=True, slots=True)
class _Table:
    columns: Mapping[str, int]
    header_line: int
    reason: str  # of all rows that give none


def read_list(path: Path) -> Iterator[Listed]:
    """Every row that is not blank; ``InvalidFile`` says what is wrong with the file."""
    for source in find_sources(path)[0]:
        for layout in layouts_of(source):
            with rows_of(layout) as rows:
                yield from _read_rows(rows, source.name)


def write_list(stream: TextIO, suppressions: Iterable[Suppression]) -> int:
    """As CSV that :func:`read_list` reads back, safe to open in a spreadsheet; how many."""
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(HEADER)
    count = 0
    for one in suppressions:
        count += 1
        kind = {"@": "domain", "#": "hash"}.get(one.target[0], "address")
        target = one.target if kind == "address" else one.target[1:]
        writer.writerow((guarded(target), kind, guarded(one.reason), guarded(one.source),
                         one.at.isoformat()))  # fmt: skip
    return count


def _read_rows(rows: Iterator[Row], name: str) -> Iterator[Listed]:
    head: list[Row] = []
    for row in rows:
        head.append(row)
        if len(head) == _HEADER_WITHIN:
            break
    table = _table(head, name)
    for row in (*head, *rows):
        cells = [cell.strip() for cell in row.cells]
        if row.line > table.header_line and any(cells):
            yield _listed(row.line, cells, table)


def _table(head: Sequence[Row], name: str) -> _Table:
    cells = [[cell.strip() for cell in row.cells] for row in head]
    standing = standing_of_file(name)
    reason = "" if standing is None else standing.name.lower()
    for row, names in zip(head, cells, strict=True):
        plain = [normalise(cell) for cell in names]
        if any(_MEANS.get(word) == "target" for word in plain):
            columns: dict[str, int] = {}
            for n, word in enumerate(plain):
                columns.setdefault(_MEANS.get(word, ""), n)
            said = next((_OF_HEADERS[word] for word in plain if word in _OF_HEADERS), "")
            return _Table(columns, row.line, said or reason)
    at = header_row(cells)
    first = next((row for row in cells if any(row)), [""])
    if not _is_target(first[0]) and at is not None:
        raise InvalidFile(
            "{name} has no column of addresses known by its name (its columns: "
            "{columns}); name it email or domain.",
            name=name,
            columns=listed(cells[at]),
        )
    return _Table({"target": 0, "reason": 1}, 0, reason)  # a plain list, or SES's address,REASON


def _listed(line: int, cells: Sequence[str], table: _Table) -> Listed:
    def cell(name: str) -> str:
        n = table.columns.get(name)
        return unguarded(cells[n]) if n is not None and n < len(cells) else ""

    status = cell("status")
    standing = standing_of(status) if status else None
    left_out = ""
    if standing in (Standing.CONFIRMED, Standing.PENDING):
        left_out = f"its status is {status}"
    said = cell("reason") or (status if standing is not None else "") or table.reason
    return Listed(
        line,
        _target(cell("target"), cell("kind").lower()),
        " ".join(said.split()),
        cell("source"),
        parse_moment(cell("at")),
        left_out,
    )


def _target(text: str, kind: str) -> str:
    if kind == "hash" or text.startswith("#"):
        return f"#{text.removeprefix('#')}"
    if kind == "domain" or text.startswith("*@"):
        return f"@{text.removeprefix('*').removeprefix('@')}"
    return unwrap(text)[1]


def _is_target(text: str) -> bool:
    try:
        target_of(_target(text, ""))
    except InvalidAddress:
        return False
    return True
