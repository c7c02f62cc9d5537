"""Where themes are found, and how their templates are filled: sandboxed, every mistake named."""

from __future__ import annotations

import re
import tomllib
import traceback
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from mailer.errors import ConfigurationError
from mailer.rendering.phrases import Phrases, codes_of, parse_phrases
from mailer.rendering.text import compact, quoted, underlined, wrapped
from mailer.rendering.words import Words, parse_words

DEFAULT_THEME = "default"

_CODE = re.compile(r"[A-Za-z0-9-]{2,35}")
_THEME_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}")


def _lines(text: str) -> Markup:
    """Each line in its own direction: a street in Latin letters keeps its number in front."""
    line = Markup('<span dir="auto">{}</span>')
    return Markup("<br>").join(line.format(part) for part in text.splitlines())


_FILTERS: dict[str, Callable[..., str]] = {
    "wrapped": wrapped,
    "underlined": underlined,
    "quoted": quoted,
    "compact": compact,
    "lines": _lines,
}


def shipped_templates() -> Path:
    """The templates that come with the program: inside the wheel, or beside the package."""
    inside = Path(__file__).parents[1] / "templates"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "templates"


class Themes:
    """The themes and words of an installation: the user's own folder first, then the shipped ones.

    A theme is a folder ``themes/<name>``; a file it lacks is taken from the default theme.
    """

    def __init__(self, user_folder: Path | None) -> None:
        shipped = shipped_templates()
        self._roots = (user_folder, shipped) if user_folder is not None else (shipped,)
        self._environments: dict[str, Environment] = {}
        self._phrases: dict[str, Phrases] = {}

    def names(self) -> tuple[str, ...]:
        """Every theme there is, in order of the alphabet."""
        folders = (root / "themes" for root in self._roots)
        return tuple(
            sorted(
                {
                    theme.name
                    for f in folders
                    if f.is_dir()
                    for theme in f.iterdir()
                    if theme.is_dir()
                }
            )
        )

    def render(self, theme: str, file: str, values: Mapping[str, Any]) -> str:
        """One template of *theme*, filled; ``ConfigurationError`` names template and line."""
        environment = self._environment(theme)
        try:
            return environment.get_template(file).render(values)
        except TemplateSyntaxError as error:
            raise _failed(
                theme, error.filename or error.name or file, error.lineno, error
            ) from error
        except (
            TemplateError,
            ArithmeticError,
            AttributeError,
            LookupError,
            TypeError,
            ValueError,
        ) as error:
            place, line = self._place(error, file)
            raise _failed(theme, place, line, error) from error

    def words(self, language: str) -> Words:
        """What the mail itself says in *language* ("Unsubscribe"); English where nobody translated."""
        merged: dict[str, Any] = {}
        for code in codes_of(language):
            for root in reversed(self._roots):
                merged |= _read_toml(root / "words" / f"{code}.toml")
        return parse_words({k: v for k, v in merged.items() if not isinstance(v, dict)})

    def spoken(self, language: str) -> str | None:
        """The language that there are words for: itself, or it without its region."""
        for code in reversed(codes_of(language)[1:] or ("en",)):
            if _CODE.fullmatch(code) and any(
                (root / "words" / f"{code}.toml").is_file() for root in self._roots
            ):
                return code
        return None

    def phrases(self, language: str) -> Phrases:
        """What notices and readers' pages say in *language*; read once while the program runs."""
        if language not in self._phrases:
            layers = [
                _read_toml(root / "words" / f"{code}.toml")
                for code in codes_of(language)
                for root in reversed(self._roots)
            ]
            self._phrases[language] = parse_phrases(layers)
        return self._phrases[language]

    def _environment(self, theme: str) -> Environment:
        if theme not in self._environments:
            self._environments[theme] = self._new_environment(theme)
        return self._environments[theme]

    def _new_environment(self, theme: str) -> Environment:
        own = [root / "themes" / theme for root in self._roots]
        if not _THEME_NAME.fullmatch(theme) or not any(folder.is_dir() for folder in own):
            raise ConfigurationError(
                f"There is no theme {theme!r}; there are: {', '.join(self.names())}."
            )
        fallback = [root / "themes" / DEFAULT_THEME for root in self._roots]
        shipped = FileSystemLoader(self._roots[-1] / "themes" / DEFAULT_THEME)
        notices = FileSystemLoader([root / "notices" for root in self._roots])
        apart = PrefixLoader({DEFAULT_THEME: shipped, "notices": notices})
        environment = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader([FileSystemLoader([*own, *fallback]), apart]),
            autoescape=lambda name: name is not None and name.endswith(".html"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        environment.filters.update(_FILTERS)
        return environment

    def _place(self, error: Exception, file: str) -> tuple[str, int]:
        """The innermost template in the traceback: Jinja writes templates' own names and lines there."""
        roots = tuple(str(root) for root in self._roots)
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if frame.filename.startswith(roots):
                return frame.filename, frame.lineno or 0
        return file, 0


def _failed(theme: str, place: str, line: int, error: Exception) -> ConfigurationError:
    at = f"{_short(place)} line {line}" if line else _short(place)
    what = f"there is no template {error}" if isinstance(error, TemplateNotFound) else str(error)
    what = what.removesuffix(".")
    return ConfigurationError(f"The theme {theme!r} fails in {at}: {what}. Correct the template.")


def _short(place: str) -> str:
    """From the theme's folder on."""
    _, found, rest = place.rpartition("themes/")
    return found + rest if found else place


def _read_toml(path: Path) -> Mapping[str, Any]:
    try:
        return _parsed_toml(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        return {}


@lru_cache(maxsize=64)
def _parsed_toml(path: Path, _changed: int) -> Mapping[str, Any]:
    # Remembered until the file changes: a hundred and more phrases take milliseconds to parse.
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The words in {path} cannot be read: {error}.") from error
