"""Countries and languages of the world: each is one, by its codes and by its name in any language."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from babel.core import get_global
from babel.languages import get_official_languages
from babel.localedata import clear_caches, load, locale_identifiers

Names: TypeAlias = Mapping[str, str]  # by code

# What people write and no dictionary of names has.
_COUNTRIES = {
    "great britain": "GB",
    "u.k.": "GB",
    "united states of america": "US",
    "u.s.": "US",
    "u.s.a.": "US",
    "czech republic": "CZ",
    "holland": "NL",
    "the netherlands": "NL",
    "republic of ireland": "IE",
    "bundesrepublik deutschland": "DE",
    "turkey": "TR",
    "palestine": "PS",
}
_LANGUAGES = {"farsi": ("fa",), "mandarin": ("zh",)}
_WRITTEN = {"no": ("no", "nb", "nn")}  # a language that is written in several ways


@dataclass(frozen=True, slots=True)
class _World:
    countries: Mapping[str, str]  # the code of each name and code
    country_names: Mapping[str, frozenset[str]]  # names and codes of each code
    languages: Mapping[str, tuple[str, ...]]  # the tags of each name


def country_names(text: str) -> frozenset[str]:
    """Codes and names of the country that *text* is one of; none where it is no country."""
    world = _world()
    return world.country_names.get(world.countries.get(_key(text), ""), frozenset())


def language_tags(text: str) -> tuple[str, ...]:
    """The tags of the language that is called *text* somewhere, ``de`` of ``German``; else *text*."""
    return _world().languages.get(_key(text), (text,))


def _key(text: str) -> str:
    """The same for names that differ in capitals only; İ is an I with its dot."""
    return unicodedata.normalize("NFC", text).strip().casefold().replace("i\u0307", "i")


@cache
def _world() -> _World:
    """Gathered in a third of a second, once a process."""
    names: dict[str, set[str]] = defaultdict(set)
    tags: dict[str, tuple[str, ...]] = {}
    spoken = _languages()
    for territories, languages in map(_dictionary, spoken):
        for code, name in territories.items():
            if _is_country(code):
                names[code].add(name)
        tags |= {
            _key(name): _WRITTEN.get(tag, (tag,))
            for tag, name in languages.items()
            if tag in spoken
        }
    for code, others in get_global("territory_aliases").items():
        if len(others) == 1 and code.isalpha() and _is_country(others[0]):
            names[others[0]].add(code)
    for name, code in _COUNTRIES.items():
        names[code].add(name)
    codes = {_key(name): code for code, those in sorted(names.items()) for name in those}
    codes |= {_key(code): code for code in names}
    known = {code: frozenset({code, *those}) for code, those in names.items()}
    tags = {name: found for name, found in tags.items() if name not in spoken}
    return _World(codes, known, tags | _LANGUAGES)


def _is_country(code: str) -> bool:
    """Not a continent, nor what stands for several, or for none that is known."""
    return len(code) == 2 and code.isalpha() and code not in ("EU", "EZ", "UN", "QO", "ZZ")


def _languages() -> list[str]:
    """Those that are official somewhere, be it in a region, and that names are known in."""
    official = {
        tag.partition("_")[0]
        for country in get_global("territory_languages")
        for tag in get_official_languages(country, regional=True, de_facto=True)
    }
    return sorted(official.intersection(locale_identifiers()))


def _dictionary(language: str) -> tuple[Names, Names]:
    """What countries and languages are called in a language."""
    data: Mapping[str, Any] = load(language, merge_inherited=False)
    # Babel keeps all it knows of each language it was asked for: of all of them, a hundred megabytes.
    clear_caches()
    return data.get("territories", {}), data.get("languages", {})
