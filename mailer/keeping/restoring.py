"""Reads an archive back into an empty database of either engine: all of it, or nothing."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from mailer import secret_key
from mailer.database.engine import reading, transaction
from mailer.database.upgrading import revisions, upgrade
from mailer.errors import Conflict, InvalidFile
from mailer.keeping.archives import KEY, MANIFEST, Manifest, Stored, is_postgresql, rows_at_once

_LONGEST_LINE = 256 << 20
# Written by every first start, and replaced: the key's fingerprint.
_OVERWRITTEN = "facts"
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError)


def restore(
    engine: Engine,
    path: Path,
    *,
    given_key: str | None = None,
    new_key: bool = False,
    progress: Callable[[str, int], None] = lambda _table, _rows: None,
) -> Manifest:
    """Read everything from *path*; the database must have no rows.

    The secret key of the archive, where it holds one, is put into its file, unless *given_key* is
    set. With *new_key* the installation begins with another key: links in old mails stop working,
    and erased people are not known again. ``InvalidFile``, ``Conflict``, ``DatabaseTooNew``.
    """
    try:
        with zipfile.ZipFile(path) as zipped:
            manifest = Manifest.from_json(zipped.read(MANIFEST), path.name)
            key = zipped.read(KEY) if KEY in zipped.namelist() and not new_key else None
            _prepare(engine, manifest, path)
            with transaction(engine) as session:
                for stored in manifest.tables:
                    _load(session, zipped, stored)
                    progress(stored.name, stored.rows)
                _check(session, manifest)
                if new_key:
                    secret_key.forget(session)
                if key is not None:
                    secret_key.put_back(engine, key, given_key)
    except _DAMAGED as error:
        raise InvalidFile(
            f"{path.name} is no archive of mailer, or is damaged ({error}). Nothing was restored."
        ) from error
    except OSError as error:
        raise InvalidFile(f"{path} cannot be read: {error.strerror or error}.") from error
    except DBAPIError as error:
        raise InvalidFile(
            f"{path.name} cannot be restored: {' '.join(str(error.orig).split())}. "
            "Nothing was restored."
        ) from error
    upgrade(engine)
    return manifest


def _prepare(engine: Engine, manifest: Manifest, path: Path) -> None:
    if manifest.revision not in revisions():
        raise Conflict(
            f"{path.name} was made by a newer version of mailer (revision {manifest.revision}); "
            "install that one."
        )
    upgrade(engine, to=manifest.revision)
    with reading(engine) as session:
        current = session.scalar(text("SELECT version_num FROM alembic_version"))
        if current != manifest.revision:
            raise Conflict(
                f"{path.name} is of an older version of mailer; restore it into a database that "
                "does not exist yet (SQLite) or has no tables (PostgreSQL)."
            )
        known = set(inspect(session.connection()).get_table_names()) - {"alembic_version"}
        for name in sorted(known - {_OVERWRITTEN}):
            if session.execute(text(f'SELECT 1 FROM "{name}" LIMIT 1')).first():  # noqa: S608  # of our tables
                raise Conflict(
                    f"The database is not empty: there are rows in {name}. Restore into a new one; "
                    "nothing was changed."
                )


def _load(session: Session, zipped: zipfile.ZipFile, stored: Stored) -> None:
    table = stored.name
    columns = [*stored.columns]
    inspector = inspect(session.connection())
    if not inspector.has_table(table) or not set(columns) <= {
        one["name"] for one in inspector.get_columns(table)
    }:
        raise InvalidFile(f"The archive's table {table!r} is not one of this program's.")
    if table == _OVERWRITTEN:
        session.execute(text(f"DELETE FROM {table}"))  # noqa: S608  # of our tables
    names = ", ".join(f'"{column}"' for column in columns)
    digest = hashlib.sha256()
    with zipped.open(stored.member) as member:
        rows = _rows(member, digest, _readers(session, stored), len(columns))
        if is_postgresql(session):
            count = _copy(session, f'COPY "{table}" ({names}) FROM STDIN', rows)
        else:
            marks = ", ".join("?" * len(columns))
            statement = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'  # noqa: S608  # of our tables
            count = 0
            while some := list(islice(rows, rows_at_once(stored.kinds))):
                session.connection().exec_driver_sql(statement, some)
                count += len(some)
    if count != stored.rows or digest.hexdigest() != stored.sha256:
        raise InvalidFile(
            f"The archive is damaged: of {table} it has {count:,} rows where {stored.rows:,} were "
            "written, or other ones. Nothing was restored."
        )
    if stored.last_id is not None:
        _go_on_counting(session, stored)


def _rows(
    member: IO[bytes], digest: Any, readers: list[tuple[int, Callable[[Any], Any]]], width: int
) -> Iterator[tuple[Any, ...]]:
    while line := member.readline(_LONGEST_LINE):
        digest.update(line)
        try:
            row = json.loads(line.decode("utf-8", "surrogatepass"))
            for n, read in readers:
                if row[n] is not None:
                    row[n] = read(row[n])
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise InvalidFile("The archive is damaged: a row cannot be read.") from error
        if not isinstance(row, list) or len(row) != width:
            raise InvalidFile("The archive is damaged: a row has the wrong number of values.")
        yield tuple(row)


def _readers(session: Session, stored: Stored) -> list[tuple[int, Callable[[Any], Any]]]:
    readers: dict[str, Callable[[Any], Any]] = {"bytes": base64.b64decode}
    if not is_postgresql(session):
        readers |= {"time": _sqlite_time, "boolean": int}
    return [(n, readers[kind]) for n, kind in enumerate(stored.kinds) if kind in readers]


def _sqlite_time(value: str) -> str:
    return value.removesuffix("Z").replace("T", " ")


def _copy(session: Session, statement: str, rows: Iterator[tuple[Any, ...]]) -> int:
    connection = session.connection().connection.driver_connection
    assert connection is not None  # noqa: S101  # a pooled connection in use has one
    count = 0
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def _go_on_counting(session: Session, stored: Stored) -> None:
    """Numbers given before, also to those who were erased, are never given again."""
    if not stored.last_id:
        return
    parameters = {"table": stored.name, "last": stored.last_id}
    if is_postgresql(session):
        session.execute(
            text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :last)"), parameters
        )
    elif inspect(session.connection()).has_table("sqlite_sequence"):
        session.execute(
            text("UPDATE sqlite_sequence SET seq = :last WHERE name = :table"), parameters
        )
        session.execute(
            text(
                "INSERT INTO sqlite_sequence (name, seq) SELECT :table, :last"
                " WHERE EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table'"
                " AND name = :table AND sql LIKE '%AUTOINCREMENT%')"
                " AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = :table)"
            ),
            parameters,
        )


def _check(session: Session, manifest: Manifest) -> None:
    for stored in manifest.tables:
        count = session.scalar(text(f'SELECT count(*) FROM "{stored.name}"'))  # noqa: S608  # of our tables
        if count != stored.rows:
            raise InvalidFile(
                f"Of {stored.name} {stored.rows:,} rows were read and {count:,} are there. "
                "Nothing was restored."
            )
