"""What a column means: told by its header, and by what its cells hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mailer.audience.importing.headers import (
    is_about_readers,
    is_status,
    is_status_of_somebody,
    meaning_of,
)
from mailer.audience.importing.meanings import Meaning, normalise
from mailer.audience.importing.statuses import (
    YES_AND_NO,
    Standing,
    is_code,
    is_time,
    is_yes,
    standing_of,
)
from mailer.audience.importing.systems import System

PARTS_OF_NAMES = (Meaning.FIRST_NAME, Meaning.LAST_NAME)
TELLING = (Meaning.STATUS, Meaning.SUBSCRIBED, Meaning.CONFIRMED, Meaning.PENDING)
_ASSENT = (Meaning.SUBSCRIBED, Meaning.CONFIRMED)
_GONE = (Meaning.PENDING, Meaning.UNSUBSCRIBED, Meaning.SUPPRESSED)
_COUNTRIES_HAVE_THEM = ("state", "estado", "stato")
_MANY_NUMBERS = 5  # different ones: no program has as many kinds of consent


def may_tell(header: str, system: System | None) -> bool:
    """Whether it may say who left, whatever it is called."""
    if system and (system.tells or normalise(header) in system.meanings):
        return False
    return is_about_readers(header)


def words_of(
    header: str, meaning: Meaning, cells: Sequence[str], system: System | None
) -> tuple[tuple[str, Standing], ...]:
    """What words mean in this column only."""
    if meaning not in TELLING and meaning not in _GONE:
        return ()
    known = dict(system.words.get(normalise(header), {})) if system else {}
    if meaning is Meaning.CONFIRMED and are_times(cells):
        known |= {"": Standing.PENDING}  # times of those who did
    return tuple(known.items())


def are_codes(meaning: Meaning, words: Iterable[str], cells: Sequence[str]) -> bool:
    """Whether numbers that say a status are codes; where there are no others, 1 and 0 are yes and no.

    0 alone is what one program calls active, and another unsubscribed.
    """
    if meaning is not Meaning.STATUS:
        return False
    numbers = set(filter(is_code, cells)).difference(words)
    return not numbers <= YES_AND_NO or numbers == {"0"}


def are_times(cells: Sequence[str]) -> bool:
    """Whether they say when, or that it never was."""
    times = sum(map(is_time, cells))
    return times > 0 and times * 2 >= sum(is_yes(one) is not False for one in cells)


def are_marks(cells: Sequence[str]) -> bool:
    """Whether they say yes and nothing else: a cross in a column that is empty for the others."""
    return bool(cells) and all(is_yes(one) is True and not is_time(one) for one in cells)


def are_yes_or_no(cells: Sequence[str]) -> bool:
    """Whether they say yes or no and nothing else, and some say no."""
    said = [is_yes(one) if not is_time(one) else None for one in dict.fromkeys(cells)]
    return False in said and None not in said


def guess(header: str, cells: list[str], system: System | None) -> tuple[Meaning, str]:
    """What a column means, and why: its header, its content."""
    special = system.meanings.get(normalise(header)) if system else None
    meaning = special or meaning_of(header)
    if meaning is not None and _is_other(header, meaning, cells, system):
        meaning = None
    if (
        meaning is None
        and may_tell(header, system)
        and _tells_who_left(cells, enough=0.0 if is_status(header) else 0.5)
    ):
        return Meaning.STATUS, "content"
    if meaning is None and may_tell(header, system) and _are_states(header, cells):
        return Meaning.STATUS, "content"
    if meaning is None:
        empty = not header.strip() and not cells
        return (Meaning.IGNORE if empty else Meaning.FIELD), "header"
    return meaning, "header"


def _are_states(header: str, cells: Sequence[str]) -> bool:
    """Whether they are codes of what people are; 0 alone is what WordPress writes for everybody."""
    codes = set(cells)
    return is_status_of_somebody(header) and all(map(is_code, codes)) and bool(codes - {"0"})


def _is_other(header: str, meaning: Meaning, cells: Sequence[str], system: System | None) -> bool:
    """Whether the cells are no such thing: newsletters' names below "Newsletter", places below
    "State", numbers by which a list was sorted. What may say who left is asked about instead.
    """
    if not cells or normalise(header) in (system.words if system else ()):
        return False
    if meaning in _GONE:
        return all("@" in cell or "://" in cell for cell in cells)
    if meaning in _ASSENT or normalise(header) in _COUNTRIES_HAVE_THEM:
        return _counts(cells) or not any(map(_says_something, cells))
    return False


def _counts(cells: Sequence[str]) -> bool:
    """Whether they are numbers of all sorts: a count, a place in an order."""
    numbers = {cell for cell in cells if cell.isdecimal() and is_yes(cell) is None}
    return len(numbers) >= _MANY_NUMBERS and all(map(str.isdecimal, cells))


def says_any(header: str) -> bool:
    """Whether any word under this header says yes: why mails bounced, who took somebody off."""
    return normalise(header).endswith(("reason", "grund", "unsubscribedby"))


def _tells_who_left(cells: Sequence[str], *, enough: float) -> bool:
    """More than *enough* of the words are of consent, and some say who left: no readers."""
    words = [word for word in dict.fromkeys(map(str.lower, cells)) if is_yes(word) is None]
    known = map(standing_of, words)
    told = [standing for standing in known if standing is not None]
    left = max(told, default=Standing.CONFIRMED) > Standing.CONFIRMED
    return left and len(told) > len(words) * enough


def in_two_parts(
    guesses: list[tuple[Meaning, str]], sample: Sequence[Sequence[str]]
) -> list[tuple[Meaning, str]]:
    """*Nom* beside *Prénom* is the other part of the name, unless it holds the whole."""
    found = [meaning for meaning, _ in guesses]
    parts = [meaning for meaning in PARTS_OF_NAMES if meaning in found]
    if Meaning.NAME not in found or len(parts) != 1:
        return guesses
    whole, part = found.index(Meaning.NAME), found.index(parts[0])
    both = [row for row in sample if row[whole] and row[part]]
    if not both or sum(row[part] in row[whole] for row in both) * 2 > len(both):
        return guesses
    other = next(meaning for meaning in PARTS_OF_NAMES if meaning not in found)
    return [(other, why) if n == whole else (meaning, why)
            for n, (meaning, why) in enumerate(guesses)]  # fmt: skip


def _says_something(cell: str) -> bool:
    return is_yes(cell) is not None or standing_of(cell) is not None
