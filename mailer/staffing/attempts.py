"""Slows guessing down: failures are counted per account and per network, over all processes."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailer.database.tables import SignInMeter
from mailer.errors import Unavailable
from mailer.staffing.secret_words import hashed

_FORGOTTEN = timedelta(hours=12)
_LONGEST = timedelta(minutes=15)
# So many failures cost nothing; each further one doubles the wait.
_FREE_ACCOUNT, _FREE_NETWORK = 5, 30


class TooManyAttempts(Unavailable):
    """Signing in has failed too often; *wait* is how long until the next try counts."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("Signing in has failed too often; wait a while, then try again.")
        self.wait = wait


def begin(session: Session, account: str, network: str, *, now: datetime) -> None:
    """Count a try as failed until it has not; ``TooManyAttempts`` when none is due.

    Counted before it is decided, so that tries at the same time cannot slip through. Whether the
    account exists makes no difference.
    """
    session.execute(delete(SignInMeter).where(SignInMeter.last_at < now - _FORGOTTEN))
    meters = [
        (_locked(session, scope, now), free)
        for scope, free in (
            (_account_scope(account), _FREE_ACCOUNT),
            (f"network {network}", _FREE_NETWORK),
        )
    ]
    wait = max(meter.blocked_until for meter, _ in meters) - now
    if wait > timedelta():
        raise TooManyAttempts(wait)
    for meter, free in meters:
        meter.failures += 1
        meter.last_at = now
        meter.blocked_until = now + _pause(meter.failures - free)


def succeed(session: Session, account: str, network: str) -> None:
    """The try counted by `begin` was right."""
    mine = session.get(SignInMeter, _account_scope(account))
    if mine is not None:
        session.delete(mine)
    shared = session.get(SignInMeter, f"network {network}")
    if shared is not None:
        shared.failures = max(0, shared.failures - 1)
        shared.blocked_until = shared.last_at


def _pause(beyond: int) -> timedelta:
    return min(_LONGEST, timedelta(seconds=2 ** min(beyond, 20))) if beyond > 0 else timedelta()


def _account_scope(account: str) -> str:
    return f"account {hashed(account)}"


def _locked(session: Session, scope: str, now: datetime) -> SignInMeter:
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.execute(
        insert(SignInMeter)
        .values(scope=scope, failures=0, last_at=now, blocked_until=now)
        .on_conflict_do_nothing()
    )
    return session.get_one(SignInMeter, scope, with_for_update=True)
