"""The installation's secret key: from the settings, or made on first run beside the database."""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from pathlib import Path

from sqlalchemy import Engine, delete, text
from sqlalchemy.orm import Session

from mailer.database.engine import database_file, reading, transaction
from mailer.database.tables import Fact
from mailer.errors import ConfigurationError, Conflict

_FACT = "secret key fingerprint"
_LEAST_BYTES = 16
# Another process may be adding it now; its own is the one that counts.
_ADD = text("INSERT INTO facts (name, value) VALUES (:name, :value) ON CONFLICT DO NOTHING")


def load_secret_key(engine: Engine, given: str | None) -> bytes:
    """The key every token is signed with; ``ConfigurationError`` if it is not the one used before.

    A file is made with mode 600 when neither the settings nor the file have one and the database
    has never been used with another: readers' links stop working when the key changes.
    """
    path = key_file(engine)
    with reading(engine) as session:
        known = session.get(Fact, _FACT)
    key = _given(given) or _stored(path)
    if key is None:
        if known is not None:
            raise ConfigurationError(
                f"The secret key is missing: put it back into {path} or set MAILER_SECRET_KEY. "
                "Without it, no link in mails already sent would work."
            )
        key = _make(path, secrets.token_hex(32))
    fingerprint = _fingerprint(key)
    if known is None:
        with transaction(engine) as session:
            known = _remember(session, fingerprint)
    if known.value != fingerprint:
        raise ConfigurationError(
            "The secret key is not the one this database was first used with, so no link in mails "
            f"already sent would work. Set MAILER_SECRET_KEY to the first one, or put it into {path}."
        )
    return key


def existing_key(engine: Engine, given: str | None) -> bytes | None:
    """The key as far as there is one; nothing is made and no database is opened."""
    return _given(given) or _stored(key_file(engine))


def key_file(engine: Engine) -> Path:
    """Where the key is kept: beside a SQLite database, else in the working directory."""
    file = database_file(engine)
    return file.with_suffix(".key") if file else Path("mailer.key")


def put_back(engine: Engine, key: bytes, given: str | None) -> None:
    """Keep the key of an archive in its file; nothing to do where the settings or the file have it.

    ``Conflict`` when they have another.
    """
    path, wanted = key_file(engine), _given(key.decode())
    there = _given(given) or _stored(path)
    if there is None:
        _make(path, key.decode().strip())
    elif there != wanted:
        where = "MAILER_SECRET_KEY is" if given else f"{path} holds"
        raise Conflict(
            f"{where} another secret key than the archive's, so no link in mails already sent would "
            "work. Take it away, or restore with --new-key. Nothing was restored."
        )


def forget(session: Session) -> None:
    """Let the database begin with a new key."""
    session.execute(delete(Fact).where(Fact.name == _FACT))


def _fingerprint(key: bytes) -> str:
    return hashlib.sha256(b"mailer fingerprint" + key).hexdigest()[:16]


def _given(text: str | None) -> bytes | None:
    if text is None:
        return None
    key = text.strip().encode()
    if len(key) < _LEAST_BYTES:
        raise ConfigurationError(
            f"MAILER_SECRET_KEY is too short: use at least {_LEAST_BYTES} random characters."
        )
    return key


def _stored(path: Path) -> bytes | None:
    try:
        return _given(path.read_text())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(f"The secret key in {path} cannot be read: {error}.") from error


def _make(path: Path, key: str) -> bytes:
    try:
        # Under its name only when it is whole: another process may be reading it now.
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".key-") as file:
            file.write(key + "\n")
            file.flush()
            os.link(file.name, path)
    except FileExistsError:  # another process was faster; its key is the key
        return _stored(path) or key.encode()
    except OSError as error:
        raise ConfigurationError(
            f"The secret key cannot be written to {path}: {error.strerror}. Set MAILER_SECRET_KEY."
        ) from error
    return key.encode()


def _remember(session: Session, fingerprint: str) -> Fact:
    session.execute(_ADD, {"name": _FACT, "value": fingerprint})
    return session.get_one(Fact, _FACT)
