"""Rows that are decided and committed together, and which addresses came before them."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from operator import itemgetter

from mailer.address_rules import AddressRules
from mailer.audience.importing.candidates import Candidate, Rejected
from mailer.audience.importing.statuses import Standing
from mailer.audience.importing.verdicts import ADDED_AS, REMEMBERED, Report, RowVerdict, Verdict
from mailer.sentences import Sentence, parts_of

_KEY, _NOTE, _STANDING = (
    itemgetter(Candidate._fields.index(name)) for name in ("key", "note", "standing")
)


class Chunk:
    """Some rows: one candidate an address, and the verdicts so far."""

    def __init__(self, wanted: bool) -> None:
        self._wanted = wanted  # whether anybody will read the verdict of each row
        self.rows = 0  # read for it, blank ones too
        self.candidates: dict[str, Candidate] = {}
        self.verdicts: list[RowVerdict] = []
        self._given: list[Verdict] = []
        self._added: Counter[Verdict] = Counter()  # besides those
        self._invalid: list[RowVerdict] = []
        self._reasons: Counter[str] = Counter()
        self._notes: Counter[str] = Counter()
        # Once there are no more rows, in the order of the addresses:
        self.keys: list[str] = []
        self.people: list[Candidate] = []
        self.barred: list[str] = []  # keys of those never to be mailed, as the file says

    def put(self, outcomes: Iterable[Candidate | Rejected]) -> None:
        """Take what became of some rows."""
        people: list[Candidate] = []
        for outcome in outcomes:
            if isinstance(outcome, Rejected):
                self._reasons[outcome.kind] += 1
                self.judge(outcome, Verdict.INVALID, outcome.reason)
            else:
                people.append(outcome)
        new = dict(zip(map(_KEY, people), people, strict=True))
        if len(new) == len(people) and self.candidates.keys().isdisjoint(new):
            self.candidates |= new
        else:
            self._merge(people)

    def _merge(self, people: Iterable[Candidate]) -> None:
        candidates = self.candidates
        for one in people:
            earlier = candidates.setdefault(one.key, one)
            if earlier is not one:
                candidates[one.key] = earlier.merged(one)
                words = Sentence(
                    "the address stands in line {line} of {file} already",
                    line=earlier.line,
                    file=earlier.file.name,
                )
                self.judge(one, Verdict.DUPLICATE, words)

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
            return
        standings = list(map(_STANDING, candidates))
        for standing, verdict in ADDED_AS.items():
            self._added[verdict] += standings.count(standing)

    def _tell(self, row: Candidate | Rejected, verdict: Verdict, reason: str) -> None:
        told = RowVerdict(row.file.name, row.line, row.address, verdict, reason)
        if self._wanted:
            self.verdicts.append(told)
        if verdict is Verdict.INVALID and len(self._invalid) < REMEMBERED:
            self._invalid.append(told)

    def close(self, rules: AddressRules) -> Chunk:
        """There are no more rows; addresses that are no person's are noted.

        In the order of the addresses their index is then written page by page.
        """
        self.keys = sorted(self.candidates)
        self.people = list(map(self.candidates.__getitem__, self.keys))
        standings = list(map(_STANDING, self.people))
        if standings.count(Standing.SUPPRESSED):
            told = zip(self.keys, standings, strict=True)
            self.barred = [key for key, standing in told if standing is Standing.SUPPRESSED]
        self._notes = rules.flags(self.keys)
        noted = filter(None, map(_NOTE, self.people))
        self._notes.update(note for words in noted for note in parts_of(words))
        return self

    def report(self, report: Report) -> None:
        """Add what became of these rows to a report."""
        report.notes.update(self._notes)
        report.counts.update(self._given)
        report.counts += self._added
        report.reasons.update(self._reasons)
        report.invalid_rows += self._invalid[: REMEMBERED - len(report.invalid_rows)]


class Added:
    """The numbers of the people whom this import added, as ranges: mostly one."""

    def __init__(self, ranges: Iterable[Sequence[int]] = ()) -> None:
        self._ranges = [range(start, stop) for start, stop in ranges]

    def __contains__(self, number: int) -> bool:
        return any(number in one for one in self._ranges)

    def add(self, numbers: range) -> None:
        """Add the next ones."""
        if self._ranges and self._ranges[-1].stop == numbers.start:
            self._ranges[-1] = range(self._ranges[-1].start, numbers.stop)
        elif numbers:
            self._ranges.append(numbers)

    def as_pairs(self) -> list[tuple[int, int]]:
        """For keeping between runs."""
        return [(one.start, one.stop) for one in self._ranges]


class Seen:
    """Which keys came in earlier chunks: 16 bytes each, a set of strings would take 150.

    Keeps hashes of 64 bits: of a million addresses one is mistaken for another once in 30 million
    imports, and then only its verdict says "duplicate"; it is imported all the same.
    """

    def __init__(self) -> None:
        self._slots = array("q", bytes(8 * (1 << 17)))
        self._count = 0

    def take(self, keys: Sequence[str]) -> set[str]:
        """Which of *keys* came before; from now on all of them did."""
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

    def __contains__(self, key: str) -> bool:
        """Whether *key* came before."""
        slots = self._slots
        value = hash(key) or 1
        place = value & (len(slots) - 1)
        while slots[place] and slots[place] != value:
            place = (place + 1) & (len(slots) - 1)
        return slots[place] != 0

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
