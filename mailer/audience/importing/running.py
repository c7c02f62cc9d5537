"""Carrying out a plan: chunk by chunk, each committed, resumable, or only tried."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.address_rules import BUILT_IN, AddressRules
from mailer.audience import fields, newsletters
from mailer.audience.importing import lookups, writing
from mailer.audience.importing.chunks import Added, Chunk, Seen
from mailer.audience.importing.deciding import Known, Writes, decide
from mailer.audience.importing.gathering import chunks
from mailer.audience.importing.meanings import Meaning
from mailer.audience.importing.planning import Plan
from mailer.audience.importing.statuses import Standing
from mailer.audience.importing.verdicts import REMEMBERED, Report, Verdict, VerdictFile
from mailer.database.engine import reading, transaction, unchecked, zone_of
from mailer.field_kinds import FieldKind
from mailer.names import LONGEST_NAME
from mailer.sentences import Sentence
from mailer.tokens import Signer

# Rows of one transaction: each rewrites most of the index of addresses, so the fewer the
# better; all of them are in memory, on PostgreSQL with those that are read meanwhile.
_CHUNK = 64_000
_TRIED = 20_000  # rows of a dry run, which writes nothing
_EARLIER = Sentence("the address stands in an earlier row")


_CameBefore = Callable[[Chunk, Mapping[str, Known], Collection[str]], set[str]]


class Progress(NamedTuple):
    """How far an import is; *rows* is an estimate until the end."""

    done: int
    rows: int


def run(  # noqa: PLR0913  # what an import can be told
    engine: Engine,
    plan: Plan,
    newsletter: str,
    *,
    signer: Signer,
    rules: AddressRules = BUILT_IN,
    now: datetime,
    progress: Callable[[Progress], None] = lambda _progress: None,
    verdicts: Path | None = None,
    source: str = "import",
    chunk: int | None = None,
) -> Report:
    """Import everything *plan* found into the newsletter with this slug.

    Committed chunk by chunk: after a crash the same call goes on where it stopped, and running a
    finished import again changes nothing. *verdicts* names a CSV file for a verdict a row.
    ``NotFound`` when there is no such newsletter.
    """
    size = chunk or _CHUNK
    with reading(engine) as session:
        target = writing.Target(newsletters.get(session, newsletter).id, now, source)
        key = _progress_key(plan, target.newsletter_id, size)
        kept = lookups.kept_progress(session, key) or {}
        types, zone = fields.types(session), zone_of(session)
    report = Report.from_dict(kept["report"]) if kept else Report()
    report.resumed_after = skip = kept.get("rows", 0)
    seen, added = Seen(), Added(kept.get("added", ()))
    with _collector_paused(), unchecked(engine) as writer, ExitStack() as stack:
        file = _verdict_file(stack, verdicts, kept.get("verdicts", 0))
        parts = chunks(plan, types, rules, zone=zone, size=size, skip=skip, wanted=file is not None)
        for part in _ahead(parts) if engine.dialect.name == "postgresql" else parts:
            with transaction(writer) as session:
                writing.prepare(session, target)
                before = partial(_came_before, seen=seen, added=added)
                writes = _decide(session, target, part, before, report, signer)
                added.add(writing.write(session, target, writes))
                skip += part.rows
                length = file.write(part.verdicts) if file else 0
                state = {"rows": skip, "verdicts": length, "added": added.as_pairs()}
                lookups.keep_progress(session, key, state | {"report": report.as_dict()})
            progress(Progress(report.rows, max(plan.rows, report.rows)))
    with transaction(engine) as session:
        lookups.keep_progress(session, key, None)
    return report


def add_fields(engine: Engine, plan: Plan, *, now: datetime) -> list[str]:
    """Define text fields for the plan's columns that are none yet; their names."""
    wanted = {
        column.field: column.header
        for file in plan.files
        for column in file.columns
        if column.meaning is Meaning.FIELD
    }
    with transaction(engine) as session:
        new = sorted(wanted.keys() - fields.types(session).keys())
        for name in new:
            fields.add(session, name, FieldKind.TEXT, now=now, label=wanted[name][:LONGEST_NAME])
    return new


