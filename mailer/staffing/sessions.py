"""Store of sessions: browsers that are signed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mailer.database.tables import StaffSession, User
from mailer.staffing.secret_words import hashed, new_secret

UNUSED = timedelta(days=14)  # ends after so long without a visit
LONGEST = timedelta(days=90)
_NOTED_EVERY = timedelta(minutes=5)
_FRESH = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Visitor:
    """What a browser tells of itself; its address is cut to its network."""

    user_agent: str
    network: str


def begin(session: Session, user: User, visitor: Visitor, *, now: datetime) -> str:
    """Sign a browser in; the token for its cookie."""
    session.execute(delete(StaffSession).where(StaffSession.expires_at <= now))
    token = new_secret()
    session.add(
        StaffSession(
            token_hash=hashed(token),
            user_id=user.id,
            created_at=now,
            used_at=now,
            expires_at=now + UNUSED,
            user_agent=visitor.user_agent[:300],
            network=visitor.network,
        )
    )
    user.seen_at = now
    session.flush()
    return token


def find(session: Session, token: str, *, now: datetime) -> tuple[StaffSession, User] | None:
    """The session of a cookie and whose it is; ``None`` when it has ended."""
    row = session.execute(
        select(StaffSession, User)
        .join(User, User.id == StaffSession.user_id)
        .where(StaffSession.token_hash == hashed(token), StaffSession.expires_at > now)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def is_fresh(current: StaffSession, *, now: datetime) -> bool:
    """Whether it began just now: who it is need not be proved again."""
    return now - current.created_at < _FRESH


def is_due(current: StaffSession, *, now: datetime) -> bool:
    """Whether its use should be noted again: not at every request."""
    return now - current.used_at >= _NOTED_EVERY


def note(session: Session, token_hash: str, *, now: datetime) -> None:
    """Remember that it is in use, which prolongs it."""
    current = session.get(StaffSession, token_hash)
    if current is not None:
        current.used_at = now
        current.expires_at = min(now + UNUSED, current.created_at + LONGEST)
        session.get_one(User, current.user_id).seen_at = now


def of_user(session: Session, user_id: int, *, now: datetime) -> Sequence[StaffSession]:
    """Somebody's sessions, the latest used first."""
    return session.scalars(
        select(StaffSession)
        .where(StaffSession.user_id == user_id, StaffSession.expires_at > now)
        .order_by(StaffSession.used_at.desc(), StaffSession.created_at.desc())
    ).all()


def end(session: Session, user_id: int, token_hash: str) -> None:
    """Sign one browser out."""
    session.execute(
        delete(StaffSession).where(
            StaffSession.token_hash == token_hash, StaffSession.user_id == user_id
        )
    )


def end_all(session: Session, user_id: int, *, but: str = "") -> None:
    """Sign all browsers of somebody out, but for the one with the token hash *but*."""
    session.execute(
        delete(StaffSession).where(StaffSession.user_id == user_id, StaffSession.token_hash != but)
    )
