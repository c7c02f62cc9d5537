"""Looking at files before anything is written: their form, their columns, what is doubtful."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from mailer.addresses import tidy_name
from mailer.audience.importing import decoding, delimited, workbooks
from mailer.audience.importing.delimited import Row
from mailer.audience.importing.files import Source, find_sources, require_table
from mailer.audience.importing.mapping import Column, Mapped, header_row, listed, map_columns
from mailer.audience.importing.meanings import Meaning
from mailer.audience.importing.statuses import Standing, is_yes, standing_of, standing_of_file
from mailer.errors import InvalidFile, InvalidInput

_SAMPLE = 1000
_SNIFFED_LINES = 400
_HEADER_WITHIN = 25


@dataclass(frozen=True, slots=True)
class Layout:
    """How the bytes of one table become rows."""

    source: Source
    decoding: decoding.Decoding
    separator: str = ","
    old_mac: bool = False  # lines end with carriage returns
    hint: bool = False  # the first line is Excel's sep=;
    sheet: str | None = None

    @property
    def format(self) -> str:
        """For people: ``text with semicolons``."""
        if self.sheet is not None:
            return f"Excel workbook, sheet {self.sheet!r}"
        separators = delimited.SEPARATORS.get(self.separator, repr(self.separator))
        return f"text with {separators}{', lines as on an old Macintosh' if self.old_mac else ''}"


@dataclass(frozen=True, slots=True)
class FilePlan:
    """What was found out about one table."""

    layout: Layout
    header_line: int | None  # rows up to it are no readers
    columns: tuple[Column, ...]
    system: str | None
    standing: Standing  # of rows that say nothing themselves
    rows: int  # about
    sample: tuple[tuple[str, ...], ...]
    problems: tuple[str, ...]
    unknown_words: tuple[str, ...] = ()  # in the column of statuses: nobody knows what they mean

    @property
    def name(self) -> str:
        """The file's name."""
        return self.layout.source.name


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import would read; shown before anything is written."""

    files: tuple[FilePlan, ...]
    statuses: Mapping[str, Standing]  # words a person explained
    problems: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """About how many rows there are."""
        return sum(file.rows for file in self.files)


def inspect(
    *paths: Path | str,
    encoding: str | None = None,
    mapping: Mapping[str, str] | None = None,
    statuses: Mapping[str, str] | None = None,
    state: str | None = None,
) -> Plan:
    """Look at *paths* (several belong together, like Mailchimp's three) and plan their import.

    *mapping* says what columns mean (``{"Kontakt": "address", "Ort": "field:city"}``), *statuses*
    what words mean (``{"gold": "confirmed"}``), *state* what everybody in the files is where the
    file says nothing. ``InvalidFile`` or ``InvalidInput`` say what to do.
    """
    known = {word.strip().lower(): _standing(means) for word, means in (statuses or {}).items()}
    problems: list[str] = []
    files: list[FilePlan] = []
    for path in paths:
        sources, left_out = find_sources(Path(path))
        problems += left_out
        for source in sources:
            layouts = layouts_of(source, encoding)
            files += [_plan(layout, mapping or {}, known, state) for layout in layouts]
    usable = [file for file in files if _has_address(file)]
    if not usable:
        raise InvalidFile(_no_address(files))
    problems += [f"{_no_address([file])} It was left out." for file in files if file not in usable]
    # Who left goes first: at no moment may an import make somebody a reader who is none.
    usable.sort(key=lambda file: -file.standing)
    return Plan(tuple(usable), known, tuple(problems))


@contextmanager
def rows_of(layout: Layout) -> Iterator[Iterator[Row]]:
    """Every row of a table, the header and blank rows too."""
    source = layout.source
    with source.open() as stream:
        if layout.sheet is not None:
            yield workbooks.rows_of_sheet(stream, source.name, layout.sheet)
            return
        with _text(stream, layout) as text:
            lines = delimited.lines_of(text, old_mac=layout.old_mac)
            rows = delimited.rows_of(lines, layout.separator)
            yield islice(rows, 1, None) if layout.hint else rows


def _text(stream: io.BufferedIOBase | object, layout: Layout) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        stream,  # type: ignore[arg-type]  # IO[bytes] of a file or of an archive's member
        encoding=layout.decoding.encoding,
        errors=layout.decoding.errors,
        newline="\n",
    )


def layouts_of(source: Source, encoding: str | None = None) -> list[Layout]:
    """How the tables of a source are read: one of a text, one a sheet of a workbook."""
    if source.workbook:
        with source.open() as stream:
            names = workbooks.sheet_names(stream, source.name)
        if not names:
            raise InvalidFile(
                "{source} has no cells; export the list of readers again.", source=source.name
            )
        return [Layout(source, decoding.Decoding("utf-8"), sheet=name) for name in names]
    found = decoding.named(encoding) if encoding else decoding.detect(source.open)
    layout = Layout(source, found)
    with source.open() as stream, _text(stream, layout) as text:
        head = text.read(1 << 16)
    require_table(head.replace("\0", "").encode(errors="replace"), source.name)
    old_mac = "\r" in head and "\n" not in head
    whole = head if len(head) < 1 << 16 else head[: max(head.rfind("\n"), head.rfind("\r")) + 1]
    lines = delimited.lines_of(io.StringIO(whole, newline="\n"), old_mac=old_mac)
    sample = [line for line in islice(lines, _SNIFFED_LINES) if line.strip()]
    return [
        Layout(source, found, delimited.sniff(sample), old_mac, bool(delimited.excel_hint(sample)))
    ]


def _plan(
    layout: Layout,
    overrides: Mapping[str, str],
    statuses: Mapping[str, Standing],
    state: str | None,
) -> FilePlan:
    with rows_of(layout) as rows:
        sample = list(islice(rows, _SAMPLE))
    cells = [[cell.strip() for cell in row.cells] for row in sample]
    at = header_row(cells[:_HEADER_WITHIN])
    header, body = _header(cells, at)
    width = len(header)
    even = [(row + [""] * width)[:width] for row in cells[body:] if any(row)]
    mapped = map_columns(header, even, overrides)
    standing = _standing_of_file(layout, mapped, state)
    unknown = _unknown_words(mapped, even, statuses)
    problems = [*mapped.problems, *_doubts(unknown, standing, at), *_suspicions(mapped, even)]
    if layout.decoding.note:
        problems.insert(0, layout.decoding.note)
    return FilePlan(
        layout,
        None if at is None else sample[at].line,
        mapped.columns,
        mapped.system.name if mapped.system else None,
        standing,
        _estimate(layout, sample, len(even)),
        tuple(tuple(map(tidy_name, row)) for row in even[:5]),
        tuple(problems),
        tuple(word for words in unknown.values() for word in words),
    )


def _header(cells: Sequence[list[str]], at: int | None) -> tuple[list[str], int]:
    if at is None:
        width = max((len(row) for row in cells[:_HEADER_WITHIN]), default=0)
        return [f"column {n}" for n in range(1, width + 1)], 0
    header = [tidy_name(cell) for cell in cells[at]]
    while header and not header[-1]:
        header = header[:-1]
    return header, at + 1


def _standing_of_file(layout: Layout, mapped: Mapped, state: str | None) -> Standing:
    if state is not None:
        return _standing(state)
    if mapped.system and mapped.system.standing is not None:
        return mapped.system.standing
    told = [column for column in mapped.columns if column.meaning in _TELLING]
    by_name = standing_of_file(layout.source.name)
    return by_name if by_name is not None and not told else Standing.CONFIRMED


_TELLING = (Meaning.STATUS, Meaning.SUBSCRIBED)


def _unknown_words(
    mapped: Mapped, sample: Sequence[Sequence[str]], statuses: Mapping[str, Standing]
) -> dict[str, list[str]]:
    """Words whose meaning for consent is not known, by the header of their column."""
    found = {}
    for column in mapped.columns:
        if column.meaning is Meaning.STATUS:
            words = Counter(row[column.number - 1] for row in sample)
            found[column.header] = [
                w for w in words if w and w.lower() not in statuses and standing_of(w) is None
            ]
    return {header: words for header, words in found.items() if words}


def _doubts(unknown: Mapping[str, Sequence[str]], standing: Standing, at: int | None) -> list[str]:
    doubts = []
    if at is None:
        doubts.append("There is no header row; columns are told by what they hold.")
    doubts += [
        f"The column {header!r} has words whose meaning for consent is not known: "
        f"{listed(words)}. Rows with them are left out until you say what they mean (confirmed, "
        "pending, unsubscribed or suppressed), or that the column means something else."
        for header, words in unknown.items()
    ]
    if standing is not Standing.CONFIRMED:
        doubts.append(f"Everybody in this file is taken as {standing.name.lower()}.")
    return doubts


def _suspicions(mapped: Mapped, sample: Sequence[Sequence[str]]) -> list[str]:
    """Columns taken for fields whose words may say who has left."""
    found = []
    for column in mapped.columns:
        if column.meaning is Meaning.FIELD and column.because != "you":
            words = dict.fromkeys(row[column.number - 1] for row in sample)
            leaving = [word for word in words if _says_gone(word)]
            if leaving:
                found.append(
                    f"The column {column.header!r} is taken for a field, yet holds words such as "
                    f"{listed(leaving)}. If it says who has left, say that it is a status: "
                    f'"{column.header}=status"; else these people are imported as readers.'
                )
    return found


def _says_gone(word: str) -> bool:
    # Yes and no say nothing by themselves.
    standing = standing_of(word) if is_yes(word) is None else None
    return standing is not None and standing >= Standing.UNSUBSCRIBED


def _estimate(layout: Layout, sample: Sequence[Row], readers: int) -> int:
    if len(sample) < _SAMPLE:
        return readers
    if layout.sheet is not None:
        return readers  # at least: a workbook does not say
    text = sum(len(cell) + 1 for row in sample for cell in row.cells)
    size = layout.source.size // (2 if layout.decoding.encoding.startswith("utf-16") else 1)
    return max(readers, size * readers // max(text, 1))


def _has_address(file: FilePlan) -> bool:
    return any(column.meaning is Meaning.ADDRESS for column in file.columns)


def _no_address(files: Sequence[FilePlan]) -> str:
    file = files[0]
    names = listed([column.header for column in file.columns])
    first = file.columns[0].header if file.columns else "column"
    return (
        f"{file.name} has no column of e-mail addresses (its columns: {names or 'none'}). "
        "Bring a list of readers; where its addresses are no addresses at first sight, "
        f'`mailer import --map "{first}=address"` says which column holds them.'
    )


def _standing(text: str) -> Standing:
    try:
        return Standing[text.strip().upper()]
    except KeyError as error:
        raise InvalidInput(
            "{text!r} says nothing about consent; write confirmed, pending, unsubscribed "
            "or suppressed.",
            text=text,
        ) from error
