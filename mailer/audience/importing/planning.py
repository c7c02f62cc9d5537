"""Looking at files before anything is written: their form, their columns, what is doubtful."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from mailer.addresses import tidy_name
from mailer.audience.importing.blocks import Row
from mailer.audience.importing.cells import parse_moment
from mailer.audience.importing.doubling import Doubled
from mailer.audience.importing.files import find_sources
from mailer.audience.importing.layouts import Layout, layouts_of, rows_of
from mailer.audience.importing.mapped import Column, Mapped
from mailer.audience.importing.mapping import header_row, listed, map_columns
from mailer.audience.importing.meanings import Meaning
from mailer.audience.importing.reports import as_report
from mailer.audience.importing.standings import readers_of
from mailer.audience.importing.statuses import Standing, is_time, standing_of_file
from mailer.audience.importing.watching import watches_of
from mailer.errors import InvalidFile, InvalidInput
from mailer.sentences import Sentence

_SAMPLE = 1000
_WORDS_ASKED = 20  # of one column
_HEADER_WITHIN = 25
_TAKEN_AS = {
    Standing.PENDING: Sentence("Everybody in this file is taken as pending."),
    Standing.UNSUBSCRIBED: Sentence("Everybody in this file is taken as unsubscribed."),
    Standing.SUPPRESSED: Sentence("Everybody in this file is taken as suppressed."),
}
_NOBODY = Sentence("Below the header there is no row; where that is wrong, export the list again.")
_BY_NAME = Sentence("So says the file's name; say yourself what they are if that is wrong.")


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
    is_log: bool = False  # of what was sent or read, as the program calls it
    is_report: bool = False  # of the same, as its columns say: only who left is taken
    held: tuple[int, ...] = ()  # columns for which rows are held until somebody says what they are

    @property
    def name(self) -> str:
        """The file's name."""
        return self.layout.source.name

    @property
    def has_address(self) -> bool:
        """Whether it is known which column holds the addresses."""
        return any(column.meaning is Meaning.ADDRESS for column in self.columns)

    @property
    def may_have_address(self) -> bool:
        """Whether a person could say which column holds them."""
        return any("@" in example for column in self.columns for example in column.examples)


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

    @property
    def is_finished(self) -> bool:
        """Whether it can be carried out: some column holds addresses."""
        return any(file.has_address for file in self.files)


