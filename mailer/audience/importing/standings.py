"""Reading a row's standing from the columns that tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mailer.addresses import quoted
from mailer.audience.importing.guessing import says_any
from mailer.audience.importing.mapped import Column
from mailer.audience.importing.meanings import Meaning
from mailer.audience.importing.statuses import (
    YES_AND_NO,
    Standing,
    is_code,
    is_yes,
    standing_of,
)
from mailer.errors import InvalidInput

_REMEMBERED = 1000  # different cells of one column; times differ in every row

# What "yes" and what "no" says in a column of that meaning.
_SAID = {
    Meaning.SUBSCRIBED: (Standing.CONFIRMED, Standing.UNSUBSCRIBED),
    Meaning.CONFIRMED: (Standing.CONFIRMED, Standing.PENDING),
    Meaning.PENDING: (Standing.PENDING, Standing.CONFIRMED),
    Meaning.UNSUBSCRIBED: (Standing.UNSUBSCRIBED, Standing.CONFIRMED),
    Meaning.SUPPRESSED: (Standing.SUPPRESSED, Standing.CONFIRMED),
}
_GONE = (Meaning.UNSUBSCRIBED, Meaning.SUPPRESSED)


@dataclass(slots=True)
class Reader:
    """Reads one column; remembers the words it read."""

    at: int
    meaning: Meaning
    statuses: Mapping[str, Standing]  # what a person said words mean
    any_word: bool = False  # whatever stands there says yes
    coded: bool = False  # numbers are codes of the program before, not yes and no
    known: dict[str, Standing] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """An empty cell says nothing, unless it is known what it says here."""
        self.known[""] = self.statuses.get("", Standing.CONFIRMED)

    def read(self, cell: str) -> Standing:
        """What *cell* says; ``InvalidInput`` when that is not known."""
        standing = self.find(cell)
        if standing is None:
            raise InvalidInput(
                "It is not known what {cell} in column {column} means for consent; "
                "say that it means confirmed, pending, unsubscribed or suppressed.",
                cell=quoted(cell),
                column=self.at + 1,
            )
        if len(self.known) < _REMEMBERED:
            self.known[cell] = standing
        return standing

    def notice(self, cells: Iterable[str]) -> bool:
        """Whether a number among *cells* shows that all of them are codes, which was not known."""
        if self.coded or self.meaning is not Meaning.STATUS:
            return False
        self.coded = not {cell for cell in cells if is_code(cell)} <= YES_AND_NO
        for number in YES_AND_NO if self.coded else ():
            self.known.pop(number, None)
        return self.coded

    def find(self, cell: str) -> Standing | None:
        """What *cell* says; ``None`` when that is not known."""
        explained = self.statuses.get(cell.lower())
        if explained is not None:
            return explained
        if self.meaning is Meaning.EVIDENCE:
            return Standing.CONFIRMED  # it was kept when they did
        if self.coded and is_code(cell):
            return None
        if self.meaning is not Meaning.STATUS:
            yes = is_yes(cell)
            if yes is not None:
                return _SAID[self.meaning][0 if yes else 1]
            if self.any_word:
                return _SAID[self.meaning][0]
        return standing_of(cell)


def readers_of(columns: Sequence[Column], statuses: Mapping[str, Standing]) -> list[Reader]:
    """A reader for each column that tells of consent.

    What a person said of numbers is about codes: beside a column of those, 1 says yes elsewhere.
    """
    told = [
        column
        for column in columns
        if column.meaning is Meaning.STATUS or column.meaning in _SAID or column.words
    ]
    words = {word: standing for word, standing in statuses.items() if not is_code(word)}
    codes = any(column.meaning is Meaning.STATUS for column in told)
    return [
        Reader(
            column.number - 1,
            column.meaning,
            dict(column.words)
            | (words if codes and column.meaning is not Meaning.STATUS else dict(statuses)),
            column.meaning in _GONE and says_any(column.header),
            column.coded,
        )
        for column in told
    ]
