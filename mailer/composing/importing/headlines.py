"""Tells headlines from sentences in a text without marks."""

from __future__ import annotations

import re

_LONGEST = 160
_WORD = re.compile(r"[^\W\d_][\w’'-]*")
_GREETING = re.compile(
    r"(?:dear|hello|hi|hey|good (?:morning|afternoon|evening)|greetings|liebe|hallo|bonjour|chers?"
    r"|hola|olá|ciao|salut|kind regards|best|sincerely|yours|thanks|thank you|cheers|regards"
    r"|in solidarity)\b[^.]{0,60}[,!]?$",
    re.IGNORECASE,
)
_NO_HEADLINE = re.compile(r"https?://|www\.|^[-–—~] ?[A-Z][\w. ]{0,40}$|^\(|^\W*$")
# Sentences end so in most scripts.
_PERIOD = re.compile(r"[.。।]$")
_ENOUGH = 3


def is_greeting(text: str) -> bool:
    return len(text) <= 80 and bool(_GREETING.match(text))


def could_be_headline(text: str) -> bool:
    """Whether *text* is short and no greeting, signature or address."""
    return (
        1 < len(text) <= _LONGEST
        and "\n" not in text
        and not is_greeting(text)
        and not _NO_HEADLINE.search(text)
        and not text.endswith((",", ";", ":"))
        and not text[0].islower()
    )


def is_headline(text: str, *, set_off: bool, after_call: bool, following: str) -> bool:
    """Whether *text* heads what follows it.

    *set_off*: more room before it than between paragraphs; *after_call*: what came before
    ended with a call to action, so that something new begins here.
    """
    if not could_be_headline(text) or not following:
        return False
    score = 1 if len(following) > len(text) or _PERIOD.search(following) else 0
    score += _how_it_ends(text)
    score += set_off + after_call
    score += title_case(text)
    score += bool(re.search(r"\w: \w| [–—-] ", text))
    return score >= _ENOUGH


def _how_it_ends(text: str) -> int:
    if _PERIOD.search(text):
        return -1
    if text.endswith(("!", "?", "！", "？")):
        return 0 if re.search(r"[.!?] ", text[:-1]) is None else -1
    return 2


def title_case(text: str) -> bool:
    """Whether most words of *text* that are long enough begin with a capital."""
    long_words = [word for word in _WORD.findall(text) if len(word) > 3]
    capitals = sum(word[0].isupper() for word in long_words)
    return len(long_words) >= 2 and capitals >= 0.55 * len(long_words)
