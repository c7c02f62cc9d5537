"""Reading a row's standing from the columns that tell of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mailer.addresses import quoted
from mailer.audience.importing.guessing import says_any
from mailer.audience.importing.mapped import Column
from mailer.audience.importing.meanings import Meaning
from mailer.audience.importing.statuses import Standing, is_yes, standing_of
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


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one column; remembers the words it read."""

    at: int
    meaning: Meaning
    statuses: Mapping[str, Standing]  # what a person said words mean
    any_word: bool = False  # whatever stands there says yes
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

    def find(self, cell: str) -> Standing | None:
        """What *cell* says; ``None`` when that is not known."""
        explained = self.statuses.get(cell.lower())
        if explained is not None:
            return explained
        if self.meaning is Meaning.EVIDENCE:
            return Standing.CONFIRMED  # it was kept when they did
        if self.meaning is not Meaning.STATUS:
            yes = is_yes(cell)
            if yes is not None:
                return _SAID[self.meaning][0 if yes else 1]
            if self.any_word:
                return _SAID[self.meaning][0]
        return standing_of(cell)


def readers_of(columns: Sequence[Column], statuses: Mapping[str, Standing]) -> list[Reader]:
    """A reader for each column that tells of consent."""
    return [
        Reader(
            column.number - 1,
            column.meaning,
            {**dict(column.words), **statuses},
            column.meaning in _GONE and says_any(column.header),
        )
        for column in columns
        if column.meaning is Meaning.STATUS or column.meaning in _SAID or column.words
    ]
