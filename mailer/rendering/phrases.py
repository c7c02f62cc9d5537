"""What notices and readers' pages say in one language, with marks such as ``{newsletter}``."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mailer.errors import ConfigurationError

_FORMATTER = string.Formatter()


def codes_of(language: str) -> tuple[str, ...]:
    """The files that make up *language*, the more special ones last: en, pt, pt-BR."""
    return tuple(dict.fromkeys(("en", language.split("-")[0].lower(), language)))


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases by their place, as in ``notices.confirm.title``; English where nobody translated."""

    _by_place: Mapping[str, str]

    def say(self, *places: str, **values: object) -> str:
        """The phrase at the first of *places* that has one, its marks filled."""
        for place in places:
            if place in self._by_place:
                return self._by_place[place].format_map(values)
        raise LookupError(f"templates/words has no phrase {' or '.join(places)}")

    def raw(self, place: str) -> str:
        """The phrase at *place* with its marks as they are."""
        return self._by_place[place]


def parse_phrases(layers: Sequence[Mapping[str, Any]]) -> Phrases:
    """The tables of word files laid over each other, English first; ``ConfigurationError``."""
    merged = dict(_flat(layers[0]))
    known = {place: _marks(place, phrase) for place, phrase in merged.items()}
    for layer in layers[1:]:
        for place, phrase in _flat(layer):
            if place not in known and not place.startswith("notices."):  # people add notices
                raise ConfigurationError(f"The words in templates/words: nobody asks for {place}.")
            if unknown := _marks(place, phrase) - known.get(place, _marks(place, phrase)):
                raise ConfigurationError(
                    f"The words in templates/words: {place} has the mark {{{min(unknown)}}}, "
                    "which stands for nothing."
                )
            merged[place] = phrase
    return Phrases(merged)


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        elif above:
            if not isinstance(value, str):
                raise ConfigurationError(f"The words in templates/words: {above}{name} is no text.")
            yield above + name, value


def _marks(place: str, phrase: str) -> set[str]:
    try:
        return {name for _, name, _, _ in _FORMATTER.parse(phrase) if name is not None}
    except ValueError as error:
        raise ConfigurationError(
            f"The words in templates/words: {place} cannot be read: {error}."
        ) from error
