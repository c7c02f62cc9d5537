"""Random secrets that are handed out once: only what they hash to is kept."""

from __future__ import annotations

import hashlib
import secrets

_BYTES = 32
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another


def new_secret() -> str:
    """256 random bits, for a cookie or an address."""
    return secrets.token_urlsafe(_BYTES)


def new_code() -> str:
    """Ten letters in two groups (49 bits) that people write down."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(10))
    return f"{letters[:5]}-{letters[5:]}"


def hashed(secret: str) -> str:
    """What is kept of it; nothing slower is needed, for it cannot be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()
