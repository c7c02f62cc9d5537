"""Names that people give to things, and how two of them are told apart."""

from __future__ import annotations

import unicodedata

from mailer.errors import InvalidInput
from mailer.sentences import Sentence

LONGEST_NAME = 100


def clean_title(text: str, what: Sentence) -> str:
    """*text* as one line; ``InvalidInput`` when nothing is left or it is too long."""
    shown = " ".join(unicodedata.normalize("NFC", text).split())
    if not shown or not shown.isprintable():
        raise InvalidInput("A {what} needs a name of letters, digits and signs.", what=what)
    if len(shown) > LONGEST_NAME:
        raise InvalidInput(
            "The name of a {what} has {most} characters at most, not {count}.",
            what=what,
            most=LONGEST_NAME,
            count=len(shown),
        )
    return shown


def name_key(text: str) -> str:
    """The same for names that differ only in capitals and blanks."""
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()
