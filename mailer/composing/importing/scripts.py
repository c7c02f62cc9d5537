"""Guesses a text's language from its script, where the source does not name it."""

from __future__ import annotations

import re

# The first match wins.
_LANGUAGES = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("he", re.compile(r"[\u05d0-\u05ea]")),
    ("ar", re.compile(r"[\u0620-\u06ff]")),
    ("ru", re.compile(r"[\u0410-\u044f]")),
    ("el", re.compile(r"[\u03b1-\u03c9]")),
    ("hi", re.compile(r"[\u0904-\u0939]")),
    ("bn", re.compile(r"[\u0985-\u09b9]")),
    ("th", re.compile(r"[\u0e01-\u0e30]")),
    ("ka", re.compile(r"[\u10d0-\u10f0]")),
    ("hy", re.compile(r"[\u0561-\u0586]")),
)
# Languages of a script that letters of their own tell apart.
_OWN_LETTERS = {
    "ar": ("fa", re.compile(r"[پچژگکی]")),
    "ru": ("uk", re.compile(r"[іїєґІЇЄҐ]")),
}
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
            nearer, own = _OWN_LETTERS.get(language, ("", _LETTER))
            return nearer if nearer and len(own.findall(sample)) * 50 >= found else language
    return ""
