"""What the names in other systems' JSON mean, and their values as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from mailer.composing.importing.notes import Notes
from mailer.sentences import Sentence

_WORDS = {
    "title": ("title", "headline", "name", "heading", "subject", "label"),
    "opening": ("header", "intro", "introduction", "greeting", "description", "lead", "summary"),
    "closing": ("footer", "outro", "closing", "sign_off", "signature"),
    "sections": ("chapters", "sections", "categories", "groups", "topics"),
    "entries": ("entries", "items", "links", "articles", "stories", "posts"),
    "address": ("url", "link", "href", "uri", "external_url"),
    "picture": ("image", "image_url", "picture", "photo", "thumbnail", "banner_image"),
    "text": (
        *("text", "description", "summary", "content", "body", "html", "note", "blurb"),
        *("content_html", "content_text", "excerpt", "abstract", "teaser"),
    ),
}
# Of an entry: who, when and where.
_BESIDE = frozenset(
    ("author", "by", "byline", "when", "where", "location", "place", "venue", "time", "source")
)
UNPLACED = Sentence("Fields of the JSON that have no place in an issue were left out")
TAGGED = re.compile(r"<[a-zA-Z/!]")
# Words that somebody wrote, not a name, a number or an address.
_PROSE = re.compile(r"(?!\d{4}-\d\d-\d\d)(?!https?:)[^\s]+\s+[^\s]+")


def text_of(value: object) -> str:
    """*value* as HTML, which it may already be."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, dict) and isinstance(value.get("rendered"), str):  # WordPress
        value = value["rendered"]
    if not isinstance(value, str):
        return ""
    text = value.strip()
    return text if TAGGED.search(text) else escape(text, quote=False)


def paragraphs(value: object) -> Iterator[str]:
    """*value*, or what it lists, each in a paragraph."""
    for text in value if isinstance(value, list) else [value]:
        if html := text_of(text):
            yield f"<p>{html}</p>"


def is_prose(value: object, name: str = "") -> bool:
    """Whether somebody wrote *value* to be read, one word perhaps where the field's *name* says so."""
    if not isinstance(value, str):
        return False
    return bool(_PROSE.match(value.strip())) or (name in _BESIDE and value[:1].isupper())


def as_words(name: str) -> str:
    """A field's name as a headline: ``upcoming_events`` is "Upcoming events"."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]+", " ", name).strip()
    return words[:1].upper() + words[1:].lower()


def first(value: Mapping[str, Any], meaning: str) -> Any:
    """The first field of that meaning that says something."""
    for key in _WORDS[meaning]:
        if value.get(key):
            return value[key]
    return None


def names_of(*meanings: str) -> Iterator[str]:
    """Every name of those meanings."""
    for meaning in meanings:
        yield from _WORDS[meaning]


def note_unplaced(value: Mapping[str, Any], placed: Iterable[str], notes: Notes) -> None:
    """Tell which fields beside those *placed* say something."""
    known = set(placed)
    for key, found in value.items():
        if key not in known and found not in (None, "", [], {}):
            notes.list(UNPLACED, str(key)[:60])
