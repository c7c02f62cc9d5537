"""Whom a report is about: our own signed token, in the address it came to or in what it encloses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from mailer.errors import InvalidToken
from mailer.tokens import Reader, Signer

# In return paths and identifiers of envelopes in hex, in links and Message-IDs in base64url.
_HEX = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{48}(?![0-9A-Fa-f])")
_BASE64 = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{32}(?![A-Za-z0-9_-])")
_TAGGED = re.compile(r"\+([0-9A-Fa-f]{48}|[A-Za-z0-9_-]{32})@")
_MOST_TRIED = 300  # texts of the right length: each costs two microseconds


@dataclass(frozen=True, slots=True)
class Identity:
    """The reader, if a token of ours names one; *forged*: an address had one that is not ours."""

    reader: Reader | None = None
    forged: bool = False


def identify(signer: Signer, addresses: Iterable[str], texts: Iterable[str]) -> Identity:
    """Look at the *addresses* the report came to, else at its *texts*, from the likeliest on."""
    tagged = [tag for address in addresses for tag in _TAGGED.findall(address)]
    for tag in tagged:
        reader = _read(signer, tag)
        if reader is not None:
            return Identity(reader)
    if any(map(_HEX.fullmatch, tagged)):
        return Identity(forged=True)
    for token in islice(_candidates(texts), _MOST_TRIED):
        reader = _read(signer, token)
        if reader is not None:
            return Identity(reader)
    # In base64url a server may have changed the case: the subject says it again.
    return Identity(forged=bool(tagged))


def _candidates(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        for pattern in (_HEX, _BASE64):
            for found in pattern.finditer(text):
                yield found[0]


def _read(signer: Signer, token: str) -> Reader | None:
    try:
        if _HEX.fullmatch(token):
            return signer.read_raw(bytes.fromhex(token))
        return signer.read(token)
    except InvalidToken:
        return None
