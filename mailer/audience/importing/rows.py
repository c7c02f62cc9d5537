"""Reading the rows of one file into candidates, a thousand at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from functools import partial
from itertools import repeat
from types import MappingProxyType

from mailer.addresses import tidy_name
from mailer.audience.importing import columns as made
from mailer.audience.importing.blocks import Block, Row, block_of
from mailer.audience.importing.candidates import Candidate, File, Rejected, encode
from mailer.audience.importing.cells import unguarded
from mailer.audience.importing.columns import Cells, Failures
from mailer.audience.importing.fitting import Types, noted, typed, with_fitting
from mailer.audience.importing.mapped import Column
from mailer.audience.importing.meanings import Meaning
from mailer.audience.importing.reports import LEFT_OUT
from mailer.audience.importing.standings import readers_of
from mailer.audience.importing.statuses import Standing
from mailer.audience.importing.systems import OWN, OWN_JSON
from mailer.audience.importing.watching import hold, watches_of
from mailer.sentences import Sentence

_UNREADABLE = Sentence("a row that cannot be read")
_MORE_CELLS = Sentence("more cells than the header")
_FEWER_CELLS = Sentence("fewer cells")
_CANDIDATE = partial(tuple.__new__, Candidate)  # without counting what is right by construction


class RowReader:
    """Reads the rows of one file, by its columns."""

    def __init__(
        self,
        columns: Sequence[Column],
        standing: Standing,
        statuses: Mapping[str, Standing],
        *,
        file: str,
        system: str | None,
        types: Types = MappingProxyType({}),
        zone: tzinfo = UTC,
        ragged: bool = False,
        report: bool = False,
    ) -> None:
        """Days that are named begin in *zone*. *ragged*: rows end with their last filled cell, as in workbooks; nothing was cut off.

        Of a *report* only who left is taken.
        """
        self._report = report
        self._zone = zone
        where = {"file": file, "system": system} if system else {"file": file}
        self._file = File(file, f'{encode(where)[:-1]},"line":')
        self._width = len(columns)
        self._guarded = system == OWN
        self._own = system in (OWN, OWN_JSON)
        self._standing = standing
        self._at = {
            meaning: [column.number - 1 for column in columns if column.meaning is meaning]
            for meaning in Meaning
        }
        self._address = self._at[Meaning.ADDRESS][0]
        self._spares = [column for column in columns if column.spare]
        self._types = typed(types)
        fields = _named(columns, Meaning.FIELD)
        self._fields = [one for one in fields if one[0] not in self._types]
        self._typed = [one for one in fields if one[0] in self._types]
        self._evidence = _named(columns, Meaning.EVIDENCE)
        self._joined = self._at[Meaning.JOINED] + [
            n for name, n in self._evidence if not name.endswith(("ip", "address"))
        ]
        self._telling = readers_of(columns, statuses)
        self._watches = watches_of(columns, statuses)
        ends = (reader.at for reader in self._telling)
        self._must_reach = -1 if ragged else max(ends, default=-1)

    @property
    def may_hold(self) -> bool:
        """Whether some column may say something that has to be explained first."""
        return bool(self._watches or self._telling)

    def held(self, block: Block) -> list[str]:
        """The addresses' keys of the rows that are held; nearly always none, and that is told fast."""
        if not self._hold_any(block.cells):
            return []
        return [one.key for one in self.read(block) if isinstance(one, Rejected) and one.key]

    def notice(self, block: Block) -> bool:
        """Whether numbers of a column of consent prove to be codes only now: look at all once more."""
        found = [
            reader.notice(set(map(str.strip, _column(block.cells, reader.at))))
            for reader in self._telling
        ]
        return any(found)

    def _hold_any(self, rows: Sequence[Cells]) -> bool:
        return any(
            watch.found(map(str.strip, _column(rows, watch.at))) for watch in self._watches
        ) or any(
            reader.find(cell) is None
            for reader in self._telling
            for cell in set(map(str.strip, _column(rows, reader.at))) - reader.known.keys()
        )

    def read(self, block: Block) -> list[Candidate | Rejected]:
        """What becomes of some rows; blank ones are dropped."""
        if not block.damages and set(map(len, block.cells)) == {self._width}:
            return self._read_whole(block)
        return self._read_uneven(block)

    def _read_uneven(self, rows: Iterable[Row]) -> list[Candidate | Rejected]:
        rejected: list[Candidate | Rejected] = []
        whole: list[Row] = []
        for row in rows:
            if len(row.cells) == self._width and not row.damage:
                whole.append(row)
            elif row.damage and not row.cells:
                rejected.append(Rejected(self._file, row.line, "", row.damage, _UNREADABLE))
            elif any(map(str.strip, row.cells)):
                why = self._misfit(row)
                if why:
                    rejected.append(self._rejected(row, *why))
                else:
                    whole.append(self._fitted(row))
        return (self._read_whole(block_of(whole)) if whole else []) + rejected

    def _misfit(self, row: Row) -> tuple[str, str] | None:
        width = len(row.cells)
        if width > self._width and any(map(str.strip, row.cells[self._width :])):
            more = Sentence(
                "The row has {cells} cells where the header has {header}: a cell with the "
                "separator in it needs quotation marks.",
                cells=width,
                header=self._width,
            )
            return more, _MORE_CELLS
        if width <= self._must_reach or (row.damage and width < self._width):
            fewer = Sentence(
                "The row ends after {cells} of {header} cells.", cells=width, header=self._width
            )
            return fewer, _FEWER_CELLS
        return None

    def _fitted(self, row: Row) -> Row:
        missing = [""] * (self._width - len(row.cells))
        return row._replace(cells=row.cells[: self._width] + missing)

    def _rejected(self, row: Row, reason: str, kind: str, key: str = "") -> Rejected:
        address = row.cells[self._address] if self._address < len(row.cells) else ""
        told = reason
        if row.damage:
            told = Sentence("{reason} ({damage})", reason=reason, damage=row.damage)
        return Rejected(self._file, row.line, tidy_name(address), told, kind, key)

    def _read_whole(self, block: Block) -> list[Candidate | Rejected]:
        cells = [list(map(str.strip, column)) for column in zip(*block.cells, strict=True)]
        if self._guarded:
            cells = [list(map(unguarded, column)) for column in cells]
        count, lines, failures = len(block), block.lines, Failures()
        notes = list(block.damages) or [""] * count
        for n, note in enumerate(block.notes):
            noted(notes, n, note)
        wrapped = [""] * count
        shown = cells[self._address]
        if self._spares:
            made.with_spares(shown, cells, self._spares, notes)
        keys = made.addresses_of(shown, wrapped, notes, failures)
        told = [(reader, cells[reader.at]) for reader in self._telling]
        standings = made.standings_of(told, self._standing, count, failures)
        hold(self._watches, cells, failures)
        if self._report:
            for n in [n for n, one in enumerate(standings) if one <= Standing.PENDING]:
                failures.add(n, LEFT_OUT, LEFT_OUT)
                keys[n] = ""  # it bars nobody
        whole, first, last = (
            made.tidied(cells[self._at[meaning][0]], notes) if self._at[meaning] else None
            for meaning in (Meaning.NAME, Meaning.FIRST_NAME, Meaning.LAST_NAME)
        )
        names = made.tidied(made.names_of(wrapped, whole, first, last), notes)
        tags = made.tags_of([cells[n] for n in self._at[Meaning.TAGS]], count)
        objects = self._objects(cells, first, last, tags, notes)
        joined = made.moments_of([cells[n] for n in self._joined], count, self._zone)
        evidence = [(name, cells[n]) for name, n in self._evidence]
        told_of_consent = made.objects_of(evidence, count) if evidence else None
        proofs = made.proofs_of(self._file.proof, lines, told_of_consent)
        languages, zones, reasons = self._rest(cells)
        outcomes: list[Candidate | Rejected] = list(
            map(
                _CANDIDATE,
                zip(
                    repeat(self._file), lines, standings, proofs, notes, reasons, tags,
                    shown, keys, names, languages, zones, objects, joined, strict=False,
                ),
            )
        )  # fmt: skip
        rows: list[Row] = list(block) if failures else []
        for n, why in failures.items():
            outcomes[n] = self._rejected(rows[n], *why, keys[n])
        blank = {n for n in failures if not any(column[n] for column in cells)}
        return [one for n, one in enumerate(outcomes) if n not in blank] if blank else outcomes

    def _objects(
        self,
        cells: Sequence[Cells],
        first: Cells | None,
        last: Cells | None,
        tags: list[str],
        notes: list[str],
    ) -> list[str]:
        columns = [(name, cells[n]) for name, n in self._fields]
        columns += [("first_name", first)] if first else []
        columns += [("last_name", last)] if last else []
        columns += [
            ("language", ["" if made.language_of(cell) else cell for cell in cells[n]])
            for n in self._at[Meaning.LANGUAGE]
        ]
        objects = made.objects_of(columns, len(notes))
        for name, n in self._typed:
            objects = with_fitting(objects, name, self._types[name], cells[n], notes)
        for n in self._at[Meaning.DATA]:
            objects = made.extended(
                objects, cells[n], tags, notes, types=self._types, verbatim=self._own
            )
        return objects

    def _rest(self, cells: Sequence[Cells]) -> Iterable[Iterable[str | None]]:
        """Languages, time zones, reasons for leaving: few files have them."""
        languages = self._at[Meaning.LANGUAGE]
        zones = self._at[Meaning.TIME_ZONE]
        reasons = [cells[n] for n in self._at[Meaning.REASON]]
        yield map(made.language_of, cells[languages[0]]) if languages else repeat(None)
        yield map(made.time_zone_of, cells[zones[0]]) if zones else repeat(None)
        if reasons:
            yield (
                "; ".join(filter(None, row))[:1000] or None for row in zip(*reasons, strict=True)
            )
        else:
            yield repeat(None)


def _column(rows: Sequence[Cells], at: int) -> set[str]:
    """The different cells of one column."""
    try:
        return {cells[at] for cells in rows}
    except IndexError:
        return {cells[at] for cells in rows if at < len(cells)}


def _named(columns: Sequence[Column], meaning: Meaning) -> list[tuple[str, int]]:
    return [(column.field, column.number - 1) for column in columns if column.meaning is meaning]
