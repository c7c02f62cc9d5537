"""Rows become candidates: an address with what the file says of its owner, or a reason why not."""

from __future__ import annotations

import json
import re
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from mailer.addresses import NAME_LENGTH, Address, parse_address, tidy_name
from mailer.audience.importing.cells import parse_data, parse_moment, parse_tags, unwrap
from mailer.audience.importing.mapping import Column
from mailer.audience.importing.meanings import Meaning
from mailer.audience.importing.standings import readers_of
from mailer.audience.importing.statuses import Standing
from mailer.errors import InvalidAddress, InvalidInput

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_LONGEST_VALUE = 10_000
_LONGEST_PROOF = 500

_encoder = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
_quoted = json.encoder.encode_basestring


def encode(fields: Mapping[str, Any]) -> str:
    """An object as JSON: compact, and letters of all scripts as they are, half the size."""
    try:
        return "{" + ",".join([f"{_quoted(name)}:{_quoted(fields[name])}" for name in fields]) + "}"
    except TypeError:  # a value that is no text
        return _encoder.encode(fields)


@dataclass(frozen=True, slots=True)
class File:
    """The file a row stands in; *proof* begins the JSON object that says so."""

    name: str
    proof: str


@dataclass(slots=True)
class Candidate:
    """One address and what a file says of it; rows of one address are merged into one."""

    address: Address
    line: int
    file: File
    standing: Standing
    name: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    joined: str | None = None  # UTC, ISO 8601
    evidence: dict[str, str] | None = None
    note: str = ""
    language: str | None = None
    time_zone: str | None = None
    reason: str | None = None

    @property
    def proof(self) -> str:
        """The evidence of consent, as a JSON object: where it stands, what the file tells of it."""
        more = f",{encode(self.evidence)[1:]}" if self.evidence else "}"
        return f"{self.file.proof}{self.line}{more}"

    @property
    def suppression_reason(self) -> str:
        """Why the address is never mailed again."""
        why = f" ({self.reason})" if self.reason else ""
        return f"undeliverable or blocked in the program before{why}"[:200]

    def merge(self, later: Candidate) -> None:
        """Take over what a later row of the same address adds; the worse standing holds."""
        self.name = later.name or self.name
        self.language = later.language or self.language
        self.time_zone = later.time_zone or self.time_zone
        self.fields = merge_fields(self.fields, later.fields)
        self.standing = max(self.standing, later.standing)
        self.joined = self.joined or later.joined
        self.evidence = (later.evidence or {}) | (self.evidence or {})
        self.reason = self.reason or later.reason
        self.note = self.note or later.note


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be taken, and why."""

    file: File
    line: int
    address: str
    reason: str
    kind: str  # the reason without particulars, for counting


class _Unreadable(InvalidInput):
    """Why a row cannot be taken."""

    def __init__(self, reason: str, kind: str) -> None:
        super().__init__(reason)
        self.kind = kind


def merge_fields(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Both; of one field the new value, of tags both lists."""
    merged = {**old, **new}
    if "tags" in old and "tags" in new:
        merged["tags"] = list(dict.fromkeys([*old["tags"], *new["tags"]]))
    return merged


