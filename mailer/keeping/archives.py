"""The form of an archive: which tables, how values are written, what the manifest says.

A zip file with one member a table, ``tables/<name>.jsonl``: a row a line, as a JSON array. The
member ``manifest.json`` names the columns, and counts and hashes the rows; ``secret.key`` is
there only when it was asked for. Nothing in it depends on the engine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import JSON, Boolean, Column, LargeBinary, Table
from sqlalchemy.orm import Session

from mailer.database.tables import Base
from mailer.database.tables.base import SECRET, Moment
from mailer.errors import InvalidFile

FORMAT = 1
MANIFEST = "manifest.json"
KEY = "secret.key"

# Tables that stay behind, and why.
LEFT_OUT: Mapping[str, str] = {
    "answer_marks": "they are nothing without the answers",
    "answers": "they are gathered again from clicks and opens",
    "gatherings": "they are nothing without the receipts",
    "notices": "whoever restores an archive must not send them a second time",
    "receipts": "they are gathered again from the deliveries",
    "request_meters": "how often forms came from where lately",
    "spent_challenges": "they serve for two hours",
    "sending_meters": "how much of the sending rates is used at this moment",
    "sign_in_meters": "how often signing in has failed lately",
    "sign_in_links": "they work for minutes, or are sent anew",
    "staff_sessions": "people sign in again",
    "uploaded_files": "lists that were imported, or can be brought again",
    "uploads": "they are nothing without their files",
}
# Tables that go along only with the secrets.
SECRET_TABLES: Mapping[str, str] = {"recovery_codes": "each signs in once"}


@dataclass(frozen=True, slots=True)
class Stored:
    """One table in an archive."""

    name: str
    columns: tuple[str, ...]
    kinds: tuple[str, ...]  # plain, time, json, bytes, boolean
    rows: int
    sha256: str  # of the member's bytes
    last_id: int | None  # the greatest number given so far: none is given twice

    @property
    def member(self) -> str:
        """Its name in the archive."""
        return f"tables/{self.name}.jsonl"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds, and of which version."""

    format: int
    revision: str  # of the schema
    made_at: str
    engine: str
    with_secrets: bool
    tables: tuple[Stored, ...]  # those that others refer to come first

    def as_json(self) -> str:
        """For the archive."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: bytes, name: str) -> Manifest:
        """What :meth:`as_json` wrote; ``InvalidFile``."""
        try:
            data: dict[str, Any] = json.loads(text)
            if data["format"] > FORMAT:
                raise InvalidFile(f"{name} was made by a newer version of mailer; use that one.")
            tables = tuple(
                Stored(**{**one, "columns": tuple(one["columns"]), "kinds": tuple(one["kinds"])})
                for one in data["tables"]
            )
            return cls(**{**data, "tables": tables})
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidFile(
                f"{name} is no archive of mailer: its manifest is damaged."
            ) from error


def tables(*, with_secrets: bool) -> list[Table]:
    """The tables of an archive, those that others refer to first."""
    left_out = {*LEFT_OUT} if with_secrets else {*LEFT_OUT, *SECRET_TABLES}
    return [table for table in Base.metadata.sorted_tables if table.name not in left_out]


def kind_of(column: Column[Any]) -> str:
    """How a column's values are written."""
    kinds = ((Moment, "time"), (JSON, "json"), (LargeBinary, "bytes"), (Boolean, "boolean"))
    return next((kind for type_, kind in kinds if isinstance(column.type, type_)), "plain")


def rows_at_once(kinds: Sequence[str]) -> int:
    """How many rows of a table are held in memory together: pictures and mails are large."""
    return 10 if "bytes" in kinds else 2_000


def is_secret(column: Column[Any]) -> bool:
    """Whether it is left empty unless secrets were asked for."""
    return column.info == SECRET


def sequence_of(table: Table) -> str | None:
    """The column whose numbers the database gives, one after the other."""
    column = table.autoincrement_column
    return None if column is None or column.foreign_keys else column.name


def is_postgresql(session: Session) -> bool:
    """On which of the two engines we are."""
    return session.get_bind().dialect.name == "postgresql"
