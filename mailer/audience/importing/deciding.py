"""What to do with one candidate, given what is known of its address; pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import NamedTuple

from mailer.audience.importing.candidates import Candidate, merge_fields
from mailer.audience.importing.statuses import Standing
from mailer.audience.importing.verdicts import ADDED_AS, Verdict
from mailer.database.tables import Consent
from mailer.names import name_key
from mailer.sentences import Sentence

_LEFT = Sentence("unsubscribed here; only they can come back")


class Known(NamedTuple):
    """One subscriber as the database has them; *state* is that of the newsletter's subscription."""

    id: int
    name: str
    language: str | None
    time_zone: str | None
    fields: str  # a JSON object
    state: str | None
    tags: frozenset[str] = frozenset()  # their keys


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

    new: list[Candidate] = field(default_factory=list)  # subscribers with their subscription
    details: list[Details] = field(default_factory=list)
    tagging: list[tuple[int, str]] = field(default_factory=list)  # with a JSON array of tags
    joining: list[tuple[int, Candidate]] = field(default_factory=list)
    confirming: list[tuple[int, Candidate]] = field(default_factory=list)
    leaving: list[tuple[int, Candidate]] = field(default_factory=list)
    suppressing: list[Candidate] = field(default_factory=list)


def decide(
    candidate: Candidate, known: Known | None, suppression: str | None, writes: Writes
) -> tuple[Verdict, str]:
    """Add to *writes* what this candidate changes; its verdict and the reason.

    Nobody who left or is suppressed becomes a reader: the only way to *confirmed* is from nothing
    or from *pending*.
    """
    standing = candidate.standing
    if standing is Standing.SUPPRESSED:
        if suppression is None:
            writes.suppressing.append(candidate)
        return Verdict.SUPPRESSED, suppression or candidate.suppression_reason
    if standing is Standing.UNSUBSCRIBED:
        return _leave(candidate, known, suppression, writes)
    if suppression is not None:
        return Verdict.SUPPRESSED, suppression
    if known is None:
        writes.new.append(candidate)
        return ADDED_AS[standing], candidate.note
    return _again(candidate, known, writes)


def _again(candidate: Candidate, known: Known, writes: Writes) -> tuple[Verdict, str]:
    if known.state == Consent.UNSUBSCRIBED:
        return Verdict.KEPT_UNSUBSCRIBED, _LEFT
    details = Details(
        known.id,
        candidate.name or known.name,
        candidate.language or known.language,
        candidate.time_zone or known.time_zone,
        merge_fields(known.fields, candidate.fields),
    )
    changed = details != known[:5]
    if changed:
        writes.details.append(details)
    if candidate.tags and not set(map(name_key, json.loads(candidate.tags))) <= known.tags:
        writes.tagging.append((known.id, candidate.tags))
        changed = True
    if known.state is None:
        writes.joining.append((known.id, candidate))
        return ADDED_AS[candidate.standing], candidate.note
    if known.state == Consent.PENDING and candidate.standing is Standing.CONFIRMED:
        writes.confirming.append((known.id, candidate))
        changed = True
    return (Verdict.UPDATED if changed else Verdict.UNCHANGED), candidate.note


def _leave(
    candidate: Candidate, known: Known | None, suppression: str | None, writes: Writes
) -> tuple[Verdict, str]:
    if known is not None and known.state in (Consent.CONFIRMED, Consent.PENDING):
        writes.leaving.append((known.id, candidate))
        return Verdict.UNSUBSCRIBED, candidate.note
    if suppression is not None:
        return Verdict.SUPPRESSED, suppression
    if known is None:
        writes.new.append(candidate.bare())
        return Verdict.UNSUBSCRIBED, candidate.note
    if known.state is None:
        writes.joining.append((known.id, candidate))
        return Verdict.UNSUBSCRIBED, candidate.note
    return Verdict.UNCHANGED, candidate.note
