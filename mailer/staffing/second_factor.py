"""One-time codes (TOTP, RFC 6238) as a second step of signing in, and codes for when it is lost."""

from __future__ import annotations

import hmac
from datetime import datetime

import pyotp
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from mailer.database.tables import RecoveryCode, User
from mailer.errors import InvalidInput
from mailer.sealing import Sealer
from mailer.staffing.secret_words import hashed, new_code

_PURPOSE = "one-time codes"
_STEP_SECONDS = 30
_CLOCKS_APART = 1  # steps
_RECOVERY_CODES = 10


def new_secret() -> str:
    """A secret for an authenticator app."""
    return pyotp.random_base32()


def address_of(secret: str, user: User, *, issuer: str) -> str:
    """The ``otpauth:`` address that a QR code holds."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.address, issuer_name=issuer)


def turn_on(
    session: Session, sealer: Sealer, user: User, secret: str, code: str, *, now: datetime
) -> list[str]:
    """Ask for codes from now on; the recovery codes. ``InvalidInput`` when *code* is wrong."""
    step = _step_of(secret, code, after=0, now=now)
    if step is None:
        raise InvalidInput("That code is not right; look at the app again, codes change quickly.")
    user.totp_secret = sealer.seal(secret, purpose=_PURPOSE)
    user.totp_step = step
    return new_recovery_codes(session, user)


def turn_off(session: Session, user: User) -> None:
    """Ask for no codes any more."""
    user.totp_secret, user.totp_step = None, 0
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))


def new_recovery_codes(session: Session, user: User) -> list[str]:
    """Ten codes that work once each, in place of those before."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = [new_code() for _ in range(_RECOVERY_CODES)]
    session.add_all(RecoveryCode(code_hash=_kept(user, code), user_id=user.id) for code in codes)
    session.flush()
    return codes


def recovery_codes_left(session: Session, user: User) -> int:
    """How many have not been used."""
    query = select(func.count()).where(RecoveryCode.user_id == user.id)
    return session.scalar(query) or 0


def accept(session: Session, sealer: Sealer, user: User, code: str, *, now: datetime) -> bool:
    """Whether *code* is right: from the app, or a recovery code; neither works twice."""
    if user.totp_secret is None:
        return True
    secret = sealer.open(user.totp_secret, purpose=_PURPOSE)
    step = _step_of(secret, code, after=user.totp_step, now=now)
    if step is not None:
        user.totp_step = step
        return True
    used = session.scalars(
        delete(RecoveryCode)
        .where(RecoveryCode.code_hash == _kept(user, code))
        .returning(RecoveryCode.code_hash)
    ).all()
    return bool(used)


def _kept(user: User, code: str) -> str:
    letters = "".join(code.lower().split()).replace("-", "")
    return hashed(f"{user.id} {letters}")


def _step_of(secret: str, code: str, *, after: int, now: datetime) -> int | None:
    digits = "".join(code.split())
    current = int(now.timestamp()) // _STEP_SECONDS
    totp = pyotp.TOTP(secret)
    for step in range(current - _CLOCKS_APART, current + _CLOCKS_APART + 1):
        if step > after and hmac.compare_digest(
            totp.at(step * _STEP_SECONDS).encode(), digits.encode()
        ):
            return step
    return None
