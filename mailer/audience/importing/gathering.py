"""The rows of all files of a plan in chunks, after a first look at which of them are held."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import tzinfo

from mailer.address_rules import AddressRules
from mailer.audience.importing.blocks import Block
from mailer.audience.importing.candidates import Candidate, Rejected
from mailer.audience.importing.chunks import Chunk, Seen
from mailer.audience.importing.fitting import Types
from mailer.audience.importing.layouts import blocks_of
from mailer.audience.importing.planning import FilePlan, Plan
from mailer.audience.importing.rows import RowReader
from mailer.audience.importing.statuses import Standing
from mailer.sentences import Sentence

_ANOTHER = Sentence(
    "Another row of this address may say that somebody wants no mail, and is left out until you "
    "say what it means; until then nobody becomes a reader by this one."
)
_ANOTHER_IS_HELD = Sentence("another row of the address may say that somebody wants no mail")


def chunks(
    plan: Plan,
    types: Types,
    rules: AddressRules,
    *,
    zone: tzinfo,
    size: int,
    skip: int,
    wanted: bool,
) -> Iterator[Chunk]:
    """What becomes of all rows but the first *skip*; verdicts of each are kept where *wanted*.

    Days that a file names begin in *zone*.
    """
    readers = [(file, _reader(plan, file, types, zone)) for file in plan.files]
    held = _held(readers)
    part = Chunk(wanted)
    for file, reader in readers:
        for block in _blocks(file):
            done, skip = min(skip, len(block)), max(0, skip - len(block))
            while done < len(block):
                some = block.part(done, done + size - part.rows)
                done += len(some)
                part.rows += len(some)
                outcomes = reader.read(some)
                part.put(_barred(outcomes, held) if held else outcomes)
                if part.rows >= size:
                    yield part.close(rules)
                    part = Chunk(wanted)
    if part.rows:
        yield part.close(rules)


def _reader(plan: Plan, file: FilePlan, types: Types, zone: tzinfo) -> RowReader:
    return RowReader(
        file.columns,
        file.standing,
        plan.statuses,
        file=file.name,
        system=file.system,
        types=types,
        zone=zone,
        ragged=file.layout.sheet is not None,
        report=file.is_report,
    )


def _blocks(file: FilePlan) -> Iterator[Block]:
    """The rows below the header."""
    first = file.header_line or 0
    with blocks_of(file.layout) as blocks:
        for block in blocks:
            yield block.part(bisect_right(block.lines, first))


def _held(readers: list[tuple[FilePlan, RowReader]]) -> Seen | None:
    """Addresses of which a row is held, wherever it stands: no other row makes them readers.

    It has to be known before the first row is written, so all are looked at twice; this time at
    those columns only that may say something.
    """
    held: Seen | None = None
    for file, reader in readers:
        again = False
        for block in _blocks(file) if reader.may_hold else ():
            again |= reader.notice(block)
            if keys := reader.held(block):
                held = held or Seen()
                held.take(keys)
        if again:
            return _held(readers)  # at most once a column
    return held


def _barred(outcomes: list[Candidate | Rejected], held: Seen) -> list[Candidate | Rejected]:
    return [
        Rejected(one.file, one.line, one.address, _ANOTHER, _ANOTHER_IS_HELD)
        if isinstance(one, Candidate) and one.standing <= Standing.PENDING and one.key in held
        else one
        for one in outcomes
    ]
