"""Writes the whole account into one file: a consistent view, streamed, while work goes on."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, String, Table, Text, cast, func, null, select, text, type_coerce
from sqlalchemy.orm import Session

from mailer.database.engine import reading
from mailer.database.tables.base import Words
from mailer.database.upgrading import revisions
from mailer.errors import Conflict, InvalidFile
from mailer.keeping.archives import (
    FORMAT,
    KEY,
    MANIFEST,
    Manifest,
    Stored,
    is_postgresql,
    is_secret,
    kind_of,
    rows_at_once,
    sequence_of,
    tables,
)

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def archive(
    engine: Engine,
    path: Path,
    *,
    now: datetime,
    secret_key: bytes | None = None,
    progress: Callable[[str, int], None] = lambda _table, _rows: None,
) -> Manifest:
    """Write everything to *path*, readable for its owner only; with *secret_key*, secrets too.

    ``Conflict`` when the file exists, ``InvalidFile`` when it cannot be written. A file that is
    there is whole.
    """
    if path.exists():
        raise Conflict(f"{path} exists already; name another file.")
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with (
            _created(unfinished) as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped,
        ):
            manifest = _write(engine, zipped, now, secret_key, progress)
        unfinished.replace(path)
    except OSError as error:
        raise InvalidFile(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return manifest


def _created(path: Path) -> Any:
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


def _write(
    engine: Engine,
    zipped: zipfile.ZipFile,
    now: datetime,
    secret_key: bytes | None,
    progress: Callable[[str, int], None],
) -> Manifest:
    with reading(engine) as session:
        if is_postgresql(session):
            session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        stored = []
        for table in tables(with_secrets=secret_key is not None):
            stored.append(_store(session, zipped, table, secrets=secret_key is not None))
            progress(table.name, stored[-1].rows)
        manifest = Manifest(
            format=FORMAT,
            revision=revisions()[-1],
            made_at=now.isoformat(timespec="seconds"),
            engine=engine.dialect.name,
            with_secrets=secret_key is not None,
            tables=tuple(stored),
        )
    if secret_key is not None:
        zipped.writestr(KEY, secret_key + b"\n")
    zipped.writestr(MANIFEST, manifest.as_json())
    return manifest


def _store(session: Session, zipped: zipfile.ZipFile, table: Table, *, secrets: bool) -> Stored:
    stored = Stored(
        name=table.name,
        columns=tuple(column.name for column in table.c),
        kinds=tuple(kind_of(column) for column in table.c),
        rows=0,
        sha256="",
        last_id=_last_id(session, table),
    )
    digest, count = hashlib.sha256(), 0
    with zipped.open(stored.member, "w", force_zip64=True) as member:
        for lines, rows in _lines(session, table, secrets=secrets):
            digest.update(lines)
            member.write(lines)
            count += rows
    return Stored(
        stored.name, stored.columns, stored.kinds, count, digest.hexdigest(), stored.last_id
    )


def _lines(session: Session, table: Table, *, secrets: bool) -> Iterator[tuple[bytes, int]]:
    """The rows as lines, some at a time, and how many they are."""
    columns = [
        null().label(column.name)
        if is_secret(column) and not secrets
        else _read_as(session, column)
        for column in table.c
    ]
    kinds = [kind_of(column) for column in table.c]
    writers = [(n, _WRITERS[kind]) for n, kind in enumerate(kinds) if kind in _WRITERS]
    rows = session.execute(
        select(*columns)
        .order_by(*table.primary_key)
        .execution_options(yield_per=rows_at_once(kinds))
    )
    for part in rows.partitions():
        made = list(map(list, part))
        for n, write in writers:
            for row in made:
                if row[n] is not None:
                    row[n] = write(row[n])
        yield ("\n".join(map(_encode, made)) + "\n").encode("utf-8", "surrogatepass"), len(made)


def _read_as(session: Session, column: Any) -> Any:
    kind = kind_of(column)
    if kind == "json":
        return cast(column, Text)  # as it stands: nothing is read only to be written again
    if kind == "time":
        return column if is_postgresql(session) else type_coerce(column, String)
    if isinstance(column.type, String | Words):
        return type_coerce(column, String)  # words, also of enumerations, as they stand
    return column


def _time(value: datetime | str) -> str:
    """UTC, with microseconds: ``2026-11-02T12:00:00.000000Z``."""
    if isinstance(value, str):  # of SQLite
        return f"{value.replace(' ', 'T')}Z"
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat('T', 'microseconds')}Z"


def _bytes(value: bytes) -> str:
    return base64.b64encode(value).decode()


_WRITERS: dict[str, Callable[[Any], Any]] = {"time": _time, "bytes": _bytes}


def _last_id(session: Session, table: Table) -> int | None:
    name = sequence_of(table)
    if name is None:
        return None
    greatest = int(session.scalar(select(func.max(table.c[name]))) or 0)
    if is_postgresql(session):
        sequence = session.scalar(
            text("SELECT pg_get_serial_sequence(:table, :column)"),
            {"table": table.name, "column": name},
        )
        if sequence is None:
            return greatest
        called = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM "
        given = session.scalar(text(called + sequence))  # named by the database
    elif table.dialect_options["sqlite"]["autoincrement"]:
        given = session.scalar(
            text("SELECT seq FROM sqlite_sequence WHERE name = :table"), {"table": table.name}
        )
    else:
        given = 0
    return max(greatest, int(given or 0))