def inspect(
    *paths: Path | str,
    encoding: str | None = None,
    mapping: Mapping[str, str] | None = None,
    statuses: Mapping[str, str] | None = None,
    state: str | None = None,
    unfinished: bool = False,
) -> Plan:
    """Look at *paths* (several belong together, like Mailchimp's three) and plan their import.

    *mapping* says what columns mean (``{"Kontakt": "address", "Ort": "field:city"}``), *statuses*
    what words mean (``{"gold": "confirmed"}``), *state* what everybody in the files is where the
    file says nothing. ``InvalidFile`` or ``InvalidInput`` say what to do; an *unfinished* plan may
    leave open which column holds the addresses.
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
    usable = [
        one
        for one in files
        if not one.is_log and (one.has_address or (unfinished and one.may_have_address))
    ]
    if not usable:
        raise InvalidFile(_why_not(files[0]))
    problems += [
        Sentence("{problem} It was left out.", problem=_why_not(file))
        for file in files
        if file not in usable
    ]
    usable, besides = _lists_of_programs(usable)
    problems += besides
    # Who left goes first: at no moment may an import make somebody a reader who is none.
    usable.sort(key=lambda file: -file.standing)
    return Plan(tuple(usable), known, tuple(problems))


def _plan(
    layout: Layout,
    overrides: Mapping[str, str],
    statuses: Mapping[str, Standing],
    state: str | None,
) -> FilePlan:
    with rows_of(layout) as rows:
        sample = list(islice(rows, _SAMPLE))
    cells = [[cell.strip() for cell in row.cells] for row in sample]
    at = 0 if layout.members else header_row(cells[:_HEADER_WITHIN])
    header, body = _header(cells, at, ragged=layout.sheet is not None)
    width = len(header)
    even = [(row + [""] * width)[:width] for row in cells[body:] if any(row)]
    mapped = map_columns(header, even, overrides)
    report = as_report(mapped, even, layout.source.name) if state is None else None
    if report:
        mapped = replace(mapped, columns=report[0])
    standing, by_name = _standing_of_file(layout, mapped, even, state)
    unknown = _unknown_words(mapped, even, statuses)
    held = _held(mapped, even, statuses)
    problems = [
        *mapped.problems,
        *_doubts(unknown, standing, at, plain=layout.plain),
        *([_BY_NAME] if by_name else []),
        *held.values(),
    ]
    if report and standing is Standing.CONFIRMED:
        problems.insert(0, report[1])
    problems += _undated(mapped, even)
    if at is not None and not even:
        problems.append(_NOBODY)
    if layout.doubled:
        problems.insert(0, _doubled(layout.doubled))
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
        mapped.system is not None and mapped.system.log and "address" not in overrides.values(),
        report is not None,
        tuple(held),
    )


def _undated(mapped: Mapped, sample: Sequence[Sequence[str]]) -> list[str]:
    """What to say of columns whose times cannot be read."""
    problems: list[str] = []
    for column in mapped.columns:
        cells = [row[column.number - 1] for row in sample if row[column.number - 1]]
        odd = [cell for cell in cells if is_time(cell) and parse_moment(cell) is None]
        if column.meaning is Meaning.JOINED and odd:
            problems.append(
                Sentence(
                    "Dates in {column!r} such as {date} may be read in two ways or not at all: they "
                    "say of nobody since when they are known.",
                    column=column.header,
                    date=tidy_name(odd[0]),
                )
            )
    return problems


def _doubled(found: Doubled) -> str:
    return Sentence(
        "Letters were encoded twice, in at least {n} places: {before} is read as {after}. Addresses "
        "are left as they are. Where that is wrong, choose UTF-8 as the encoding "
        "(`--encoding utf-8`).",
        n=found.count,
        before=tidy_name(found.before),
        after=tidy_name(found.after),
    )


def _header(cells: Sequence[list[str]], at: int | None, *, ragged: bool) -> tuple[list[str], int]:
    """The columns' names, and where the readers begin; *ragged* rows end with their last cell."""
    if at is None:
        width = max((len(row) for row in cells[:_HEADER_WITHIN]), default=0)
        return [f"column {n}" for n in range(1, width + 1)], 0
    header = [tidy_name(cell) for cell in cells[at]]
    # Columns without a name count as far as they hold anything.
    filled = max((n for row in cells[at + 1 :] for n, cell in enumerate(row, 1) if cell), default=0)
    while header and not header[-1] and len(header) > filled:
        header = header[:-1]
    if ragged:
        header += [""] * (filled - len(header))
    # Of a header in two rows, what stands in the upper one only: cells merged with those below.
    upper = cells[at - 1] if at and sum(map(bool, cells[at - 1])) > 1 else []
    above = [*upper, *[""] * len(header)]
    return [name or tidy_name(above[n]) for n, name in enumerate(header)], at + 1


def _standing_of_file(
    layout: Layout, mapped: Mapped, sample: Sequence[Sequence[str]], state: str | None
) -> tuple[Standing, bool]:
    """What everybody is of whom the file says nothing, and whether only its name says so."""
    if state is not None:
        return _standing(state), False
    if mapped.system and mapped.system.standing is not None:
        return mapped.system.standing, False
    names = (layout.source.name, layout.sheet or "")
    by_name = max(filter(None, map(standing_of_file, names)), default=None)
    if by_name is None or _tells_readers(mapped, sample):
        return Standing.CONFIRMED, False
    return by_name, True


def _tells_readers(mapped: Mapped, sample: Sequence[Sequence[str]]) -> bool:
    """Whether a column says itself who is a reader and who is none."""
    return any(
        reader.meaning in (Meaning.STATUS, Meaning.SUBSCRIBED)
        or any(reader.find(row[reader.at]) is Standing.CONFIRMED for row in sample)
        for reader in readers_of(mapped.columns, {})
    )


