"""Names that people give to things, and how two of them are told apart."""

from __future__ import annotations

import unicodedata

from mailer.errors import InvalidInput

LONGEST_NAME = 100


def clean_title(text: str, what: str) -> str:
    """*text* as one line; ``InvalidInput`` when nothing is left or it is too long."""
    shown = " ".join(unicodedata.normalize("NFC", text).split())
    if not shown or not shown.isprintable():
        raise InvalidInput(f"A {what} needs a name of letters, digits and signs.")
    if len(shown) > LONGEST_NAME:
        raise InvalidInput(
            f"The name of a {what} has {LONGEST_NAME} characters at most, not {len(shown)}."
        )
    return shown


def name_key(text: str) -> str:
    """The same for names that differ only in capitals and blanks."""
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()
