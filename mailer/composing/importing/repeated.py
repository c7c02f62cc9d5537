"""Parts run-on lists: many entries on one line that open with the same words."""

from __future__ import annotations

import re
from collections import Counter

_SEPARATOR = re.compile(r"[–—|•:-]")
_PROSE = re.compile(r"[.!?]\s+[A-Z]")
_LONGEST_OPENING = 6
_FEWEST = 3
_LONGEST_LINE = 30_000


def parted(line: str) -> list[str]:
    """The entries of *line* if they open alike at least three times, else an empty list."""
    if len(line) > _LONGEST_LINE:
        return []
    words = line.split()
    if len(words) < 2 * _FEWEST or _PROSE.search(line) or line.rstrip().endswith((".", "?")):
        return []
    length = _opening_length(words)
    if not length:
        return []
    starts = _starts(words, length)
    entries = [
        " ".join(words[start:end])
        for start, end in zip(starts, [*starts[1:], len(words)], strict=True)
    ]
    return entries if len(entries) >= _FEWEST and max(map(len, entries)) <= 500 else []


def common_opening(lines: list[str]) -> bool:
    """Whether *lines* are entries of one list: most open with the same two words, none is prose."""
    if any(line.endswith((".", "?")) or _PROSE.search(line) for line in lines):
        return False
    openings = Counter(" ".join(line.split()[:2]) for line in lines)
    return len(lines) >= _FEWEST and openings.most_common(1)[0][1] * 3 >= len(lines) * 2


def _opening_length(words: list[str]) -> int:
    """How many words the line's first entry shares with at least two others."""
    best = 0
    for length in range(2, min(_LONGEST_OPENING, len(words)) + 1):
        opening = words[:length]
        if any(_is_separator(word) for word in opening):
            break
        if len(_places(words, opening)) < _FEWEST:
            break
        best = length
    return best if best and words[0][:1].isupper() else 0


def _places(words: list[str], opening: list[str]) -> list[int]:
    length = len(opening)
    return [
        at
        for at, word in enumerate(words)
        if word == opening[0] and words[at : at + length] == opening
    ]


def _starts(words: list[str], length: int) -> list[int]:
    """Where entries begin: the first opening again, or one of its kind.

    "Twin Town Campaign – …" and "Twin County Campaign – …" stand in one list: as many words,
    the same last one, and the separator behind it.
    """
    opening = words[:length]
    starts = set(_places(words, opening))
    if length < len(words) and _is_separator(words[length]):
        for at in range(len(words) - length):
            alike = words[at : at + length]
            if (
                alike[-1] == opening[-1]
                and _is_separator(words[at + length])
                and all(word[:1].isupper() for word in alike)
                and not any(word.endswith((",", ";")) for word in alike)
            ):
                starts.add(at)
    return sorted(starts)


def _is_separator(word: str) -> bool:
    return len(word) == 1 and bool(_SEPARATOR.match(word))
