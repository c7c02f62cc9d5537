"""Columns that nobody explained are watched: where one may say that somebody wants no mail, the row is held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mailer.addresses import quoted
from mailer.audience.importing.columns import Failures
from mailer.audience.importing.mapped import Column
from mailer.audience.importing.meanings import Meaning
from mailer.audience.importing.statuses import (
    Standing,
    among_words,
    says_no,
    says_no_reader,
)
from mailer.sentences import Sentence

# Of words that say of nothing but mails that somebody wants none, also among others in a cell.
_STEMS = (
    "unsub",
    "opt",
    "do not",
    "do_not",
    "do-not",
    "no mail",
    "no e",
    "keine e",
    "abge",
    "désa",
    "dési",
)


@dataclass(frozen=True, slots=True)
class Watch:
    """One column that is taken for a field or for tags, and is perhaps about consent."""

    at: int
    column: Column
    words: frozenset[str]  # in lower case, that say who is no reader

    def found(self, cells: Iterable[str]) -> frozenset[str]:
        """Which of the words stand in the column: nearly always none, and that is told fast."""
        lower = set(map(str.lower, cells))
        found = self.words.intersection(lower)
        text = "\n".join(lower)
        if any(map(text.__contains__, _STEMS)):
            found |= {cell for cell in lower if among_words(cell)}
        return found

    @property
    def taken_for(self) -> str:
        """For people."""
        return Sentence("a field") if self.column.meaning is Meaning.FIELD else Sentence("tags")

    @property
    def what_to_say(self) -> str:
        """How a person ends the doubt."""
        return Sentence(
            '"{name}=status" where it says who is a reader, "{name}={target}" where it does not',
            name=self.column.header or str(self.column.number),
            target=self.column.target,
        )

    def reason(self, cell: str) -> str:
        """Why a row is held."""
        return Sentence(
            "The column {column!r} says {cell}, which may mean that somebody wants no mail, yet "
            "is taken for {taken_for}. Say what it is: {what_to_say}.",
            column=self.column.header,
            cell=quoted(cell),
            taken_for=self.taken_for,
            what_to_say=self.what_to_say,
        )


def watches_of(columns: Sequence[Column], statuses: Mapping[str, Standing]) -> list[Watch]:
    """A watch for each column that needs one, over the words there are and those of a person."""
    explained = {word for word, standing in statuses.items() if standing > Standing.CONFIRMED}
    words = (says_no_reader() - statuses.keys()) | explained
    and_no = words | (says_no() - statuses.keys())
    return [
        Watch(column.number - 1, column, and_no if column.doubtful else words)
        for column in columns
        if column.watched
    ]


def hold(watches: Sequence[Watch], cells: Sequence[Sequence[str]], failures: Failures) -> None:
    """Hold the rows in which a watched column says that somebody is no reader."""
    for watch in watches:
        column = cells[watch.at]
        words = watch.found(column)
        if words:
            for n, cell in enumerate(column):
                if cell.lower() in words:
                    failures.add(n, watch.reason(cell), kind_of_hold(watch.column.header))


def kind_of_hold(header: str) -> str:
    """How held rows are counted."""
    return Sentence("a word in the column {column!r} that may say who wants no mail", column=header)
