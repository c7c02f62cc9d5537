"""Countries by whatever name a list has for them: codes, and names in every language."""

from __future__ import annotations

import pickle
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from babel.core import get_global
from babel.languages import get_official_languages
from babel.localedata import locale_identifiers, resolve_locale_filename

# What people write and no dictionary of names has.
_ALSO = {
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


def names_of(text: str) -> frozenset[str]:
    """Codes and names of the country that *text* is one of; none where it is no country."""
    codes, names = _known()
    return names.get(codes.get(_key(text), ""), frozenset())


def _key(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip().casefold()


@cache
def _known() -> tuple[Mapping[str, str], Mapping[str, frozenset[str]]]:
    """The code of each name, the names of each code: a fifth of a second, once a process."""
    names: dict[str, set[str]] = defaultdict(set)
    for language in _languages():
        for code, name in _territories(language).items():
            if _is_country(code):
                names[code].add(name)
    for code, others in get_global("territory_aliases").items():
        if len(others) == 1 and code.isalpha() and _is_country(others[0]):
            names[others[0]].add(code)
    for name, code in _ALSO.items():
        names[code].add(name)
    codes = {_key(name): code for code, those in sorted(names.items()) for name in those}
    codes |= {code.casefold(): code for code in names}
    return codes, {code: frozenset({code, *those}) for code, those in names.items()}


def _is_country(code: str) -> bool:
    """Not a continent, nor what stands for several, or for none that is known."""
    return len(code) == 2 and code.isalpha() and code not in ("EU", "EZ", "UN", "QO", "ZZ")


def _languages() -> list[str]:
    """Those that are official somewhere, and that names are known in."""
    official = {
        language.partition("_")[0]
        for country in get_global("territory_languages")
        for language in get_official_languages(country, de_facto=True)
    }
    return sorted(official.intersection(locale_identifiers()))


def _territories(language: str) -> Mapping[str, str]:
    # Babel would keep all of what it knows of each language in memory: a hundred megabytes.
    data = Path(resolve_locale_filename(language)).read_bytes()
    names: Mapping[str, str] = pickle.loads(data).get("territories", {})  # noqa: S301  # Babel's own
    return names
