"""In which language a reader's page speaks, and what it says."""

from __future__ import annotations

from collections.abc import Callable

from markupsafe import Markup, escape
from starlette.requests import HTTPConnection

from mailer.rendering.phrases import Phrases
from mailer.web.languages import Speech
from mailer.web.site import site_of

Say = Callable[..., str]


def speech_for(request: HTTPConnection, *wanted: str | None) -> Speech:
    """The first of the *wanted* languages that we speak, else the browser's, else English."""
    themes = site_of(request).mailer.themes
    asked = (part.partition(";")[0] for part in _accepted(request).split(","))
    for language in (*wanted, *asked):
        if language and (spoken := themes.spoken(language.strip())):
            return Speech(spoken)
    return Speech()


def phrases_of(request: HTTPConnection, speech: Speech) -> Phrases:
    """Everything our pages say in that language."""
    return site_of(request).mailer.themes.phrases(speech.language)


def saying(phrases: Phrases) -> Say:
    """For templates: ``t("form.heading", newsletter=…)``; HTML only where a value is `Markup`."""

    def say(place: str, **values: object) -> str:
        phrase = phrases.raw(f"pages.{place}")
        if any(isinstance(value, Markup) for value in values.values()):
            return escape(phrase).format(**values)
        return phrase.format(**values)

    return say


def _accepted(request: HTTPConnection) -> str:
    return request.headers.get("accept-language", "")[:500]
