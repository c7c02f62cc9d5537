"""Seals small secrets for the database with the installation's key: AES-256-GCM."""

from __future__ import annotations

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mailer.errors import ConfigurationError

_NONCE_BYTES = 12


class Sealer:
    """A copy of the database alone does not give away what was sealed."""

    __slots__ = ("_cipher",)

    def __init__(self, secret_key: bytes) -> None:
        self._cipher = AESGCM(hmac.digest(secret_key, b"mailer: sealed secrets", "sha256"))

    def seal(self, secret: str, *, purpose: str) -> bytes:
        """Unreadable without the key; opens for the same *purpose* only."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), purpose.encode())

    def open(self, sealed: bytes, *, purpose: str) -> str:
        """What was sealed; ``ConfigurationError`` when it was with another key."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, rest, purpose.encode()).decode()
        except InvalidTag as error:
            raise ConfigurationError(
                "A secret in the database was sealed with another secret key; "
                "set MAILER_SECRET_KEY to the one used before."
            ) from error
