"""Rows that are decided and committed together, and which addresses came before them."""

from __future__ import annotations

from array import array
from collections import Counter

from mailer.audience.importing.candidates import Candidate, Rejected
from mailer.audience.importing.verdicts import RowVerdict, Verdict

_REMEMBERED = 100


class Chunk:
    """Some rows: one candidate an address, and the verdicts so far."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted  # whether anybody will read the verdict of each row
        self.rows = 0  # read for it, blank ones too
        self.candidates: dict[str, Candidate] = {}
        self.verdicts: list[RowVerdict] = []
        self.invalid: list[RowVerdict] = []
        self.counts: Counter[Verdict] = Counter()
        self.reasons: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()

    def put(self, outcome: Candidate | Rejected | None) -> None:
        """Take what became of one row."""
        self.rows += 1
        if outcome.__class__ is Candidate:
            earlier = self.candidates.setdefault(outcome.address.key, outcome)
            if earlier is not outcome:
                earlier.merge(outcome)
                self.judge(
                    outcome,
                    Verdict.DUPLICATE,
                    f"the address stands in line {earlier.line} of {earlier.file.name} already",
                )
        elif isinstance(outcome, Rejected):
            self.reasons[outcome.kind] += 1
            self.judge(outcome, Verdict.INVALID, outcome.reason)

    def judge(self, row: Candidate | Rejected, verdict: Verdict, reason: str) -> None:
        """Count a row, and note its verdict where it will be read."""
        self.counts[verdict] += 1
        if row.__class__ is Candidate and row.note:
            self.notes[row.note] += 1
        if self._wanted or (verdict is Verdict.INVALID and len(self.invalid) < _REMEMBERED):
            address = row.address if isinstance(row, Rejected) else row.address.shown
            told = RowVerdict(row.file.name, row.line, address, verdict, reason)
            self.verdicts.append(told)
            if verdict is Verdict.INVALID:
                self.invalid.append(told)


class Seen:
    """Which keys came in earlier chunks: 16 bytes each, a set of strings would take 150.

    Keeps hashes of 64 bits: of a million addresses one is mistaken for another once in 30 million
    imports, and then only its verdict says "duplicate"; it is imported all the same.
    """

    def __init__(self) -> None:
        self._slots = array("q", bytes(8 * (1 << 17)))
        self._count = 0

    def before(self, key: str) -> bool:
        """Whether *key* was asked for before."""
        value = hash(key) or 1
        slots = self._slots
        mask = len(slots) - 1
        place = value & mask
        while slots[place]:
            if slots[place] == value:
                return True
            place = (place + 1) & mask
        slots[place] = value
        self._count += 1
        if self._count * 2 > len(slots):
            self._grow()
        return False

    def _grow(self) -> None:
        old = self._slots
        self._slots = slots = array("q", bytes(16 * len(old)))
        mask = len(slots) - 1
        for value in old:
            if value:
                place = value & mask
                while slots[place]:
                    place = (place + 1) & mask
                slots[place] = value
