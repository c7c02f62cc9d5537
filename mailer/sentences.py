"""Sentences for people: in English, and ready to be said in the language of whoever reads a page."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from gettext import NullTranslations
from typing import Any, Self

_MOST_NAMES = 10
_KEPT = '{"say":'  # how a sentence begins where it is kept


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
        shown = {name: _said(value, catalogue, show) for name, value in self.values.items()}
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


class Several(Sentence):
    """Words that stand side by side in one: ``Several(("no name", "no city"))``."""

    parts: tuple[str, ...]
    between: str

    def __new__(cls, parts: Sequence[str], between: str = "; ") -> Self:
        """Joined, with *between* between each two."""
        made = super().__new__(cls, between.join(parts))
        made.parts, made.between = tuple(parts), between
        return made

    def said(self, catalogue: NullTranslations, show: Callable[[object], object]) -> str:
        """Each part in another language."""
        return self.between.join(_said(one, catalogue, show) for one in self.parts)


def parts_of(words: str) -> tuple[str, ...]:
    """What stands side by side in *words*: nothing, themselves, or the parts of `Several`."""
    return words.parts if isinstance(words, Several) else (words,) if words else ()


def kept(words: str) -> str:
    """*words* as text from which `told` makes them again, also in another language."""
    if not isinstance(words, Sentence) and words.startswith(_KEPT):
        words = Sentence(words)
    if isinstance(words, Sentence):
        return json.dumps(_kept(words), ensure_ascii=False, default=str)
    return words


def told(text: str) -> str:
    """The words that `kept` made *text* of; text that was never kept so is what it is."""
    if not text.startswith(_KEPT):
        return text
    try:
        words: str = _told(json.loads(text))
        return words
    except (ValueError, LookupError, TypeError, AttributeError):
        return text


def _kept(words: object) -> object:
    match words:
        case Several():
            return {"say": list(map(_kept, words.parts)), "between": words.between}
        case Counted():
            return {"say": list(words.forms[:2]), "with": _all_kept(words.values)}
        case Sentence():
            return {"say": words.pattern, "with": _all_kept(words.values)}
        case _:
            return words


def _all_kept(values: Mapping[str, object]) -> dict[str, object]:
    return {name: _kept(value) for name, value in values.items()}


def _told(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    said = value["say"]
    if "between" in value:
        return Several(list(map(_told, said)), value["between"])
    values = {name: _told(one) for name, one in value["with"].items()}
    return Counted(*said, **values) if isinstance(said, list) else Sentence(said, **values)


def _said(value: object, catalogue: NullTranslations, show: Callable[[object], object]) -> Any:
    return value.said(catalogue, show) if isinstance(value, Sentence) else show(value)


def there_are(names: Sequence[str]) -> Sentence:
    """How a sentence about an unknown name ends."""
    if not names:
        return Sentence("there is none at all yet.")
    return Sentence("there are: {names}.", names=", ".join(names[:_MOST_NAMES]))


def did_you_mean(name: str) -> Sentence:
    """How it ends where one is nearly it."""
    return Sentence("did you mean {name!r}?", name=name)
