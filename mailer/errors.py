"""Every error this program raises on purpose, by what the caller does next.

MailerError                     one sentence for a person: where, what, what to do
├── InvalidInput                the input has to change (exit status 2)
│   ├── InvalidAddress
│   ├── InvalidIssue            names the place: ``blocks.3.button.url``
│   ├── InvalidRule             names the character, and what was expected there
│   │   └── MeaninglessRule      can be read, and speaks of what is not here
│   └── InvalidFile
├── NotFound                    the thing named does not exist (exit status 3)
├── Conflict                    somebody else was faster, or the state does not allow it (exit status 4)
├── ConfigurationError          settings, secrets or the database have to change (exit status 5)
│   └── DatabaseTooNew
├── Unavailable                 try again later: database, relay or disk (exit status 6)
│   ├── DatabaseUnavailable     its pages' sentence is free of what the database says itself
│   └── RelayUnavailable
└── InvalidToken                a link that is broken or not ours; readers get a friendly page
    └── ExpiredToken            it was ours, and its time is over
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailer.sentences import Sentence


class MailerError(Exception):
    """Base of all errors raised on purpose; ``str(error)`` is one clear sentence.

    The *values* fill the places of its pattern: ``NotFound("There is no issue {number}.",
    number=7)``. What only the command line and logs say may be written out at once.
    """

    exit_status = 1

    def __init__(self, sentence: str, /, **values: object) -> None:
        said = sentence if isinstance(sentence, Sentence) else Sentence(sentence, **values)
        super().__init__(said)
        self.sentence = said  # for pages, which say it in the reader's language


class InvalidInput(MailerError, ValueError):
    """The input has to change before it can be taken."""

    exit_status = 2


class InvalidAddress(InvalidInput):
    """Not an e-mail address that can be mailed."""


class InvalidIssue(InvalidInput):
    """Content of an issue that cannot be taken; *place* is like ``blocks.3.button.url``."""

    def __init__(self, message: str, *, place: str = "", **values: object) -> None:
        super().__init__(message, **values)
        if place:
            super().__init__(Sentence("{place}: {problem}", place=place, problem=self.sentence))
        self.place = place


class InvalidRule(InvalidInput):
    """A segment's rule that cannot be read; *position* counts characters from 0."""

    def __init__(
        self, message: str, *, position: int, expected: tuple[str, ...] = (), **values: object
    ) -> None:
        problem = Sentence(message, **values)
        super().__init__(
            Sentence(
                "The rule cannot be read at character {place}: {problem}.",
                place=position + 1,
                problem=problem,
            )
        )
        self.position = position
        self.expected = expected
        self.problem = problem  # without its place


class MeaninglessRule(InvalidRule):
    """A rule that can be read, and means nothing here; *part* counts its comparisons from 0."""

    def __init__(self, problem: Sentence, *, position: int, part: int) -> None:
        super().__init__("{problem}", position=position, problem=problem)
        said = Sentence(
            "At character {place} of the rule: {problem}", place=position + 1, problem=problem
        )
        MailerError.__init__(self, said)
        self.problem = problem
        self.part = part


class InvalidFile(InvalidInput):
    """A file that cannot be read as what it should be."""


class NotFound(MailerError, LookupError):
    """The newsletter, issue or subscriber named does not exist."""

    exit_status = 3


class Conflict(MailerError):
    """The state does not allow it, or somebody else was faster."""

    exit_status = 4


class ConfigurationError(MailerError):
    """Settings, secrets or the database have to change."""

    exit_status = 5


class DatabaseTooNew(ConfigurationError):
    """The database was written by a newer version of this program."""


class Unavailable(MailerError):
    """Something this program needs does not answer now; trying again later can help."""

    exit_status = 6


class DatabaseUnavailable(Unavailable):
    """The database does not answer, or not as it should.

    Its own *words* are for commands and logs: they may name hosts and accounts.
    """

    def __init__(self, sentence: str, /, *, words: str) -> None:
        super().__init__(sentence)
        self._words = words

    def __str__(self) -> str:
        return f"{self.sentence} ({self._words})"


class RelayUnavailable(Unavailable, ConnectionError):
    """The SMTP relay does not answer, or not as it should."""


class InvalidToken(MailerError, ValueError):
    """A link's token is broken, or was not made by this installation."""


class ExpiredToken(InvalidToken):
    """A link that was made by this installation and does not work any more."""


# What whoever asked can mend, and is told beside what they asked; an `Unavailable` goes on to the
# page that says for all when to try again.
REFUSALS = (InvalidInput, NotFound, Conflict, ConfigurationError, InvalidToken)


def complaint(details: Mapping[str, Any]) -> Sentence:
    """What one of pydantic's errors says: the sentence of the error of ours that a validator
    raised, or pydantic's own."""
    raised = details.get("ctx", {}).get("error")
    if isinstance(raised, MailerError):
        return raised.sentence
    return Sentence(details["msg"].removeprefix("Value error, "))
