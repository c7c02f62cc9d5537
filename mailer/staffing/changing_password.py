"""A new password for oneself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from mailer.database.engine import transaction
from mailer.database.tables import StaffSession, User
from mailer.errors import InvalidInput
from mailer.staffing import attempts, passwords, sessions
from mailer.staffing.sessions import Visitor


def change_password(
    engine: Engine,
    user: User,
    current: StaffSession,
    *,
    old: str,
    new: str,
    visitor: Visitor,
    now: datetime,
) -> None:
    """All other sessions end; the old password is asked for unless one has just signed in.

    ``InvalidInput``; ``TooManyAttempts`` when the old one was guessed at.
    """
    passwords.require_strong(new, address=user.address, name=user.name)
    if user.password_hash is not None and not sessions.is_fresh(current, now=now):
        with transaction(engine) as session:
            attempts.begin(session, user.address_key, visitor.network, now=now)
        if not passwords.verify(user.password_hash, old):
            raise InvalidInput("The old password is not right.")
    hashed = passwords.hash_password(new)
    with transaction(engine) as session:
        session.get_one(User, user.id).password_hash = hashed
        attempts.succeed(session, user.address_key, visitor.network)
        sessions.end_all(session, user.id, but=current.token_hash)
