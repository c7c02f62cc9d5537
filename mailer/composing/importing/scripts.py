"""Guesses a text's language from its script, where the source does not name it."""

from __future__ import annotations

import re

# First match wins: letters only one language of the script uses stand before the script.
_LANGUAGES = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("fa", re.compile(r"[پچژگکی]")),
    ("ar", re.compile(r"[\u0620-\u064a]")),
    ("he", re.compile(r"[\u05d0-\u05ea]")),
    ("uk", re.compile(r"[іїєґІЇЄҐ]")),
    ("ru", re.compile(r"[\u0410-\u044f]")),
    ("el", re.compile(r"[\u03b1-\u03c9]")),
    ("hi", re.compile(r"[\u0904-\u0939]")),
    ("bn", re.compile(r"[\u0985-\u09b9]")),
    ("th", re.compile(r"[\u0e01-\u0e30]")),
    ("ka", re.compile(r"[\u10d0-\u10f0]")),
    ("hy", re.compile(r"[\u0561-\u0586]")),
)
_LETTER = re.compile(r"[^\W\d_]")
_ENOUGH = 20
_SEARCHED = 5_000


def guess_language(text: str) -> str:
    """A language tag, or an empty string where the script does not tell (Latin letters)."""
    sample = text[:_SEARCHED]
    letters = len(_LETTER.findall(sample))
    for language, pattern in _LANGUAGES:
        found = len(pattern.findall(sample))
        if found >= _ENOUGH and found * 12 >= letters:
            return language
    return ""