def _unknown_words(
    mapped: Mapped, sample: Sequence[Sequence[str]], statuses: Mapping[str, Standing]
) -> dict[str, list[str]]:
    """Words whose meaning for consent is not known, by the header of their column."""
    found = {}
    for reader in readers_of(mapped.columns, statuses):
        words = dict.fromkeys(row[reader.at] for row in sample)
        unknown = [word for word in words if word and reader.find(word) is None]
        found[mapped.columns[reader.at].header] = unknown[:_WORDS_ASKED]
    return {header: words for header, words in found.items() if words}


def _doubts(
    unknown: Mapping[str, Sequence[str]], standing: Standing, at: int | None, *, plain: bool
) -> list[str]:
    doubts: list[str] = []
    if plain:
        doubts.append(Sentence("Each address of this list is taken as a reader of their own."))
    elif at is None:
        doubts.append(Sentence("There is no header row; columns are told by what they hold."))
    doubts += [
        Sentence(
            "The column {column!r} has words whose meaning for consent is not known: {words}. "
            "Rows with them are left out until you say what they mean (confirmed, pending, "
            "unsubscribed or suppressed), or that the column means something else.",
            column=header,
            words=listed(words),
        )
        for header, words in unknown.items()
    ]
    if standing is not Standing.CONFIRMED:
        doubts.append(_TAKEN_AS[standing])
    return doubts


def _held(
    mapped: Mapped, sample: Sequence[Sequence[str]], statuses: Mapping[str, Standing]
) -> dict[int, str]:
    """Columns whose words may say who has left, by number, and what there is to say about them."""
    held: dict[int, str] = {}
    for watch in watches_of(mapped.columns, statuses):
        words = dict.fromkeys(row[watch.at] for row in sample)
        gone = watch.found(words)
        if gone:
            told = listed([word for word in words if word.lower() in gone])
            held[watch.column.number] = Sentence(
                "The column {column!r} is taken for {taken_for}, yet holds words such as {words}. "
                "Rows with them are left out until you say what it is: {what_to_say}.",
                column=watch.column.header,
                taken_for=watch.taken_for,
                words=told,
                what_to_say=watch.what_to_say,
            )
    return held


def _estimate(layout: Layout, sample: Sequence[Row], readers: int) -> int:
    if len(sample) < _SAMPLE:
        return readers
    if layout.sheet is not None:
        return readers  # at least: a workbook does not say
    text = sum(len(cell) + 1 for row in sample for cell in row.cells)
    size = layout.source.size // (2 if layout.decoding.encoding.startswith("utf-16") else 1)
    return max(readers, size * readers // max(text, 1))


def _lists_of_programs(files: list[FilePlan]) -> tuple[list[FilePlan], list[str]]:
    """The files without what lies beside a program's lists in its archive: who opened, who clicked.

    Among those may be people who have left since. What says itself that they left is taken.
    """
    known = {file.layout.source.path: file for file in files if file.system}
    kept: list[FilePlan] = []
    left_out: list[str] = []
    for file in files:
        beside = known.get(file.layout.source.path) if file.layout.source.member else None
        if beside is None or file.system or file.standing > Standing.CONFIRMED:
            kept.append(file)
        else:
            left_out.append(
                Sentence(
                    "{file} in {archive} is none of the lists of {system} and was left out; bring it "
                    "by itself if it is a list of readers.",
                    file=file.name,
                    archive=file.layout.source.path.name,
                    system=(beside.system or "").partition(":")[0],
                )
            )
    return kept, left_out


def _why_not(file: FilePlan) -> str:
    if file.is_log:
        return Sentence(
            "{file} tells what was sent and opened ({system}), not who is a reader; bring the list "
            "of subscribers instead.",
            file=file.name,
            system=(file.system or "").partition(":")[0],
        )
    names = listed([column.header for column in file.columns]) or "–"
    likely = (column for column in file.columns if any("@" in one for one in column.examples))
    column = next(likely, None)
    if column is None:
        return Sentence(
            "{file} has no e-mail addresses (its columns: {names}). Bring the list of readers.",
            file=file.name,
            names=names,
        )
    return Sentence(
        "{file} has no column of e-mail addresses (its columns: {names}). "
        "Bring a list of readers; where its addresses are no addresses at first sight, "
        '`mailer import --map "{first}=address"` says which column holds them.',
        file=file.name,
        names=names,
        first=column.header or str(column.number),
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
