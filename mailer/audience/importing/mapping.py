"""Which column means what: told by its header, by what its cells hold, or by a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mailer.addresses import looks_like_address, tidy_name
from mailer.audience.importing.guessing import (
    PARTS_OF_NAMES,
    TELLING,
    are_marks,
    are_times,
    guess,
    in_two_parts,
    may_tell,
    words_of,
)
from mailer.audience.importing.headers import is_like_consent, meaning_of
from mailer.audience.importing.meanings import Meaning, field_name, normalise
from mailer.audience.importing.statuses import Standing
from mailer.audience.importing.systems import System, recognise
from mailer.errors import InvalidInput
from mailer.sentences import Sentence

_ONCE = (
    Meaning.ADDRESS,
    Meaning.NAME,
    Meaning.FIRST_NAME,
    Meaning.LAST_NAME,
    Meaning.LANGUAGE,
    Meaning.TIME_ZONE,
)
# When somebody confirmed; where nothing else tells who did, an empty one says: never.
_CONFIRMATIONS = frozenset((
    "confirmtime", "confirmedat", "confirmationdate", "confirmationtime", "confirmedon",
    "doubleoptindate", "optinconfirmedat", "aktivierungsdatum", "aktiviertam", "activationdate", "datedeconfirmation", "bestatigtam", "bestatigungsdatum",
))  # fmt: skip
_WATCHED = (Meaning.FIELD, Meaning.TAGS)
_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file and what becomes of it."""

    number: int  # from 1
    header: str
    meaning: Meaning
    field: str = ""  # name of the custom field, or of the piece of evidence
    because: str = ""  # header, content, or you
    examples: tuple[str, ...] = ()
    words: tuple[tuple[str, Standing], ...] = ()  # what they mean in this column
    watched: bool = False  # nobody said what it is: it might tell who left

    @property
    def target(self) -> str:
        """As a person writes it in an override: ``address``, ``field:city``, ``ignore``."""
        return f"field:{self.field}" if self.meaning is Meaning.FIELD else str(self.meaning)


@dataclass(frozen=True, slots=True)
class Mapped:
    """The columns of one file, the program that wrote it, and what is doubtful."""

    columns: tuple[Column, ...]
    system: System | None
    problems: tuple[str, ...]


def header_row(rows: Sequence[Sequence[str]]) -> int | None:
    """Which of the first rows names the columns; ``None`` when the first is a reader already."""
    named = next((n for n, row in enumerate(rows) if _names_address(row)), len(rows))
    first = next((n for n, row in enumerate(rows) if any(map(looks_like_address, row))), len(rows))
    if named < first:
        return named
    if first == 0:
        return None
    if first == len(rows):
        return next((n for n, row in enumerate(rows) if any(row)), None)
    # A title may stand above the header; it fills fewer cells.
    filled = sum(map(bool, rows[first]))
    enough = (n for n, row in enumerate(rows[:first]) if sum(map(bool, row)) >= filled * 0.6)
    return next(enough, None)


def _names_address(row: Sequence[str]) -> bool:
    return any(meaning_of(cell) is Meaning.ADDRESS for cell in row)


def map_columns(
    header: Sequence[str], sample: Sequence[Sequence[str]], overrides: Mapping[str, str]
) -> Mapped:
    """What each column means; *sample* are rows as wide as *header*; ``InvalidInput``."""
    cells = [[row[n] for row in sample if row[n]] for n in range(len(header))]
    system = recognise({normalise(name) for name in header})
    given = _overrides(header, overrides)
    problems: list[str] = [
        Sentence(
            "The header {name!r} stands {count} times; the first of them is taken, the others "
            "become fields.",
            name=name,
            count=count,
        )
        for name, count in _repeated(header)
    ]
    guesses = in_two_parts([guess(name, cells[n], system) for n, name in enumerate(header)], sample)
    address = _address_column(header, cells, guesses, given)
    reserved = {"tags"} | {str(meaning) for meaning, _ in guesses if meaning in PARTS_OF_NAMES}
    columns: list[Column] = []
    for n, name in enumerate(header):
        meaning, because = guesses[n]
        if n == address:
            meaning, because = Meaning.ADDRESS, "content" if meaning_of(name) is None else "header"
        elif meaning in _ONCE and (
            meaning is Meaning.ADDRESS or any(column.meaning is meaning for column in columns)
        ):
            meaning = Meaning.FIELD
        field = ""
        if n in given:
            (meaning, field), because = given[n], "you"
        field = _field(field or name, n, meaning, columns, reserved)
        columns.append(
            Column(
                n + 1,
                name,
                meaning,
                field,
                because,
                _examples(cells[n]),
                words_of(name, meaning, cells[n], system),
                meaning in _WATCHED and because != "you" and may_tell(name, system),
            )
        )
    problems += _other_addresses(columns, address, sample)
    found = tuple(columns)
    if system is None:
        found = _marked(_confirmed_by_time(columns, cells), cells, len(sample))
    problems += [
        Sentence(
            "Whoever has nothing in the column {column!r} is taken as pending.",
            column=column.header,
        )
        for column in found
        if ("", Standing.PENDING) in column.words
    ]
    return Mapped(found, system, tuple(problems))


