"""Rows become candidates: an address with what the file says of its owner, or a reason why not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from mailer.audience.importing.statuses import Standing

_encoder = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class File:
    """The file a row stands in; *proof* begins the JSON object that says so."""

    name: str
    proof: str


class Candidate(NamedTuple):
    """One address and what a file says of it; rows of one address are merged into one."""

    file: File
    line: int
    standing: Standing
    proof: str  # evidence of consent, a JSON object: where the row stands, what it tells of it
    note: str  # what had to be changed
    reason: str | None  # why they left
    tags: str  # a JSON array, or empty
    # In the order of the table's columns, see writing.py:
    address: str
    key: str
    name: str
    language: str | None
    time_zone: str | None
    fields: str  # a JSON object
    joined: str | None  # UTC, ISO 8601

    @property
    def suppression_reason(self) -> str:
        """Why the address is never mailed again."""
        why = f" ({self.reason})" if self.reason else ""
        return f"undeliverable or blocked in the program before{why}"[:200]

    def merged(self, later: Candidate) -> Candidate:
        """With what a later row of the same address adds; the worse standing holds."""
        return self._replace(
            name=later.name or self.name,
            fields=merge_fields(self.fields, later.fields),
            tags=merge_tags(self.tags, later.tags),
            standing=max(self.standing, later.standing),
            joined=self.joined or later.joined,
            note=self.note or later.note,
            language=later.language or self.language,
            time_zone=later.time_zone or self.time_zone,
            reason=self.reason or later.reason,
        )

    def bare(self) -> Candidate:
        """Of somebody who left no more is kept than it takes to leave them alone."""
        return self._replace(name="", fields="{}", tags="", language=None, time_zone=None)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be taken, and why."""

    file: File
    line: int
    address: str
    reason: str
    kind: str  # the reason without particulars, for counting
    key: str = ""  # of the address, where the row is held for what it may say


def encode(fields: Mapping[str, Any] | list[str]) -> str:
    """An object or array as JSON: compact, and letters of all scripts as they are, half the size."""
    return _encoder.encode(fields)


def merge_fields(old: str, new: str) -> str:
    """Two JSON objects; of one field the new value. *old* if nothing is new."""
    if new in (old, "{}"):
        return old
    before, after = json.loads(old), json.loads(new)
    merged = {**before, **after}
    return encode(merged) if merged != before else old


def merge_tags(old: str, new: str) -> str:
    """Two JSON arrays of tags (or nothing) as one."""
    if not new or new == old:
        return old
    return encode(list(dict.fromkeys([*json.loads(old), *json.loads(new)]))) if old else new
