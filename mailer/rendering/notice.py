"""A notice, such as "Please confirm", as subject, text and HTML in the dress of a newsletter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

from mailer.placeholders import Placeholder, split
from mailer.rendering.environment import DEFAULT_THEME, Themes
from mailer.rendering.fonts import fonts_for
from mailer.rendering.inlining import inline
from mailer.rendering.issue import FILLER, Rendered, sides
from mailer.rendering.look import dark_palette, light_palette, parse_look
from mailer.rendering.text import Notes, read_body, seen_width, tidy
from mailer.rendering.views import Call

_MOST_KEPT = 200
_BUTTON_SIDES, _BUTTON_LETTER = 56, 9  # pixels, for Outlook, which must be told a width


@dataclass(frozen=True, slots=True)
class Letterhead:
    """In whose dress a notice comes: a newsletter's, or the installation's own."""

    name: str
    language: str
    look: Mapping[str, Any]
    theme: str = DEFAULT_THEME
    postal_address: str = ""


class NoticePress:
    """Renders notices; the HTML of one kind is inlined once, then only values are filled in."""

    def __init__(self, themes: Themes) -> None:
        self._themes = themes
        self._kept: dict[object, list[str | Placeholder]] = {}

    def render(self, kind: str, letterhead: Letterhead, values: Mapping[str, str]) -> Rendered:
        """The notice *kind*; ``ConfigurationError`` names the template or the words at fault.

        *values* are escaped and put in as they are. One that is `Markup` (cleaned by
        `mailer.blocks.clean_body`) becomes part of the page, and its words stand in the text.
        """
        shown = {name: _plain(v) if isinstance(v, Markup) else v for name, v in values.items()}
        given = self._common(kind, letterhead, shown)
        subject = self._fill(kind, letterhead, "subject.txt", given)
        text = tidy(self._fill(kind, letterhead, "body.txt", given))
        return Rendered(
            subject=" ".join(subject.split()),
            html=_filled(self._compiled(kind, letterhead, values), values),
            text=text,
        )

    def day(self, language: str, moment: datetime) -> str:
        """The day of *moment* as *language* writes it."""
        return self._themes.words(language).on(moment.date())

    def _fill(self, kind: str, letterhead: Letterhead, file: str, given: dict[str, Any]) -> str:
        return self._themes.render(letterhead.theme, f"notices/{kind}/{file}", given)

    def _compiled(
        self, kind: str, letterhead: Letterhead, values: Mapping[str, str]
    ) -> list[str | Placeholder]:
        marked = {
            name: value if isinstance(value, Markup) or not value else f"[[{name}]]"
            for name, value in values.items()
        }
        look = json.dumps(letterhead.look, sort_keys=True, default=str)
        key = (
            kind,
            letterhead.name,
            letterhead.language,
            letterhead.theme,
            letterhead.postal_address,
            look,
            tuple(sorted(marked.items())),
        )
        if key not in self._kept:
            given = self._common(kind, letterhead, marked)
            compiled = split(inline(self._fill(kind, letterhead, "body.html", given)))
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = compiled
        return self._kept[key]

    def _common(
        self, kind: str, letterhead: Letterhead, values: Mapping[str, str]
    ) -> dict[str, Any]:
        look = parse_look(letterhead.look, letterhead.name)
        phrases = self._themes.phrases(letterhead.language)

        def say(name: str) -> str:
            return phrases.say(
                f"notices.{kind}.{name}",
                f"notices.all.{name}",
                **{"newsletter": letterhead.name, **values},
            )

        return {
            **values,
            "say": say,
            "button": _button,
            "masthead": letterhead,
            "language": letterhead.language,
            "look": look,
            "light": light_palette(look),
            "dark": dark_palette(look),
            "fonts": fonts_for(look, letterhead.language),
            "filler": FILLER,
            **sides(letterhead.language),
        }


def _plain(html: str) -> str:
    words, notes = read_body(html, Notes())
    return f"{words}\n\n{notes}" if notes else words


def _button(href: str, label: str) -> Call:
    return Call(label, href, _BUTTON_SIDES + _BUTTON_LETTER * seen_width(label))


def _filled(compiled: list[str | Placeholder], values: Mapping[str, str]) -> str:
    return "".join(
        part if isinstance(part, str) else str(escape(values.get(part.field, "")))
        for part in compiled
    )
