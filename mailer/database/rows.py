"""Rows that are only ever added, many at once, as cheaply as each database can."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine

from mailer.database.grouping import GroupCommit
from mailer.database.instant import InstantWriter
from mailer.database.travelling import TravellingWriter
from mailer.database.writers import QuickWriter, Writer

Row = tuple[int | str | None, ...]
Form = tuple[str, Callable[[Any], str]]


class Rows:
    """One table, and of its columns those that are given for each new row, in order.

    The drivers are spoken to directly: the statements are the cost of a row. PostgreSQL gets an
    array for each column, as text, for that costs it and us least.
    """

    def __init__(self, table: str, columns: Mapping[str, Form]) -> None:
        names = f"INSERT INTO {table} ({', '.join(columns)})"
        types = [kind for kind, _ in columns.values()]
        self._writes = [write for _, write in columns.values()]
        self._sqlite = f"{names} VALUES ({', '.join('?' * len(columns))})"
        arrays = ", ".join(f"%s::{kind}[]" for kind in types)
        self._postgresql = f"{names} SELECT * FROM unnest({arrays})"  # noqa: S608  # all constant
        arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(types, 1))
        self._command = f"{names} SELECT * FROM unnest({arrays})".encode()  # noqa: S608  # all constant

    def add(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Add them; ``IntegrityError`` when one refers to what was removed."""
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(self._postgresql, tuple(self._arrays(rows)))
        else:
            connection.exec_driver_sql(self._sqlite, list(rows))

    def command(self, rows: Sequence[Row]) -> tuple[bytes, list[bytes]]:
        """The same in PostgreSQL's own form: the statement, and its values."""
        return self._command, [array.encode() for array in self._arrays(rows)]

    def _arrays(self, rows: Sequence[Row]) -> list[str]:
        columns = zip(*rows, strict=True)
        return [
            f"{{{','.join(map(write, column))}}}"
            for write, column in zip(self._writes, columns, strict=True)
        ]


def moment(at: datetime) -> str:
    """A moment in UTC as a `Row` holds it, which is as SQLite keeps it."""
    return at.isoformat(" ", "microseconds")[:26]


def _quoted(text: str | None) -> str:
    if text is None:
        return "NULL"
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'


INTEGER: Form = ("bigint", str)
MOMENT: Form = ("timestamptz", "{}+00".format)
TEXT: Form = ("text", _quoted)


def adding(engine: Engine, rows: Rows, name: str, *, patience: float) -> GroupCommit[Row]:
    """Adds *rows* from within the event loop; see `GroupCommit`."""
    slow = Writer(engine, rows.add, name)
    quick: QuickWriter[Row] = (
        InstantWriter(engine, rows.add, slow)
        if engine.dialect.name == "sqlite"
        else TravellingWriter(rows.command, slow)
    )
    return GroupCommit(slow, name, quick=quick, patience=patience)
