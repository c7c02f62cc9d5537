"""Proof of work: what a browser does in a second, and a robot would have to do for each form.

A challenge is signed and stateless: it says for which newsletter, how hard, until when. Its answer
is a number with which SHA-256 begins with so many zero bits; each challenge serves once.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mailer.database.tables import SpentChallenge
from mailer.errors import InvalidToken
from mailer.tokens import Signer

_PURPOSE = "work"
_LASTS = timedelta(hours=2)
_SALT_BYTES = 9
LEAST_BITS, MOST_BITS = 15, 20  # some 0.1 to 3 seconds in a phone's browser
_REQUESTS_A_BIT = 4
_LONGEST_ANSWER = 16


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a browser gets: text to be hashed before its answer, and how many zero bits to find."""

    text: str
    bits: int


def bits_for(recent: int) -> int:
    """The more came from the same network lately, the harder; never too hard for a phone."""
    return min(MOST_BITS, LEAST_BITS + recent // _REQUESTS_A_BIT)


def challenge(signer: Signer, scope: str, bits: int, *, now: datetime) -> Challenge:
    """A new challenge for one form (*scope*)."""
    payload = bytes([bits]) + secrets.token_bytes(_SALT_BYTES) + scope.encode()
    return Challenge(signer.seal(_PURPOSE, payload, until=now + _LASTS), bits)


def spend(session: Session, signer: Signer, scope: str, answer: tuple[str, str], now: datetime) -> bool:  # fmt: skip
    """Whether *answer* (the challenge's text, the number found) proves work not yet used."""
    text, number = answer
    try:
        payload = signer.unseal(_PURPOSE, text, now=now)
    except InvalidToken:
        return False
    if payload[1 + _SALT_BYTES :] != scope.encode() or len(number) > _LONGEST_ANSWER:
        return False
    if zero_bits(f"{text}:{number}") < payload[0]:
        return False
    return _first(session, payload, now)


def zero_bits(text: str) -> int:
    """How many zero bits the SHA-256 of *text* begins with."""
    digest = hashlib.sha256(text.encode()).digest()
    return 256 - int.from_bytes(digest, "big").bit_length()


def remove_ended(session: Session, now: datetime) -> int:
    """Forget challenges that could not be used any more anyway; how many."""
    ended = delete(SpentChallenge).where(SpentChallenge.until <= now)
    return len(session.scalars(ended.returning(SpentChallenge.digest)).all())


def _first(session: Session, payload: bytes, now: datetime) -> bool:
    digest = hashlib.sha256(payload).hexdigest()
    try:
        with session.begin_nested():
            session.add(SpentChallenge(digest=digest, until=now + _LASTS))
    except IntegrityError:
        return False
    return True
