"""JSON made of sections with entries, as HTML: headlines, and lists of linked titles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from mailer.composing.importing.json_words import (
    as_words,
    first,
    is_prose,
    names_of,
    note_unplaced,
    paragraphs,
    text_of,
)
from mailer.composing.importing.notes import Notes
from mailer.sentences import Sentence

OTHER_ADDRESS = Sentence("Entries with a second address kept only the first; left out")
_DEEPEST = 6


def has_sections(value: Mapping[str, Any]) -> bool:
    """Whether an issue's object lists sections or entries, under names we know or others."""
    named = [value[key] for key in names_of("sections", "entries") if value.get(key)]
    lists = [one for one in named if isinstance(one, dict) or _of_words(one)]
    return bool(lists) or any(map(_is_list_of_entries, value.values()))


def _of_words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict | str) for one in value)


def sections_html(value: Mapping[str, Any], known: set[str], notes: Notes) -> str:
    """An issue's object as HTML; *known* are the fields that are read elsewhere."""
    read = {*known, *names_of("title", "opening", "closing", "sections", "entries")}
    sections = _listed(first(value, "sections")) or [{"entries": first(value, "entries")}]
    others = {key: one for key, one in value.items() if key not in read}
    named = [
        {"title": as_words(key), "entries": one}
        for key, one in others.items()
        if _is_list_of_entries(one)
    ]
    spoken = [key for key, one in others.items() if is_prose(one)]
    note_unplaced(
        value, {*read, *spoken, *(key for key in others if _is_list_of_entries(others[key]))}, notes
    )
    parts = [
        *paragraphs(first(value, "opening")),
        *(part for key in spoken for part in paragraphs(value[key])),
        *(part for one in [*sections, *named] for part in _section(one, 2, notes)),
        *paragraphs(first(value, "closing")),
    ]
    return "\n".join(parts)


def _listed(sections: object) -> list[Any]:
    """Sections as a list, those that their names part among them."""
    if isinstance(sections, dict):
        return [
            {"title": as_words(key), **({"entries": one} if isinstance(one, list) else one)}
            if isinstance(one, list | dict)
            else one
            for key, one in sections.items()
        ]
    return sections if isinstance(sections, list) else []


def _is_list_of_entries(value: object) -> bool:
    return isinstance(value, list) and any(
        isinstance(one, dict) and first(one, "title") and first(one, "address") for one in value
    )


def _section(section: object, level: int, notes: Notes) -> Iterator[str]:
    if not isinstance(section, dict):
        yield from paragraphs(section)
        return
    if title := text_of(first(section, "title")):
        yield f"<h{level}>{title}</h{level}>"
    yield from paragraphs(first(section, "opening"))
    entries = first(section, "entries")
    if isinstance(entries, list):
        yield from _entries(entries, notes)
    inner = _listed(first(section, "sections"))
    for one in inner if level < _DEEPEST else []:
        yield from _section(one, level + 1, notes)
    yield from paragraphs(first(section, "closing"))
    read = {"title", "opening", "closing", "entries", "sections"}
    note_unplaced(section, set(names_of(*read)), notes)


def _entries(entries: list[Any], notes: Notes) -> Iterator[str]:
    """A list of what is short; whole articles stand for themselves."""
    if not any("<h" in _body(one) or "<p" in _body(one) for one in entries):
        yield f"<ul>{''.join(_entry(entry, notes) for entry in entries)}</ul>"
        return
    for entry in entries:
        yield from _article(entry, notes)


def _body(entry: object) -> str:
    return text_of(first(entry, "text")) if isinstance(entry, dict) else ""


def _entry(entry: object, notes: Notes) -> str:
    if not isinstance(entry, dict):
        return f"<li>{text_of(entry)}</li>"
    text = "".join(paragraphs(first(entry, "text")))
    return f"<li><p>{_title(entry, notes)}</p>{text}{_beside(entry, notes)}</li>"


def _article(entry: object, notes: Notes) -> Iterator[str]:
    if not isinstance(entry, dict):
        yield from paragraphs(entry)
        return
    yield f"<h3>{_title(entry, notes)}</h3>"
    yield from paragraphs(first(entry, "text"))
    yield _beside(entry, notes)


def _title(entry: Mapping[str, Any], notes: Notes) -> str:
    title = text_of(first(entry, "title"))
    addresses = [entry[key] for key in names_of("address") if isinstance(entry.get(key), str)]
    for other in addresses[1:]:
        if other != addresses[0]:
            notes.list(OTHER_ADDRESS, other)
    if addresses:
        return f'<a href="{escape(addresses[0])}">{title or escape(addresses[0])}</a>'
    return title


def _beside(entry: Mapping[str, Any], notes: Notes) -> str:
    """Pictures and words of fields that only this system has: who, when, where."""
    read = set(names_of("title", "address", "text", "picture"))
    spoken = [key for key, one in entry.items() if key not in read and is_prose(one, key)]
    note_unplaced(entry, {*read, *spoken}, notes)
    picture = first(entry, "picture")
    shown = f'<p><img src="{escape(picture)}" alt=""></p>' if isinstance(picture, str) else ""
    return shown + "".join(part for key in spoken for part in paragraphs(entry[key]))
