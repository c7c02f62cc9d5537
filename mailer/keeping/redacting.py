"""Takes what names a person out of words that stay: reasons that staff wrote, or lists brought along."""

from __future__ import annotations

import re
from collections.abc import Iterable

_GONE = "…"
_SHORTEST = 3  # letters: what is shorter names nobody
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"']+@[^\s<>()\[\],;:\"']+")


def without_addresses(text: str) -> str:
    """*text* without any e-mail address."""
    return _ADDRESS.sub(_GONE, text)


def without_person(text: str, names: Iterable[str]) -> str:
    """*text* without addresses, and without *names*, whole or word for word."""
    words = {word for name in names for word in (name, *name.split()) if len(word) >= _SHORTEST}
    if words:
        longest_first = sorted(words, key=len, reverse=True)
        named = "|".join(map(re.escape, longest_first))
        text = re.sub(rf"(?<!\w)(?:{named})(?!\w)", _GONE, text, flags=re.IGNORECASE)
    return without_addresses(text)
