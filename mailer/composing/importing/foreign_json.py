"""Reads JSON: our own, and issues of other systems made of sections with linked entries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from mailer.composing.importing.notes import Notes
from mailer.errors import InvalidFile
from mailer.sentences import Sentence

_WORDS = {
    "title": ("title", "headline", "name", "heading", "subject"),
    "opening": ("header", "intro", "introduction", "description", "lead", "summary"),
    "closing": ("footer", "outro", "closing"),
    "sections": ("chapters", "sections", "categories", "groups"),
    "entries": ("entries", "items", "links", "articles", "stories", "posts"),
    "address": ("url", "link", "href", "uri"),
    "text": ("text", "description", "summary", "content", "body", "html", "note"),
}
PLACED = frozenset({"subject", "title", "date", "newsletter", "language", "lang", "preheader"})
_SURROGATE = re.compile("[\ud800-\udfff]")
_TAGGED = re.compile(r"<[a-zA-Z/!]")

WHAT_IS_READ = Sentence(
    "this JSON is no issue: an issue has “subject” and “blocks”; of other systems, files with "
    "“subject” and “chapters” (or “sections”) of “entries” with “title”, “url” and “text” are read"
)
UNPLACED = "Fields of the JSON that have no place in an issue were left out"
OTHER_ADDRESS = "Entries with a second address kept only the first; left out"


def load(text: str) -> dict[str, Any]:
    """The JSON object that *text* is; ``InvalidFile`` if it is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 0
        where = Sentence(" (line {line})", line=line) if line else ""
        raise InvalidFile(
            "This is no correct JSON{where}: check brackets and commas.", where=where
        ) from error
    if not isinstance(value, dict):
        raise InvalidFile("The file cannot be read: {readable}.", readable=WHAT_IS_READ)
    return value


def is_ours(value: Mapping[str, Any]) -> bool:
    return "blocks" in value or not any(key in value for key in _all("sections", "entries"))


def foreign_html(value: Mapping[str, Any], notes: Notes) -> str:
    """The text of a foreign issue as HTML; ``InvalidFile`` if it has no sections."""
    sections = _first(value, "sections")
    if sections is None:
        sections = [{"entries": _first(value, "entries")}]
    if not isinstance(sections, list):
        raise InvalidFile("The file cannot be read: {readable}.", readable=WHAT_IS_READ)
    _note_unplaced(
        value, {*PLACED, *_all("title", "opening", "closing", "sections", "entries")}, notes
    )
    parts = [
        *_paragraphs(_first(value, "opening")),
        *(part for section in sections for part in _section(section, notes)),
        *_paragraphs(_first(value, "closing")),
    ]
    return "\n".join(parts)


def _section(section: object, notes: Notes) -> Iterator[str]:
    if not isinstance(section, dict):
        yield from _paragraphs(section)
        return
    if title := _text(_first(section, "title")):
        yield f"<h2>{title}</h2>"
    yield from _paragraphs(_first(section, "opening"))
    entries = _first(section, "entries")
    if isinstance(entries, list):
        yield f"<ul>{''.join(_entry(entry, notes) for entry in entries)}</ul>"
    yield from _paragraphs(_first(section, "closing"))
    _note_unplaced(section, set(_all("title", "opening", "closing", "entries")), notes)


def _entry(entry: object, notes: Notes) -> str:
    if not isinstance(entry, dict):
        return f"<li>{_text(entry)}</li>"
    title = _text(_first(entry, "title"))
    addresses = [entry[key] for key in _WORDS["address"] if isinstance(entry.get(key), str)]
    for other in addresses[1:]:
        if other != addresses[0]:
            notes.list(OTHER_ADDRESS, other)
    if addresses:
        title = f'<a href="{escape(addresses[0])}">{title or escape(addresses[0])}</a>'
    _note_unplaced(entry, set(_all("title", "address", "text")), notes)
    text = "".join(_paragraphs(_first(entry, "text")))
    return f"<li><p>{title}</p>{text}</li>"


def _paragraphs(value: object) -> Iterator[str]:
    texts = value if isinstance(value, list) else [value]
    for text in texts:
        if html := _text(text):
            yield f"<p>{html}</p>"


def _text(value: object) -> str:
    """*value* as HTML, which it may already be."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return ""
    text = _SURROGATE.sub("\ufffd", value).strip()
    return text if _TAGGED.search(text) else escape(text, quote=False)


def _first(value: Mapping[str, Any], meaning: str) -> Any:
    for key in _WORDS[meaning]:
        if value.get(key):
            return value[key]
    return None


def _all(*meanings: str) -> Iterator[str]:
    for meaning in meanings:
        yield from _WORDS[meaning]


def _note_unplaced(value: Mapping[str, Any], placed: Iterable[str], notes: Notes) -> None:
    known = set(placed)
    for key, found in value.items():
        if key not in known and found not in (None, "", [], {}):
            notes.list(UNPLACED, str(key)[:60])
