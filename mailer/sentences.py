"""Sentences for people: in English, and ready to be said in the language of whoever reads a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from gettext import NullTranslations
from typing import Any, Self

_MOST_NAMES = 10


class Sentence(str):
    """An English string that knows how it was made, so that a page can make it of other words:
    ``Sentence("There is no tag {tag!r}.", tag=name)``.

    The pattern is the message of the catalogues (docs/messages.py collects it where it stands);
    values may be sentences themselves. Without values, braces mean nothing.
    """

    pattern: str
    values: dict[str, object]

    def __new__(cls, pattern: str, /, **values: object) -> Self:
        """Fill the pattern's places."""
        made = super().__new__(cls, pattern.format(**values) if values else pattern)
        made.pattern, made.values = pattern, values
        return made

    def said(self, catalogue: NullTranslations, show: Callable[[object], object]) -> str:
        """The same in another language; *show* is how values are written there."""
        pattern = self._translated(catalogue)
        shown = {
            name: value.said(catalogue, show) if isinstance(value, Sentence) else show(value)
            for name, value in self.values.items()
        }
        return pattern.format(**shown) if shown else pattern

    def _translated(self, catalogue: NullTranslations) -> str:
        return catalogue.gettext(self.pattern)

    def __reduce__(self) -> tuple[Any, ...]:
        """What leaves the process is an ordinary string."""
        return str, (str(self),)


class Counted(Sentence):
    """A sentence about *n* things: ``Counted("{n} link is", "{n:,} links are", n=2)``."""

    forms: tuple[str, str, int]

    def __new__(cls, one: str, many: str, /, *, n: int, **values: object) -> Self:
        """The form that fits."""
        made = super().__new__(cls, one if n == 1 else many, n=n, **values)
        made.forms = one, many, n
        return made

    def _translated(self, catalogue: NullTranslations) -> str:
        return catalogue.ngettext(*self.forms)


def there_are(names: Sequence[str]) -> Sentence:
    """How a sentence about an unknown name ends."""
    if not names:
        return Sentence("there is none at all yet.")
    return Sentence("there are: {names}.", names=", ".join(names[:_MOST_NAMES]))


def did_you_mean(name: str) -> Sentence:
    """How it ends where one is nearly it."""
    return Sentence("did you mean {name!r}?", name=name)
