"""Columns of cells become columns of values, a thousand rows at a time; pure.

What nearly every row has is done by one expression a column: it costs a third of row by row.
"""

from __future__ import annotations

import json
import re
import zoneinfo
from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from functools import lru_cache
from typing import Any

from mailer.addresses import NAME_LENGTH, Address, common_keys, parse_address, tidy_name
from mailer.audience.importing.candidates import encode, merge_tags
from mailer.audience.importing.cells import (
    first_address,
    parse_data,
    parse_moment,
    parse_tags,
    parse_usual_moments,
    unwrap,
)
from mailer.audience.importing.fitting import Types, fit_object, noted
from mailer.audience.importing.mapped import Column
from mailer.audience.importing.meanings import Meaning
from mailer.audience.importing.standings import Reader
from mailer.audience.importing.statuses import Standing
from mailer.audience.world import language_tags
from mailer.errors import InvalidAddress, InvalidInput
from mailer.sentences import Sentence

Cells = Sequence[str]  # of one column, or of one row

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_LONGEST_VALUE = 10_000
_NONE = Sentence("There is no address in this row.")
_NO_ADDRESS = Sentence("no address")
_NO_VALID_ADDRESS = Sentence("invalid address")
_UNKNOWN_WORD = Sentence("a word not known to mean anything for consent")
_FIRST_TAKEN = Sentence("of several addresses the first was taken")
_ONE_LINE = Sentence("the name was made one line of text")
_quoted = json.encoder.encode_basestring


class Failures(dict[int, tuple[str, str]]):
    """Of the rows that cannot be taken: the reason, and its kind for counting."""

    def add(self, row: int, reason: str, kind: str) -> None:
        """The first reason of a row stays."""
        self.setdefault(row, (reason, kind))


def addresses_of(
    cells: list[str], names: list[str], notes: list[str], failures: Failures
) -> list[str]:
    """The addresses' keys; of ``Ann <ann@x.test>`` name and address go into *names*, *cells*."""
    keys = common_keys(cells)
    for n in [n for n, key in enumerate(keys) if key is None]:
        try:
            names[n], address, note = _unwrapped(cells[n])
        except InvalidAddress as error:
            failures.add(n, *_wrong(cells[n], error))
        else:
            cells[n], keys[n] = address.shown, address.key
            noted(notes, n, note)
    return [key or "" for key in keys]


def with_spares(
    shown: list[str], cells: Sequence[list[str]], spares: Sequence[Column], notes: list[str]
) -> None:
    """Put other addresses that people have where the first is missing."""
    for n in [n for n, cell in enumerate(shown) if "@" not in cell]:
        for column in spares:
            spare = cells[column.number - 1]
            if "@" in spare[n]:
                shown[n] = spare[n]
                noted(notes, n, Sentence("the address is that in {column!r}", column=column.header))
                if column.meaning is Meaning.NAME:
                    spare[n] = ""
                break


def _wrong(cell: str, error: InvalidAddress) -> tuple[str, str]:
    if not cell:
        return _NONE, _NO_ADDRESS
    return error.sentence, _NO_VALID_ADDRESS


def _unwrapped(cell: str) -> tuple[str, Address, str]:
    """Name, address, and what was left out."""
    try:
        return "", parse_address(cell), ""
    except InvalidAddress:
        name, inner = unwrap(cell)
        first = first_address(inner)
        if first is not None:
            return tidy_name(name), parse_address(first), _FIRST_TAKEN
        if inner == cell:
            raise
    return tidy_name(name), parse_address(inner), ""


def standings_of(
    columns: Sequence[tuple[Reader, Cells]], standing: Standing, count: int, failures: Failures
) -> list[Standing]:
    """What the rows say of themselves; where nothing, *standing*."""
    standings = [standing] * count
    for reader, cells in columns:
        known = reader.known
        found = list(map(known.get, cells))
        if found.count(Standing.CONFIRMED) == count:  # nothing can be worse for it
            continue
        for n, cell in enumerate(cells):
            told = found[n]
            if told is None:
                try:
                    told = reader.read(cell)
                except InvalidInput as error:
                    failures.add(n, error.sentence, _UNKNOWN_WORD)
                    continue
            if told > standings[n]:
                standings[n] = told
    return standings


def tidied(cells: Cells, notes: list[str]) -> Cells:
    """Names made one line of text each, with a note where that changed one."""
    if "".join(cells).isprintable() and len(max(cells, key=len)) <= NAME_LENGTH:
        return cells
    made = list(cells)
    for n, name in enumerate(cells):
        if not name.isprintable() or len(name) > NAME_LENGTH:
            made[n] = tidy_name(name)
            if made[n] != name:
                notes[n] = notes[n] or _ONE_LINE
    return made


