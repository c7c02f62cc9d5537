"""One issue as the two parts of its mail, with marks for what differs from reader to reader."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from markupsafe import Markup, escape

from mailer.blocks import Content
from mailer.links import LinkTable
from mailer.placeholders import TOKEN_MARK, with_defaults
from mailer.rendering.environment import Themes
from mailer.rendering.fonts import fonts_for
from mailer.rendering.inlining import inline
from mailer.rendering.look import dark_palette, light_palette, parse_look
from mailer.rendering.text import tidy
from mailer.rendering.viewing import opening_words, view_blocks
from mailer.rendering.views import IssueView, ReaderPages
from mailer.rendering.words import Words, direction

Scheme = Literal["auto", "light", "dark"]

_TOKEN_LENGTH = 32  # mailer.tokens
# Keeps the first words of the mail out of the inbox line, after the preheader.
FILLER = Markup("&#847;&zwnj;&nbsp;" * 60)  # noqa: S704  # constant
_UNWRITABLE = re.compile(r"[\[\]\r\n]+")  # in a placeholder's default
_SCHEME_QUERY = re.compile(r"@media\s*\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)")
_SCHEME_OFFER = re.compile(r"(content=\"|color-scheme:\s*)light dark")


@dataclass(frozen=True, slots=True)
class Masthead:
    """Whose issue it is, and what every issue of that newsletter has in common."""

    name: str
    slug: str
    language: str
    look: Mapping[str, Any]
    postal_address: str
    theme: str
    base_url: str
    date: date
    public_url: str  # a page with this issue that is the same for everyone


@dataclass(frozen=True, slots=True)
class Rendered:
    """Both parts of a mail; ``[[field|default]]`` and ``[[token]]`` are still in them."""

    subject: str
    html: str
    text: str
    preheader: str = ""  # what an inbox shows beside the subject

    @property
    def size(self) -> int:
        """Bytes of the HTML part as readers get it: Gmail shows the first 102 KB."""
        grown = _TOKEN_LENGTH - len(TOKEN_MARK)
        return len(self.html.encode()) + self.html.count(TOKEN_MARK) * grown


def render(
    content: Content,
    masthead: Masthead,
    links: LinkTable,
    themes: Themes,
    *,
    scheme: Scheme = "auto",
) -> Rendered:
    """The mail of an issue; its links are entered into *links*.

    *scheme* fixes the light or dark look, for a preview. ``ConfigurationError`` names the
    template and line that failed, or what is wrong with the look.
    """
    look = parse_look(masthead.look, masthead.name)
    words = themes.words(content.language)
    issue = _issue(content, masthead, links, words, look.reason)
    values = {
        "issue": issue,
        "masthead": masthead,
        "look": look,
        "light": light_palette(look),
        "dark": dark_palette(look),
        "fonts": fonts_for(look, content.language),
        "words": words,
        "reader": _reader_pages(masthead.base_url),
        "filler": FILLER,
        **sides(content.language),
    }
    html = inline(themes.render(masthead.theme, "issue.html", values))
    text = tidy(themes.render(masthead.theme, "issue.txt", values))
    shown = html if scheme == "auto" else _forced(html, scheme)
    return Rendered(content.subject, shown, text, issue.preheader)


def with_field_defaults(rendered: Rendered, defaults: Mapping[str, str]) -> Rendered:
    """The same mail with what to write where a reader has no value in one of these fields."""
    plain = {name: _UNWRITABLE.sub(" ", default) for name, default in defaults.items()}
    return replace(
        rendered,
        subject=with_defaults(rendered.subject, plain),
        html=with_defaults(rendered.html, {name: str(escape(one)) for name, one in plain.items()}),
        text=with_defaults(rendered.text, plain),
    )


def with_tracking_picture(rendered: Rendered, base_url: str) -> Rendered:
    """The same mail with a picture of one point at its end, whose fetching can be counted."""
    picture = (
        f'<img src="{base_url}/o/{TOKEN_MARK}.gif" width="1" height="1" alt="" '
        'style="display:block;border:0;width:1px;height:1px">'
    )
    before, end, after = rendered.html.rpartition("</body>")
    return replace(rendered, html=f"{before}{picture}{end}{after}")


def _issue(
    content: Content, masthead: Masthead, links: LinkTable, words: Words, reason: str
) -> IssueView:
    blocks = view_blocks(content, links, words, masthead.public_url)
    headed = any(block.level == 1 for block in blocks)
    return IssueView(
        subject=content.subject,
        preheader=content.preheader or opening_words(blocks),
        title_heading="" if headed else content.subject,
        language=content.language,
        date=words.on(masthead.date),
        reason=reason or words.reason.format(newsletter=masthead.name),
        blocks=blocks,
    )


def _reader_pages(base_url: str) -> ReaderPages:
    return ReaderPages(
        view=f"{base_url}/v/{TOKEN_MARK}",
        unsubscribe=f"{base_url}/u/{TOKEN_MARK}",
        preferences=f"{base_url}/p/{TOKEN_MARK}",
    )


def sides(language: str) -> dict[str, str]:
    """The direction of *language*, and on which sides its lines start and end."""
    if direction(language) == "rtl":
        return {"dir": "rtl", "start": "right", "end": "left"}
    return {"dir": "ltr", "start": "left", "end": "right"}


def _forced(html: str, scheme: Scheme) -> str:
    """The browser's own setting is answered here: a page cannot set it for a frame."""
    head, body, rest = html.partition("<body")
    head = _SCHEME_QUERY.sub(lambda m: f"@media {'all' if m[1] == scheme else 'not all'}", head)
    return _SCHEME_OFFER.sub(rf"\g<1>{scheme}", head) + body + rest
