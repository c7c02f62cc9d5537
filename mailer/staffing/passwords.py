"""Passwords: which can be taken, and argon2id."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from mailer.errors import InvalidInput

LEAST = 10
MOST = 500

_hasher = PasswordHasher()  # argon2id with the parameters of RFC 9106, low memory


def require_strong(password: str, *, address: str = "", name: str = "") -> None:
    """``InvalidInput`` says what a password lacks: length counts, not special characters."""
    if len(password) < LEAST:
        raise InvalidInput(
            "The password is too short; use {least} characters or more.", least=LEAST
        )
    if len(password) > MOST:
        raise InvalidInput("The password is too long; {most} characters are the most.", most=MOST)
    lowered = password.lower()
    known = [part for part in (address.partition("@")[0], name) if len(part) >= 4]
    if len(set(lowered)) < 5 or any(part.lower() in lowered for part in known):
        raise InvalidInput(
            "The password is easy to guess; do not repeat few characters or use your name."
        )


def hash_password(password: str) -> str:
    """What is kept of a password."""
    return _hasher.hash(password)


def verify(known: str | None, password: str) -> bool:
    """Whether it is the right one; as slow when there is none."""
    nobody = _of_nobody()  # asked for in any case, so that the first time tells nothing, either
    try:
        _hasher.verify(known or nobody, password[:MOST])
    except (VerificationError, InvalidHashError):
        return False
    return known is not None


def is_outdated(known: str) -> bool:
    """Whether it was hashed with weaker parameters than today's."""
    return _hasher.check_needs_rehash(known)


@cache
def _of_nobody() -> str:
    """What nobody's password is checked against. Slow: commands that check none do not wait."""
    return _hasher.hash("nobody's password")