def _other_addresses(
    columns: Sequence[Column], address: int | None, sample: Sequence[Sequence[str]]
) -> list[str]:
    """What to say of columns that hold addresses where the one that is read holds none."""
    without = [] if address is None else [row for row in sample if not row[address]]
    return [
        Sentence(
            "The column {other!r} holds addresses, too, also of people who have none in {column!r}, "
            "which is read: their rows are left out. To take them, put these addresses into the one "
            "column.",
            other=column.header,
            column=columns[address or 0].header,
        )
        for column in columns
        if column.meaning is Meaning.FIELD
        and any(looks_like_address(row[column.number - 1]) for row in without)
    ]


def _confirmed_by_time(
    columns: Sequence[Column], cells: Sequence[Sequence[str]]
) -> tuple[Column, ...]:
    """The columns; where only times tell who confirmed, whoever has none did not."""
    if any(column.meaning in TELLING for column in columns):
        return tuple(columns)
    return tuple(
        replace(column, words=(("", Standing.PENDING),))
        if normalise(column.header) in _CONFIRMATIONS
        and column.meaning is Meaning.EVIDENCE
        and are_times(cells[column.number - 1])
        else column
        for column in columns
    )


def _marked(
    columns: tuple[Column, ...], cells: Sequence[Sequence[str]], rows: int
) -> tuple[Column, ...]:
    """The columns; where all that tells who wants a newsletter is a mark, whoever has none did not ask."""
    telling = [column for column in columns if column.meaning in TELLING]
    marks = [
        column
        for column in telling or columns
        if column.meaning is Meaning.SUBSCRIBED
        or (column.meaning is Meaning.FIELD and column.watched and is_like_consent(column.header))
    ]
    if len(marks) != 1 or len(telling) > 1:
        return columns
    (mark,) = marks
    found = cells[mark.number - 1]
    if len(found) == rows or mark.because == "you" or not are_marks(found):
        return columns
    taken = replace(
        mark, meaning=Meaning.SUBSCRIBED, field="", watched=False, words=(("", Standing.PENDING),)
    )
    return tuple(taken if column is mark else column for column in columns)


def _examples(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(tidy_name, cells[:_EXAMPLES]))


def _repeated(header: Sequence[str]) -> list[tuple[str, int]]:
    return [(name, header.count(name)) for name in dict.fromkeys(header)
            if name and len(header) < 1000 and header.count(name) > 1]  # fmt: skip


def _address_column(
    header: Sequence[str],
    cells: Sequence[list[str]],
    guesses: Sequence[tuple[Meaning, str]],
    given: Mapping[int, tuple[Meaning, str]],
) -> int | None:
    chosen = [n for n, (meaning, _) in given.items() if meaning is Meaning.ADDRESS]
    if chosen:
        return chosen[0]
    found = [sum(map(looks_like_address, column)) for column in cells]
    free = [n for n in range(len(header)) if n not in given]
    named = [n for n in free if guesses[n][0] is Meaning.ADDRESS]
    best = max(named, key=lambda n: found[n], default=None)
    if best is not None and (found[best] or not any(found)):
        return best
    # Half of a column: a note in which an address happens to stand is no list of addresses.
    full = [n for n in free if found[n] and found[n] * 2 >= len(cells[n])]
    return max(full, key=lambda n: found[n], default=best)


def _field(
    name: str, n: int, meaning: Meaning, before: Sequence[Column], reserved: set[str]
) -> str:
    if meaning not in (Meaning.FIELD, Meaning.EVIDENCE):
        return ""
    wanted = field_name(name) if name.strip() else f"column_{n + 1}"
    taken = {column.field for column in before} | reserved
    unique, count = wanted, 1
    while meaning is Meaning.FIELD and unique in taken:
        count += 1
        unique = f"{wanted[:56]}_{count}"
    return unique


def _overrides(header: Sequence[str], given: Mapping[str, str]) -> dict[int, tuple[Meaning, str]]:
    found: dict[int, tuple[Meaning, str]] = {}
    plain = [normalise(name) for name in header]
    for which, target in given.items():
        if which in header:
            n = header.index(which)
        elif normalise(which) in plain:
            n = plain.index(normalise(which))
        elif which.isdecimal() and 1 <= int(which) <= len(header):
            n = int(which) - 1
        else:
            raise InvalidInput(
                "There is no column {column!r}; the columns are {header} "
                "(or their numbers, 1 to {count}).",
                column=which,
                header=listed(header),
                count=len(header),
            )
        found[n] = _target(which, target)
    return found


def _target(which: str, target: str) -> tuple[Meaning, str]:
    kind, _, field = target.partition(":")
    try:
        meaning = Meaning(kind.strip().lower().replace(" ", "_"))
    except ValueError as error:
        known = ", ".join(meaning for meaning in Meaning if meaning is not Meaning.FIELD)
        raise InvalidInput(
            "The column {column!r} cannot mean {target!r}; write one of {known}, or field:city.",
            column=which,
            target=target,
            known=known,
        ) from error
    return meaning, field.strip()


def listed(names: Sequence[str], most: int = 12) -> str:
    """Names for a sentence, the first few of many."""
    shown = ", ".join(name or "(no name)" for name in names[:most])
    return f"{shown}, … ({len(names)} in all)" if len(names) > most else shown
