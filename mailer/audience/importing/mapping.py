"""Which column means what: told by its header, by what its cells hold, or by a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from mailer.addresses import looks_like_address, tidy_name
from mailer.audience.importing.guessing import (
    PARTS_OF_NAMES,
    are_codes,
    are_yes_or_no,
    guess,
    in_two_parts,
    may_tell,
    words_of,
)
from mailer.audience.importing.headers import (
    is_address_too,
    is_like_consent,
    is_nameless,
    is_sender,
    meaning_of,
)
from mailer.audience.importing.mapped import Column, Mapped
from mailer.audience.importing.meanings import Meaning, field_name, normalise
from mailer.audience.importing.statuses import Standing
from mailer.audience.importing.supposing import (
    confirmed_by_time,
    marked,
    other_addresses,
    with_spares,
)
from mailer.audience.importing.systems import recognise
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
_WATCHED = (Meaning.FIELD, Meaning.TAGS)
_EXAMPLES = 3


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
    guesses = in_two_parts([guess(name, cells[n], system) for n, name in enumerate(header)], sample)
    problems: list[str] = [
        Sentence(
            "The header {name!r} stands {count} times; the first of them is taken, the others "
            "become fields.",
            name=name,
            count=count,
        )
        for name, count in _repeated(header, guesses)
    ]
    address = _address_column(header, cells, guesses, given)
    taken = {"tags"} | {str(meaning) for meaning, _ in guesses if meaning in PARTS_OF_NAMES}
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
        field = _field(field or name, n, meaning, taken)
        taken.add(field)
        columns.append(
            Column(
                n + 1,
                name,
                meaning,
                field,
                because,
                _examples(cells[n]),
                words := words_of(name, meaning, cells[n], system),
                meaning in _WATCHED and because != "you" and may_tell(name, system),
                is_like_consent(name) or (is_nameless(name) and are_yes_or_no(cells[n])),
                are_codes(meaning, dict(words), cells[n]),
            )
        )
    found = tuple(columns)
    if system is None:
        found = marked(confirmed_by_time(columns, cells), cells, len(sample))
    found = with_spares(found, address, sample)
    problems += other_addresses(found, address, sample)
    problems += [
        Sentence(
            "Whoever has nothing in the column {column!r} is taken as pending.",
            column=column.header,
        )
        for column in found
        if ("", Standing.PENDING) in column.words
    ]
    return Mapped(found, system, tuple(problems))


def _examples(cells: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(tidy_name, cells[:_EXAMPLES]))


def _repeated(
    header: Sequence[str], guesses: Sequence[tuple[Meaning, str]]
) -> list[tuple[str, int]]:
    once = (*_ONCE, Meaning.FIELD)
    counts = Counter(
        name for name, (meaning, _) in zip(header, guesses, strict=True) if meaning in once and name
    )
    return [(name, count) for name, count in counts.items() if count > 1]


def _address_column(
    header: Sequence[str],
    cells: Sequence[list[str]],
    guesses: Sequence[tuple[Meaning, str]],
    given: Mapping[int, tuple[Meaning, str]],
) -> int | None:
    chosen = [n for n, (meaning, _) in given.items() if meaning is Meaning.ADDRESS]
    if chosen:
        return min(chosen)
    found = [sum(map(looks_like_address, column)) for column in cells]
    free = [n for n in range(len(header)) if n not in given]
    named = [n for n in free if guesses[n][0] is Meaning.ADDRESS] or [
        n for n in free if guesses[n][0] is Meaning.FIELD and is_address_too(header[n])
    ]
    best = max(named, key=lambda n: found[n], default=None)
    if best is not None and (found[best] or not any(found)):
        return best
    # Half of a column: a note in which an address happens to stand is no list of addresses.
    full = [n for n in free if found[n] and found[n] * 2 >= len(cells[n])]
    return max(full, key=lambda n: (not is_sender(header[n]), found[n]), default=best)


def _field(name: str, n: int, meaning: Meaning, taken: set[str]) -> str:
    if meaning not in (Meaning.FIELD, Meaning.EVIDENCE):
        return ""
    wanted = field_name(name) if name.strip() else f"column_{n + 1}"
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
