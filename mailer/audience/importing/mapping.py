"""Which column means what: told by its header, by what its cells hold, or by a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mailer.addresses import looks_like_address, tidy_name
from mailer.audience.importing.meanings import (
    Meaning,
    field_name,
    is_about_mail,
    meaning_of,
    normalise,
)
from mailer.audience.importing.statuses import Standing, is_yes, standing_of
from mailer.audience.importing.systems import System, recognise
from mailer.errors import InvalidInput

_ONCE = (
    Meaning.ADDRESS,
    Meaning.NAME,
    Meaning.FIRST_NAME,
    Meaning.LAST_NAME,
    Meaning.LANGUAGE,
    Meaning.TIME_ZONE,
)
_PARTS_OF_NAMES = (Meaning.FIRST_NAME, Meaning.LAST_NAME)
_ASSENT = (Meaning.SUBSCRIBED, Meaning.CONFIRMED)
_GONE = (Meaning.UNSUBSCRIBED, Meaning.SUPPRESSED)
_COUNTRIES_HAVE_THEM = ("state", "estado", "stato")
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
    problems = [
        f"The header {name!r} stands {count} times; the first of them is taken, "
        "the others become fields."
        for name, count in _repeated(header)
    ]
    guesses = _in_two_parts(
        [_guess(name, cells[n], system) for n, name in enumerate(header)], sample
    )
    address = _address_column(header, cells, guesses, given)
    reserved = {"tags"} | {str(meaning) for meaning, _ in guesses if meaning in _PARTS_OF_NAMES}
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
        columns.append(Column(n + 1, name, meaning, field, because, _examples(cells[n])))
    return Mapped(tuple(columns), system, tuple(problems))


def _examples(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(tidy_name, cells[:_EXAMPLES]))


def _repeated(header: Sequence[str]) -> list[tuple[str, int]]:
    return [(name, header.count(name)) for name in dict.fromkeys(header)
            if name and len(header) < 1000 and header.count(name) > 1]  # fmt: skip


def _guess(header: str, cells: list[str], system: System | None) -> tuple[Meaning, str]:
    special = system.meanings.get(normalise(header)) if system else None
    meaning = special or meaning_of(header)
    doubtful = meaning in (*_ASSENT, *_GONE) or normalise(header) in _COUNTRIES_HAVE_THEM
    if doubtful and cells and not says_any(header) and not any(map(_says_something, cells)):
        meaning = None  # "Newsletter" over the newsletters' names, "State" over New York
    if meaning is None and is_about_mail(header) and _tells_who_left(cells):
        return Meaning.STATUS, "content"
    if meaning is None:
        empty = not header.strip() and not cells
        return (Meaning.IGNORE if empty else Meaning.FIELD), "header"
    return meaning, "header"


def says_any(header: str) -> bool:
    """Whether any word under this header says yes: why mails bounced."""
    return normalise(header).endswith(("reason", "grund"))


def _tells_who_left(cells: Sequence[str]) -> bool:
    """Most of the words are of consent, and some say who left: they must not become readers."""
    words = [word for word in dict.fromkeys(map(str.lower, cells)) if is_yes(word) is None]
    known = map(standing_of, words)
    told = [standing for standing in known if standing is not None]
    return len(told) * 2 > len(words) and max(told, default=Standing.CONFIRMED) > Standing.PENDING


def _in_two_parts(
    guesses: list[tuple[Meaning, str]], sample: Sequence[Sequence[str]]
) -> list[tuple[Meaning, str]]:
    """*Nom* beside *Prénom* is the other part of the name, unless it holds the whole."""
    found = [meaning for meaning, _ in guesses]
    parts = [meaning for meaning in _PARTS_OF_NAMES if meaning in found]
    if Meaning.NAME not in found or len(parts) != 1:
        return guesses
    whole, part = found.index(Meaning.NAME), found.index(parts[0])
    both = [row for row in sample if row[whole] and row[part]]
    if not both or sum(row[part] in row[whole] for row in both) * 2 > len(both):
        return guesses
    other = next(meaning for meaning in _PARTS_OF_NAMES if meaning not in found)
    return [(other, why) if n == whole else (meaning, why)
            for n, (meaning, why) in enumerate(guesses)]  # fmt: skip


def _says_something(cell: str) -> bool:
    return is_yes(cell) is not None or standing_of(cell) is not None


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