class RowReader:
    """Reads the rows of one file, by its columns.

    Ten thousand rows a tenth of a second: what most rows have is read here, what few have in
    functions of its own. A column that is not there has the number -1, an empty cell at the end.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        standing: Standing,
        statuses: Mapping[str, Standing],
        *,
        file: str,
        system: str | None,
    ) -> None:
        where = {"file": file, "system": system} if system else {"file": file}
        self._file = File(file, f'{encode(where)[:-1]},"line":')
        self._width = len(columns)
        self._standing = standing
        at = {
            meaning: [column.number - 1 for column in columns if column.meaning is meaning]
            for meaning in Meaning
        }
        self._address, self._name, self._first, self._last = (
            next(iter(at[meaning]), -1)
            for meaning in (
                Meaning.ADDRESS, Meaning.NAME, Meaning.FIRST_NAME, Meaning.LAST_NAME
            )
        )  # fmt: skip
        self._fields = _named(columns, Meaning.FIELD)
        self._evidence = _named(columns, Meaning.EVIDENCE)
        self._joined = at[Meaning.JOINED] + [
            n for n, name in self._evidence if not name.endswith(("ip", "address"))
        ]
        self._dated = bool(self._evidence or self._joined)
        self._telling = readers_of(columns, statuses)
        self._must_reach = max((reader.at for reader in self._telling), default=-1)
        self._rest: list[tuple[int, Callable[[Candidate, str], None]]] = [
            (n, read) for meaning, read in _REST.items() for n in at[meaning]
        ]

    def read(self, line: int, cells: list[str], damage: str) -> Candidate | Rejected | None:
        """A row's candidate; ``None`` for a blank row."""
        cells = list(map(str.strip, cells))
        if not any(cells):
            return None
        try:
            if len(cells) != self._width or damage:
                cells = self._fitted(cells, damage)
            cells.append("")
            return self._candidate(line, cells, damage)
        except InvalidInput as error:
            kind = (
                error.kind
                if isinstance(error, _Unreadable)
                else "not known what a word means for consent"
            )
            address = cells[self._address] if self._address < len(cells) else ""
            reason = f"{error} ({damage})" if damage else str(error)
            return Rejected(self._file, line, address, reason, kind)

    def _fitted(self, cells: list[str], damage: str) -> list[str]:
        width = len(cells)
        if width > self._width and any(cells[self._width :]):
            raise _Unreadable(
                f"The row has {width} cells where the header has {self._width}: a cell with "
                "the separator in it needs quotation marks.",
                "more cells than the header",
            )
        if width <= self._must_reach or (damage and width < self._width):
            raise _Unreadable(
                f"The row ends after {width} of {self._width} cells.", "fewer cells than the header"
            )
        return cells[: self._width] + [""] * (self._width - width)

    def _candidate(self, line: int, cells: list[str], damage: str) -> Candidate:
        name = ""
        try:
            address = parse_address(cells[self._address])
        except InvalidAddress:
            name, address = _unwrapped(cells[self._address])
        candidate = Candidate(address, line, self._file, self._told(cells), name)
        if damage:
            candidate.note = damage
        for n, field_ in self._fields:
            if cells[n]:
                candidate.fields[field_] = cells[n][:_LONGEST_VALUE]
        self._fill_name(candidate, cells)
        for n, read in self._rest:
            if cells[n]:
                read(candidate, cells[n])
        if self._dated:
            self._fill_dates(candidate, cells)
        return candidate

    def _told(self, cells: list[str]) -> Standing:
        standing = self._standing
        for reader in self._telling:
            cell = cells[reader.at]
            if cell:
                told = reader.known.get(cell)
                standing = max(standing, reader.read(cell) if told is None else told)
        return standing

    def _fill_dates(self, candidate: Candidate, cells: list[str]) -> None:
        if self._evidence:
            candidate.evidence = {
                name: cells[n][:_LONGEST_PROOF] for n, name in self._evidence if cells[n]
            }
        for n in self._joined:
            if cells[n]:
                candidate.joined = parse_moment(cells[n])
                return

    def _fill_name(self, candidate: Candidate, cells: list[str]) -> None:
        name, first, last = cells[self._name], cells[self._first], cells[self._last]
        if first and last and not name:
            whole = f"{first} {last}"
        elif last and not first and not name.endswith(last):
            whole = f"{name} {last}".strip()  # "Name" and "Surname"
        else:
            whole = name or first or last
        if not whole:
            return
        if not whole.isprintable() or len(whole) > NAME_LENGTH:
            candidate.note = candidate.note or "the name was made one line of text"
            whole, first, last = tidy_name(whole), tidy_name(first), tidy_name(last)
        candidate.name = whole
        if first:
            candidate.fields["first_name"] = first
        if last:
            candidate.fields["last_name"] = last


def _named(columns: Sequence[Column], meaning: Meaning) -> list[tuple[int, str]]:
    return [(column.number - 1, column.field) for column in columns if column.meaning is meaning]


def _unwrapped(text: str) -> tuple[str, Address]:
    """``Ann <ann@x.test>`` and ``mailto:ann@x.test``; the reason when it is neither."""
    if not text:
        raise _Unreadable("There is no address in this row.", "no address")
    name, inner = unwrap(text)
    try:
        return tidy_name(name), parse_address(inner)
    except InvalidAddress as error:
        raise _Unreadable(str(error), "invalid address") from error


def _read_data(candidate: Candidate, cell: str) -> None:
    data, note = parse_data(cell)
    candidate.fields |= data
    candidate.note = candidate.note or note


def _read_tags(candidate: Candidate, cell: str) -> None:
    tags = [*candidate.fields.get("tags", ()), *parse_tags(cell)]
    candidate.fields["tags"] = list(dict.fromkeys(tags))


def _read_language(candidate: Candidate, cell: str) -> None:
    if _LANGUAGE.fullmatch(cell):
        candidate.language = cell.replace("_", "-")
    else:
        candidate.fields["language"] = cell


def _read_time_zone(candidate: Candidate, cell: str) -> None:
    candidate.time_zone = _zone(cell)


def _read_reason(candidate: Candidate, cell: str) -> None:
    candidate.reason = f"{candidate.reason}; {cell}" if candidate.reason else cell


_REST = {
    Meaning.DATA: _read_data,
    Meaning.TAGS: _read_tags,
    Meaning.LANGUAGE: _read_language,
    Meaning.TIME_ZONE: _read_time_zone,
    Meaning.REASON: _read_reason,
}


@lru_cache(maxsize=1024)
def _zone(name: str) -> str | None:
    return next(
        (zone for zone in zoneinfo.available_timezones() if zone.lower() == name.lower()), None
    )
