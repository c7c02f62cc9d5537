"""Rows that are decided and committed together, and which addresses came before them."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence

from mailer.address_rules import AddressRules
from mailer.audience.importing.candidates import Candidate, Rejected
from mailer.audience.importing.fitting import NOTES
from mailer.audience.importing.verdicts import ADDED_AS, REMEMBERED, Report, RowVerdict, Verdict


class Chunk:
    """Some rows: one candidate an address, and the verdicts so far."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted  # whether anybody will read the verdict of each row
        self.rows = 0  # read for it, blank ones too
        self.candidates: dict[str, Candidate] = {}
        self.verdicts: list[RowVerdict] = []
        self._given: list[Verdict] = []
        self._invalid: list[RowVerdict] = []
        self._reasons: Counter[str] = Counter()

    def put(self, outcomes: Iterable[Candidate | Rejected]) -> None:
        """Take what became of some rows."""
        candidates = self.candidates
        for outcome in outcomes:
            if isinstance(outcome, Rejected):
                self._reasons[outcome.kind] += 1
                self.judge(outcome, Verdict.INVALID, outcome.reason)
                continue
            key = outcome.key
            earlier = candidates.setdefault(key, outcome)
            if earlier is not outcome:
                candidates[key] = earlier.merged(outcome)
                where = f"line {earlier.line} of {earlier.file.name}"
                self.judge(outcome, Verdict.DUPLICATE, f"the address stands in {where} already")

    def judge(self, row: Candidate | Rejected, verdict: Verdict, reason: str) -> None:
        """Note a row's verdict."""
        self._given.append(verdict)
        if reason or self._wanted:
            self._tell(row, verdict, reason)

    def add(self, candidates: Sequence[Candidate]) -> None:
        """Note that all of these are added."""
        if self._wanted:
            for one in candidates:
                self.judge(one, ADDED_AS[one.standing], one.note)
        else:
            self._given += [ADDED_AS[one.standing] for one in candidates]

    def _tell(self, row: Candidate | Rejected, verdict: Verdict, reason: str) -> None:
        told = RowVerdict(row.file.name, row.line, row.address, verdict, reason)
        if self._wanted:
            self.verdicts.append(told)
        if verdict is Verdict.INVALID and len(self._invalid) < REMEMBERED:
            self._invalid.append(told)

    def report(self, report: Report, rules: AddressRules) -> None:
        """Add what became of these rows to a report; addresses that are no person's are noted."""
        report.notes.update(filter(None, map(rules.flag, self.candidates)))
        report.counts.update(self._given)
        report.reasons.update(self._reasons)
        report.notes.update(
            note for one in self.candidates.values() if one.note for note in one.note.split(NOTES)
        )
        report.invalid_rows += self._invalid[: REMEMBERED - len(report.invalid_rows)]


class Seen:
    """Which keys came in earlier chunks: 16 bytes each, a set of strings would take 150.

    Keeps hashes of 64 bits: of a million addresses one is mistaken for another once in 30 million
    imports, and then only its verdict says "duplicate"; it is imported all the same.
    """

    def __init__(self) -> None:
        self._slots = array("q", bytes(8 * (1 << 17)))
        self._count = 0

    def take(self, keys: Sequence[str]) -> set[str]:
        """Which of *keys*, all different, came before; from now on all of them did."""
        while (self._count + len(keys)) * 2 > len(self._slots):
            self._grow()
        slots = self._slots
        mask = len(slots) - 1
        before = set()
        for key in keys:
            value = hash(key) or 1
            place = value & mask
            while slots[place] and slots[place] != value:
                place = (place + 1) & mask
            if slots[place]:
                before.add(key)
            slots[place] = value
        self._count += len(keys) - len(before)
        return before

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
