"""Store of API keys: what programs sign in with; each is shown once and kept hashed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.addresses import clean_name
from mailer.database.tables import ApiKey, Role
from mailer.errors import InvalidInput, NotFound
from mailer.staffing.secret_words import hashed, new_secret

_MARK = "mlr_"  # scanners for leaked secrets know it by that
_HINT_LENGTH = 10
_NOTED_EVERY = timedelta(minutes=5)


def make(session: Session, name: str, role: Role, *, by: str, now: datetime) -> tuple[ApiKey, str]:
    """A new key that may do what *role* may; ``InvalidInput``."""
    cleaned = clean_name(name)
    if not cleaned:
        raise InvalidInput("Say what the key is for, so that you know it again.")
    secret = _MARK + new_secret()
    key = ApiKey(
        key_hash=hashed(secret),
        hint=secret[:_HINT_LENGTH],
        name=cleaned,
        role=role,
        created_by=by,
        created_at=now,
    )
    session.add(key)
    session.flush()
    return key, secret


def listed(session: Session) -> Sequence[ApiKey]:
    """All keys, the newest first."""
    return session.scalars(select(ApiKey).order_by(ApiKey.id.desc())).all()


def revoke(session: Session, key_id: int) -> ApiKey:
    """The key opens nothing any more; ``NotFound``."""
    key = session.get(ApiKey, key_id)
    if key is None:
        raise NotFound("This key was revoked before.")
    session.delete(key)
    return key


def find(session: Session, secret: str) -> ApiKey | None:
    """The key that a program showed."""
    if not secret.startswith(_MARK) or len(secret) > 100:
        return None
    return session.scalars(select(ApiKey).where(ApiKey.key_hash == hashed(secret))).one_or_none()


def is_due(key: ApiKey, *, now: datetime) -> bool:
    """Whether its use should be noted again: not at every request."""
    return key.used_at is None or now - key.used_at >= _NOTED_EVERY


def note(session: Session, key_id: int, *, now: datetime) -> None:
    """Remember that it is in use."""
    key = session.get(ApiKey, key_id)
    if key is not None:
        key.used_at = now
