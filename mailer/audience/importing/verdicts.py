"""What became of each row, and the count of it all."""

from __future__ import annotations

import csv
import enum
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from mailer.audience.importing.cells import guarded
from mailer.audience.importing.statuses import Standing
from mailer.errors import InvalidFile
from mailer.sentences import kept, told


class Verdict(enum.StrEnum):
    """What an import does with one row."""

    ADDED = "added"
    TO_CONFIRM = "added, to be confirmed"  # pending: gets no issue before they confirm
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    UNSUBSCRIBED = "unsubscribed"  # the file says so, and now it is so here
    KEPT_UNSUBSCRIBED = "kept unsubscribed"  # left here; an import brings nobody back
    SUPPRESSED = "suppressed"  # never mailed: the file says so, or it was so here
    DUPLICATE = "duplicate"  # the address stands in an earlier row
    INVALID = "invalid"


# Of somebody who is new, by what the file says of them.
ADDED_AS = {Standing.CONFIRMED: Verdict.ADDED, Standing.PENDING: Verdict.TO_CONFIRM}


class RowVerdict(NamedTuple):
    """One row's verdict, with the reason where there is one."""

    file: str
    line: int
    address: str
    verdict: Verdict
    reason: str = ""


REMEMBERED = 100


@dataclass(slots=True)
class Report:
    """The count of an import; every row that is not blank is in exactly one of the counts."""

    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)  # of invalid rows
    notes: Counter[str] = field(default_factory=Counter)  # of rows taken with a change
    invalid_rows: list[RowVerdict] = field(default_factory=list)  # the first of them
    first_rows: list[RowVerdict] = field(default_factory=list)  # only of a dry run
    resumed_after: int = 0  # rows that an interrupted run had done

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return self.counts.total()

    @property
    def added(self) -> int:
        """New to the newsletter, and confirmed."""
        return self.counts[Verdict.ADDED]

    @property
    def updated(self) -> int:
        """Were subscribed, and something about them was new."""
        return self.counts[Verdict.UPDATED]

    @property
    def unchanged(self) -> int:
        """Nothing new."""
        return self.counts[Verdict.UNCHANGED]

    @property
    def unsubscribed(self) -> int:
        """The file says they left, which was not known here."""
        return self.counts[Verdict.UNSUBSCRIBED]

    @property
    def kept_unsubscribed(self) -> int:
        """Left here; stay so whatever the file says."""
        return self.counts[Verdict.KEPT_UNSUBSCRIBED]

    @property
    def suppressed(self) -> int:
        """Never mailed."""
        return self.counts[Verdict.SUPPRESSED]

    @property
    def invalid(self) -> int:
        """Left out, with a reason."""
        return self.counts[Verdict.INVALID]

    def as_dict(self) -> dict[str, Any]:
        """For keeping between runs."""
        return {
            "counts": dict(self.counts),
            "reasons": {kept(words): n for words, n in self.reasons.most_common(100)},
            "notes": {kept(words): n for words, n in self.notes.items()},
            "invalid_rows": [[*row[:-1], kept(row.reason)] for row in self.invalid_rows],
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Report:
        """What :meth:`as_dict` kept."""
        return cls(
            Counter(values["counts"]),
            Counter({told(words): n for words, n in values["reasons"].items()}),
            Counter({told(words): n for words, n in values["notes"].items()}),
            [
                RowVerdict(file, line, address, Verdict(verdict), told(reason))
                for file, line, address, verdict, reason in values["invalid_rows"]
            ],
        )


class VerdictFile:
    """A CSV file with each row's verdict, safe to open in a spreadsheet."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._writer = csv.writer(stream, lineterminator="\r\n")

    def write(self, verdicts: Iterable[RowVerdict]) -> int:
        """Append rows; how long the file is then."""
        self._writer.writerows(
            (row.file, row.line, guarded(row.address), row.verdict, guarded(row.reason))
            for row in verdicts
        )
        self._stream.flush()
        return self._stream.tell()

    @staticmethod
    @contextmanager
    def open(path: Path, *, length: int) -> Iterator[VerdictFile]:
        """A new file, or the first *length* bytes of an interrupted run's."""
        try:
            with path.open("r+" if length else "w", newline="", encoding="utf-8") as stream:
                stream.seek(length)
                stream.truncate()
                made = VerdictFile(stream)
                if not length:
                    made._writer.writerow(("file", "line", "address", "verdict", "reason"))
                yield made
        except OSError as error:
            raise InvalidFile(
                "The verdicts cannot be written to {path}: {problem}.",
                path=path,
                problem=error.strerror,
            ) from error
