"""Reads the page of a form: what a newsletter's people chose for it."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from mailer.audience.forms import FormSettings
from mailer.composing.typed_bodies import body_of, words_of
from mailer.database.tables import CustomField
from mailer.errors import InvalidInput
from mailer.sentences import Sentence
from mailer.web.editor.access import field

_LINES = {
    "hourly": 6,
    "heading": 500,
    "button": 60,
    "welcome_subject": 500,
    "asked_page": 500,
    "confirmed_page": 500,
}
_TEXTS = ("intro", "consent")
_SWITCHES = ("open", "offered", "ask_name", "welcome", "roles", "disposable", "work")
_MOST_TEXT = 2000
_MOST_WELCOME = 20_000

Shown = dict[str, Any]


def given(request: Request, known: list[CustomField]) -> tuple[Shown, dict[str, Any]]:
    """What was typed, to be shown again, and the settings that it stands for; ``InvalidInput``."""
    shown: Shown = {name: field(request, name, most) for name, most in _LINES.items()}
    shown |= {name: _text(request, name, _MOST_TEXT) for name in _TEXTS}
    shown |= {name: field(request, name, 5) == "yes" for name in _SWITCHES}
    shown |= {
        "sites": _text(request, "sites", _MOST_TEXT),
        "welcome_words": _text(request, "welcome_words", _MOST_WELCOME),
        "fields": _fields(request, known),
    }
    return shown, {name: value for name, value in shown.items() if name != "welcome_words"} | {
        "hourly": shown["hourly"] or FormSettings().hourly,
        "sites": shown["sites"].split(),
        "fields": [
            {"name": name, "required": how == "required"} for name, how in shown["fields"].items()
        ],
    }


def with_welcome(shown: Shown, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with the welcome words as a body; ``InvalidInput``."""
    try:
        return settings | {"welcome_body": body_of(shown["welcome_words"])}
    except InvalidInput as error:
        words = Sentence("Welcome mail")
        raise InvalidInput("{field}: {problem}.", field=words, problem=error.sentence) from error


def stored(settings: FormSettings) -> Shown:
    """What is kept, as the page shows it."""
    return settings.model_dump(mode="json") | {
        "sites": "\n".join(settings.sites),
        "welcome_words": words_of(settings.welcome_body),
        "fields": {one.name: "required" if one.required else "asked" for one in settings.fields},
    }


def _fields(request: Request, known: list[CustomField]) -> dict[str, str]:
    """Those asked for, in the order that the numbers beside them say."""
    asked = [
        (field(request, f"place_{one.name}", 3), one.name, how)
        for one in known
        if (how := field(request, f"field_{one.name}", 10)) in ("asked", "required")
    ]
    asked.sort(key=lambda one: int(one[0]) if one[0].isdecimal() else 999)
    return {name: how for _, name, how in asked}


def _text(request: Request, name: str, most: int) -> str:
    return field(request, name, most).replace("\r\n", "\n")
