"""Why people leave: what they can choose from, and what they write themselves."""

from __future__ import annotations

# By the name in forms. What somebody writes themselves stands behind it, after a colon.
REASONS = {
    "too-many": "Too many mails",
    "not-relevant": "Not what I care about",
    "not-signed-up": "I never signed up",
    "elsewhere": "I follow you somewhere else",
    "other": "Something else",
}


def reason_of(choice: str, words: str) -> str:
    """What is kept of a form: the reason chosen, and their own words."""
    return ": ".join(filter(None, (REASONS.get(choice, ""), words)))


def without_own_words(reason: str | None) -> str | None:
    """The reason that was chosen; ``None`` where there is none."""
    chosen = (reason or "").partition(":")[0]
    return chosen if chosen in REASONS.values() else None
