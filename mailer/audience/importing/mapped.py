"""What was found out about the columns of one file."""

from __future__ import annotations

from dataclasses import dataclass

from mailer.audience.importing.meanings import Meaning
from mailer.audience.importing.statuses import Standing
from mailer.audience.importing.systems import System


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file and what becomes of it."""

    number: int  # from 1
    header: str
    meaning: Meaning
    field: str = ""  # name of the custom field, or of the piece of evidence
    because: str = ""  # header, content, or you
    examples: tuple[str, ...] = ()
    words: tuple[tuple[str, Standing], ...] = ()  # what they mean in this column
    watched: bool = False  # nobody said what it is: it might tell who left
    doubtful: bool = False  # so may a plain "no" in it
    coded: bool = False  # numbers in it are codes, which only the program before knew
    spare: bool = False  # an address of whoever has none in the column of addresses

    @property
    def target(self) -> str:
        """As a person writes it in an override: ``address``, ``field:city``, ``ignore``."""
        return f"field:{self.field}" if self.meaning is Meaning.FIELD else str(self.meaning)


@dataclass(frozen=True, slots=True)
class Mapped:
    """The columns of one file, the program that wrote it, and what is doubtful."""

    columns: tuple[Column, ...]
    system: System | None
    problems: tuple[str, ...]
