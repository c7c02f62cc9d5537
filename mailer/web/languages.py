"""The language and time zone in which a page speaks: gettext catalogues, dates and numbers by Babel."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale, UnknownLocaleError, negotiate_locale
from babel.dates import format_date, format_skeleton, format_timedelta, get_timezone_location
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from mailer.sentences import Sentence

LOCALES = Path(__file__).parent / "locales"
SOURCE = "en"  # what messages are written in
_ENGLISH = Locale(SOURCE, "GB")  # the day before the month, as most of the world writes it


@dataclass(frozen=True, slots=True)
class Speech:
    """One person's language and zone."""

    language: str = SOURCE
    time_zone: str = "UTC"

    @property
    def locale(self) -> Locale:
        """Babel's locale; English for a language it does not know."""
        return _locale(self.language)

    @property
    def direction(self) -> str:
        """``ltr`` or ``rtl``."""
        return self.locale.text_direction


_DIGITS = {
    "arabext": str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"),
    "arab": str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"),
}
_PLAIN = Speech()
_current: ContextVar[Speech | None] = ContextVar("speech", default=None)


def current() -> Speech:
    """In which language this request is answered."""
    return _current.get() or _PLAIN


def chosen() -> Speech | None:
    """The same, where somebody has said which."""
    return _current.get()


def speak(speech: Speech) -> None:
    """Answer the rest of this request in a language; each request has a context of its own."""
    _current.set(speech)


@contextmanager
def speaking(speech: Speech) -> Iterator[None]:
    """Speak a language for a while."""
    token = _current.set(speech)
    try:
        yield
    finally:
        _current.reset(token)


@cache
def languages() -> dict[str, str]:
    """Codes of the languages there are, with their own names."""
    codes = sorted({SOURCE, *(path.stem for path in LOCALES.glob("*.po"))})
    return {code: own_name(code) for code in codes}


def own_name(code: str) -> str:
    """``Português``: what a language calls itself."""
    locale = _locale(code)
    return (locale.get_language_name(locale) or code).capitalize()


def preferred(accept_language: str) -> str:
    """The language there is that a browser likes best."""
    wanted = [part.partition(";")[0].strip() for part in accept_language[:500].split(",")]
    found = negotiate_locale([w.replace("-", "_") for w in wanted if w], list(languages()))
    return found or SOURCE


@cache
def zones() -> frozenset[str]:
    """The time zones one can choose."""
    return frozenset(available_timezones())


def gettext(message: str) -> str:
    """*message* in the language of this request."""
    return catalogue(current().language).gettext(message)


def ngettext(one: str, many: str, number: int) -> str:
    """The form of a message for *number* things."""
    return catalogue(current().language).ngettext(one, many, number)


def spoken(text: str) -> str:
    """*text* in the language of this request, where it is a sentence that knows how."""
    if not isinstance(text, Sentence):
        return text
    return text.said(catalogue(current().language), _shown)


def _shown(value: object) -> object:
    """How a value stands in a sentence of this request's language."""
    if isinstance(value, str):
        return _Isolated(value) if current().direction == "rtl" else value
    return _Number(value) if type(value) is int else value


class _Isolated(str):
    """Words of whatever direction among words from right to left (Unicode's isolates)."""

    def __format__(self, form: str) -> str:
        return f"\u2068{super().__format__(form)}\u2069"

    def __repr__(self) -> str:
        return f"\u2068{super().__repr__()}\u2069"


class _Number(int):
    """A number with the language's digits, and with its marks where ``{n:,}`` asks for them."""

    def __format__(self, form: str) -> str:
        return number_words(int(self)) if form == "," else _native(format(int(self), form))


@cache
def catalogue(language: str) -> NullTranslations:
    """All messages of one language, read once; messages as they are where there is none."""
    path = LOCALES / f"{language}.po"
    if language not in languages() or not path.is_file():
        return NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def number_words(number: float) -> str:
    """1234567 as ``1,234,567``, or as the language writes it."""
    return _native(str(format_decimal(number, locale=current().locale, numbering_system="default")))


def percent_words(share: float) -> str:
    """0.293 as ``29.3%``."""
    locale = current().locale
    words = format_percent(share, "#,##0.#%", locale=locale, numbering_system="default")
    return _native(str(words))


def moment_words(moment: datetime) -> str:
    """``Tue, 1 Dec 2026, 07:00 (Lisbon)``: in the person's zone, which is named."""
    speech = current()
    words = _local(moment, "yMMMEd")
    return f"{words} ({zone_words(speech.time_zone)})"


def short_moment_words(moment: datetime) -> str:
    """``Tue, 1 Dec, 07:00``: where the zone is named nearby."""
    return _local(moment, "MMMEd")


def day_words(day: date) -> str:
    """``1 December 2026``."""
    return _native(format_date(day, "long", locale=current().locale))


def list_words(names: Sequence[str]) -> str:
    """``Lakes, Rivers and Trees``."""
    return str(format_list(names, locale=current().locale)) if names else ""


def zone_words(time_zone: str) -> str:
    """``Lisbon``: what people call a zone."""
    if time_zone == "UTC":
        return "UTC"
    return str(
        get_timezone_location(ZoneInfo(time_zone), locale=current().locale, return_city=True)
    )


def language_name(tag: str) -> str:
    """``German`` of ``de-AT``: what people call a language; else its tag."""
    return str(current().locale.languages.get(tag.partition("-")[0].lower(), tag))


def wait_words(wait: timedelta) -> str:
    """``in 34 minutes``: rather one too many than too few."""
    minutes = timedelta(minutes=max(1, -(-wait // timedelta(minutes=1))))
    return _native(
        format_timedelta(minutes, "minute", 1e9, add_direction=True, locale=current().locale)
    )


def ago_words(past: timedelta) -> str:
    """``5 minutes ago``, ``in 2 hours``."""
    near = -past if abs(past) >= timedelta(seconds=60) else timedelta(0)
    if not near:
        return gettext("just now") if past >= timedelta() else gettext("in a moment")
    return _native(
        format_timedelta(near, add_direction=True, threshold=1.2, locale=current().locale)
    )


def _native(text: str) -> str:
    """With the digits of the language, which Babel does not write into dates."""
    return text.translate(_DIGITS.get(current().locale.default_numbering_system, {}))


def _local(moment: datetime, day: str) -> str:
    speech = current()
    local = moment.astimezone(ZoneInfo(speech.time_zone))
    date, time = (format_skeleton(one, local, locale=speech.locale) for one in (day, "Hm"))
    return _native(str(speech.locale.datetime_formats["medium"]).format(time, date))


@cache
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language, sep="-") if language != SOURCE else _ENGLISH
    except (ValueError, UnknownLocaleError):
        return _ENGLISH
