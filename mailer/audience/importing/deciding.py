"""What to do with one candidate, given what is known of its address; pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import NamedTuple

from mailer.audience.importing.candidates import Candidate, encode, merge_fields
from mailer.audience.importing.statuses import Standing
from mailer.audience.importing.verdicts import Verdict
from mailer.database.tables import Consent


class Known(NamedTuple):
    """One subscriber as the database has them; *state* is that of the newsletter's subscription."""

    id: int
    name: str
    language: str | None
    time_zone: str | None
    fields: str  # JSON
    state: str | None


class New(NamedTuple):
    """A subscriber to be added."""

    address: str
    key: str
    name: str
    language: str | None
    time_zone: str | None
    fields: str
    created_at: str | None  # UTC; None is now
    state: str
    proof: str


class Details(NamedTuple):
    """What is new about a subscriber."""

    id: int
    name: str
    language: str | None
    time_zone: str | None
    fields: str


@dataclass(slots=True)
class Writes:
    """All that a chunk of rows changes."""

    new: list[New] = field(default_factory=list)
    details: list[Details] = field(default_factory=list)
    joining: list[tuple[int, str, str]] = field(default_factory=list)  # subscriber, state, proof
    confirming: list[tuple[int, str]] = field(default_factory=list)  # subscriber, proof
    leaving: list[tuple[int, str, str | None]] = field(default_factory=list)  # …, reason
    suppressing: list[tuple[str, str]] = field(default_factory=list)  # key, reason


def decide(
    candidate: Candidate, known: Known | None, suppression: str | None, writes: Writes
) -> tuple[Verdict, str]:
    """Add to *writes* what this candidate changes; its verdict and the reason.

    Nobody who left or is suppressed becomes a reader: the only way to *confirmed* is from nothing
    or from *pending*.
    """
    standing = candidate.standing
    if standing is Standing.SUPPRESSED:
        why = suppression or candidate.suppression_reason
        if suppression is None:
            writes.suppressing.append((candidate.address.key, why))
        return Verdict.SUPPRESSED, why
    if standing is Standing.UNSUBSCRIBED:
        return _leave(candidate, known, suppression, writes)
    if suppression is not None:
        return Verdict.SUPPRESSED, suppression
    if known is None:
        writes.new.append(_new(candidate))
        return Verdict.ADDED, candidate.note
    return _again(candidate, known, writes)


def _again(candidate: Candidate, known: Known, writes: Writes) -> tuple[Verdict, str]:
    if known.state == Consent.UNSUBSCRIBED:
        return Verdict.KEPT_UNSUBSCRIBED, "unsubscribed here; only they can come back"
    changed = _change_details(candidate, known, writes)
    if known.state is None:
        writes.joining.append((known.id, candidate.standing.consent, candidate.proof))
        return Verdict.ADDED, candidate.note
    if known.state == Consent.PENDING and candidate.standing is Standing.CONFIRMED:
        writes.confirming.append((known.id, candidate.proof))
        changed = True
    return (Verdict.UPDATED if changed else Verdict.UNCHANGED), candidate.note


def _leave(
    candidate: Candidate, known: Known | None, suppression: str | None, writes: Writes
) -> tuple[Verdict, str]:
    if known is not None and known.state in (Consent.CONFIRMED, Consent.PENDING):
        writes.leaving.append((known.id, candidate.proof, candidate.reason))
        return Verdict.UNSUBSCRIBED, candidate.note
    if suppression is not None:
        return Verdict.SUPPRESSED, suppression
    if known is None:
        # Of somebody who left no more is kept than it takes to leave them alone.
        bare = Candidate(candidate.address, candidate.line, candidate.file, candidate.standing)
        bare.evidence = candidate.evidence
        writes.new.append(_new(bare))
        return Verdict.UNSUBSCRIBED, candidate.note
    if known.state is None:
        writes.joining.append((known.id, Consent.UNSUBSCRIBED, candidate.proof))
        return Verdict.UNSUBSCRIBED, candidate.note
    return Verdict.UNCHANGED, candidate.note


def _new(candidate: Candidate) -> New:
    address = candidate.address
    return New(
        address.shown,
        address.key,
        candidate.name,
        candidate.language,
        candidate.time_zone,
        encode(candidate.fields) if candidate.fields else "{}",
        candidate.joined,
        candidate.standing.consent,
        candidate.proof,
    )


def _change_details(candidate: Candidate, known: Known, writes: Writes) -> bool:
    name = candidate.name or known.name
    language = candidate.language or known.language
    time_zone = candidate.time_zone or known.time_zone
    fields = known.fields
    if candidate.fields and encode(candidate.fields) != fields:
        old = json.loads(fields)
        merged = merge_fields(old, candidate.fields)
        fields = encode(merged) if merged != old else fields
    details = Details(known.id, name, language, time_zone, fields)
    if details == (known.id, known.name, known.language, known.time_zone, known.fields):
        return False
    writes.details.append(details)
    return True