def dry_run(
    engine: Engine,
    plan: Plan,
    newsletter: str,
    *,
    signer: Signer,
    rules: AddressRules = BUILT_IN,
    now: datetime,
    progress: Callable[[Progress], None] = lambda _progress: None,
    verdicts: Path | None = None,
    chunk: int | None = None,
) -> Report:
    """What :func:`run` would report, with the first rows' verdicts; nothing is written but *verdicts*."""
    report, seen, size = Report(), Seen(), chunk or _TRIED

    def before(part: Chunk, _known: object, _suppressed: object) -> set[str]:
        return seen.take(list(part.candidates))  # nothing is written that would tell

    with _collector_paused(), reading(engine) as session, ExitStack() as stack:
        target = writing.Target(newsletters.get(session, newsletter).id, now, "dry run")
        file = _verdict_file(stack, verdicts, 0)
        types, zone = fields.types(session), zone_of(session)
        for part in chunks(plan, types, rules, zone=zone, size=size, skip=0, wanted=True):
            _decide(session, target, part, before, report, signer)
            if len(report.first_rows) < REMEMBERED:
                told = sorted(part.verdicts, key=lambda one: (one.file, one.line))
                report.first_rows += told[: REMEMBERED - len(report.first_rows)]
            if file:
                file.write(part.verdicts)
            progress(Progress(report.rows, max(plan.rows, report.rows)))
    return report


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Rows make no reference cycles, yet looking for some would take a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _verdict_file(stack: ExitStack, path: Path | None, length: int) -> VerdictFile | None:
    return stack.enter_context(VerdictFile.open(path, length=length)) if path else None


def _decide(
    session: Session,
    target: writing.Target,
    part: Chunk,
    came_before: _CameBefore,
    report: Report,
    signer: Signer,
) -> Writes:
    """Give every candidate its verdict; what that changes."""
    known = lookups.known_by_key(session, target.newsletter_id, part.keys)
    if any(part.candidates[key].tags for key in known):
        known = lookups.with_tags(session, known)
    suppressed = lookups.suppressed(session, part.keys, signer)
    before = came_before(part, known, suppressed)
    # Most know no past here and want the newsletter: about them there is nothing to decide.
    special = known.keys() | suppressed.keys() | before
    new, others = [], []
    for one in part.people:
        if one.standing > Standing.PENDING or one.key in special:
            others.append(one)
        else:
            new.append(one)
    part.add(new)
    writes = Writes(new)
    for one in others:
        verdict, reason = decide(one, known.get(one.key), suppressed.get(one.key), writes)
        if one.key in before:
            verdict, reason = Verdict.DUPLICATE, _EARLIER
        part.judge(one, verdict, reason)
    part.report(report)
    return writes


def _came_before(
    part: Chunk,
    known: Mapping[str, Known],
    suppressed: Collection[str],
    *,
    seen: Seen,
    added: Added,
) -> set[str]:
    """Which addresses stood in an earlier chunk: most of those were added by it."""
    before = {key for key, one in known.items() if one.id in added}
    others = known.keys() | set(suppressed) | set(part.barred)
    return before | seen.take(list(others - before))


def _ahead(parts: Iterator[Chunk]) -> Iterator[Chunk]:
    """The same chunks; each is read while PostgreSQL writes the one before it.

    Not for SQLite: it writes in this process and gives up the interpreter at every row.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="reading-ahead") as other:
        coming = other.submit(next, parts, None)
        while (part := coming.result()) is not None:
            coming = other.submit(next, parts, None)
            yield part


def _progress_key(plan: Plan, newsletter_id: int, chunk: int) -> str:
    """The same for the same files read in the same way into the same newsletter."""
    digest = hashlib.sha256(repr((newsletter_id, chunk, plan.statuses)).encode())
    for file in plan.files:
        digest.update(repr((file.name, file.columns, file.standing, file.header_line)).encode())
        digest.update(repr((file.layout.decoding, file.layout.doubled, file.is_report)).encode())
        with file.layout.source.open() as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return f"import {digest.hexdigest()[:32]}"