def names_of(wrapped: Cells, whole: Cells | None, first: Cells | None, last: Cells | None) -> Cells:
    """People's names, of the columns there are."""
    if whole is None and first is not None and last is not None:
        return [
            f"{one} {two}" if one and two else one or two
            for one, two in zip(first, last, strict=True)
        ]
    empty = [""] * len(wrapped)
    return [
        _name(*parts)
        for parts in zip(wrapped, whole or empty, first or empty, last or empty, strict=True)
    ]


def _name(wrapped: str, whole: str, first: str, last: str) -> str:
    if not whole:
        return f"{first} {last}".strip() or wrapped
    if last and not first and not whole.endswith(last):
        return f"{whole} {last}"  # "Name" and "Surname"
    return whole


def objects_of(columns: Sequence[tuple[str, Cells]], count: int) -> list[str]:
    """A JSON object a row, of named columns; empty cells are left out."""
    if not columns:
        return ["{}"] * count
    parts: list[Iterable[str]] = [
        map(f"{_quoted(name)}:".__add__, map(_quoted, _shortened(cells))) for name, cells in columns
    ]
    if not all(map(all, (cells for _, cells in columns))):
        parts = [
            (part if cell else "" for part, cell in zip(column, cells, strict=True))
            for column, (_, cells) in zip(parts, columns, strict=True)
        ]
        return ["{" + ",".join(filter(None, row)) + "}" for row in zip(*parts, strict=True)]
    return [f"{{{row}}}" for row in map(",".join, zip(*parts, strict=True))]


def _shortened(cells: Cells) -> Cells:
    if len(max(cells, key=len)) <= _LONGEST_VALUE:
        return cells
    return [cell[:_LONGEST_VALUE] for cell in cells]


def tags_of(columns: Sequence[Cells], count: int) -> list[str]:
    """The tags of each row as a JSON array, or nothing."""
    tags = [""] * count
    for cells in columns:
        tags = [merge_tags(one, _tags(cell)) for one, cell in zip(tags, cells, strict=True)]
    return tags


@lru_cache(maxsize=4096)
def _tags(cell: str) -> str:
    found = parse_tags(cell) if cell else []
    return encode(found) if found else ""


def extended(
    objects: list[str],
    cells: Cells,
    tags: list[str],
    notes: list[str],
    *,
    types: Types,
    verbatim: bool,
) -> list[str]:
    """The objects with the fields of JSON objects in *cells*; a column's own value goes before.

    Tags in them are put to the others.
    """
    made = list(objects)
    for n, cell in enumerate(cells):
        if cell:
            fields, note = parse_data(cell, verbatim=verbatim)
            noted(notes, n, note)
            for misfit in fit_object(fields, types):
                noted(notes, n, misfit)
            if not verbatim and "tags" in fields:
                tags[n] = merge_tags(tags[n], encode(fields.pop("tags")))
            if fields:
                own: Mapping[str, Any] = {} if made[n] == "{}" else json.loads(made[n])
                made[n] = encode({**fields, **own})
    return made


def moments_of(columns: Sequence[Cells], count: int, zone: tzinfo) -> list[str | None]:
    """The first time that a row tells, of several columns; days begin in *zone*."""
    moments: list[str | None] = [None] * count
    for cells in columns:
        usual = parse_usual_moments(cells)
        if None not in usual and not any(moments):
            moments = usual
            continue
        moments = [
            found or now or (parse_moment(cell, zone) if cell else None)
            for found, now, cell in zip(moments, usual, cells, strict=True)
        ]
    return moments


def proofs_of(begin: str, lines: Sequence[int], objects: Sequence[str] | None) -> list[str]:
    """Evidence of consent: where the row stands, and what its columns tell of it."""
    if objects is None:
        return [f"{begin}{line}}}" for line in lines]
    return [
        f"{begin}{line},{one[1:]}" if len(one) > 2 else f"{begin}{line}}}"
        for line, one in zip(lines, objects, strict=True)
    ]


@lru_cache(maxsize=1024)
def language_of(cell: str) -> str | None:
    """A language tag (BCP 47), where the cell is one or a language's name."""
    if not cell:
        return None
    if _LANGUAGE.fullmatch(cell):
        return cell.replace("_", "-")
    tag = language_tags(cell)[0]
    return tag if tag != cell else None


@lru_cache(maxsize=1024)
def time_zone_of(cell: str) -> str | None:
    """A time zone's name as it is spelled, where the cell is one."""
    if not cell:
        return None
    return next(
        (zone for zone in zoneinfo.available_timezones() if zone.lower() == cell.lower()), None
    )
