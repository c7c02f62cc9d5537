"""Reads what stands above a text: front matter in YAML or TOML, or lines such as "Subject: …"."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import yaml

from mailer.composing.importing.dates import read_date
from mailer.composing.importing.notes import Notes
from mailer.sentences import Sentence

_FENCED = re.compile(
    r"\s*---[ \t]*\n(.*?)\n?^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE
)
_TOML = re.compile(r"\s*\+\+\+[ \t]*\n(.*?)\n\+\+\+[ \t]*(?:\n|\Z)", re.DOTALL)
_LINE = re.compile(r"([A-Za-z][A-Za-z_-]{1,30})[ \t]*:[ \t]*(.*)$")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
# Larger ones are no front matter, and YAML is slow.
_LARGEST = 20_000

_NAMES = {
    "subject": "subject",
    "betreff": "subject",
    "title": "title",
    "preheader": "preheader",
    "preview": "preheader",
    "preview_text": "preheader",
    "description": "preheader",
    "summary": "preheader",
    "excerpt": "preheader",
    "language": "language",
    "lang": "language",
    "locale": "language",
    "newsletter": "newsletter",
    "date": "date",
    "published": "date",
}
# Lines above a text count as such only if one of these is among them.
_TELLING = frozenset({"subject", "title", "betreff"})

NO_PLACE = Sentence("Front matter that has no place in an issue was left out")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a source tells about the issue apart from its text."""

    subject: str = ""
    title: str = ""
    preheader: str = ""
    language: str = ""
    newsletter: str | None = None
    date: date | None = None


def read_front_matter(text: str, notes: Notes) -> tuple[Facts, str]:
    """The facts that stand above *text*, and the rest of it."""
    fenced = _FENCED.match(text)
    if fenced and len(fenced[1]) <= _LARGEST:
        told = _yaml(fenced[1], notes)
        if told is not None:
            return facts_of(told, notes), text[fenced.end() :]
    if (hugo := _TOML.match(text)) and len(hugo[1]) <= _LARGEST:
        try:
            return facts_of(tomllib.loads(hugo[1]), notes), text[hugo.end() :]
        except (tomllib.TOMLDecodeError, RecursionError):
            pass
    return _read_lines(text, notes)


def _yaml(text: str, notes: Notes) -> Mapping[Any, object] | None:
    try:
        told = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError):
        lines = [_LINE.match(line) for line in text.splitlines()]
        if not all(lines):
            return None
        notes.say(Sentence("The front matter is no correct YAML; it was read line by line."))
        return {line[1]: line[2].strip(" '\"") for line in lines if line}
    if told is None:
        return {}
    return told if isinstance(told, dict) else None


def _read_lines(text: str, notes: Notes) -> tuple[Facts, str]:
    """Facts from "Title: …" lines, as mail programs and some site builders write them."""
    told: dict[object, object] = {}
    rest = text.lstrip()
    while found := _LINE.match(line := rest.split("\n", 1)[0]):
        if len(line) > 1000 or len(told) > 30:
            break
        told[found[1]] = found[2].strip()
        rest = rest[len(line) + 1 :]
    ended = not rest.strip() or rest.startswith(("\n", " \n"))
    if not ended or not any(str(name).lower() in _TELLING for name in told):
        return Facts(), text
    return facts_of(told, notes), rest


def facts_of(told: Mapping[Any, object], notes: Notes) -> Facts:
    """Facts from names and values; what has no place is named in a note."""
    found: dict[str, str] = {}
    for key, value in told.items():
        name = _NAMES.get(str(key).strip().lower(), "")
        line = _line(value)
        if not line:
            _note_unread(key, value, notes)
            continue
        if name in ("", *found) or (name == "language" and not _LANGUAGE.match(_tag(line))):
            notes.list(NO_PLACE, f"{str(key)[:60]}: {line}")
        else:
            found[name] = line
    day = _day(found["date"]) if "date" in found else None
    if "date" in found and day is None:
        notes.say(
            Sentence(
                "The date “{date}” could not be read; write it as 2026-12-03.", date=found["date"]
            )
        )
    titled = found.get("title", "")
    return Facts(
        subject=found.get("subject", titled),
        title=titled if "subject" in found else "",
        preheader=found.get("preheader", ""),
        language=_tag(found.get("language", "")),
        newsletter=found.get("newsletter"),
        date=day,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        return read_date(text)


def _line(value: object) -> str:
    """*value* as text; lists and tables have no place in an issue."""
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) else ""


def _note_unread(key: object, value: object, notes: Notes) -> None:
    if value not in (None, "", [], {}):
        notes.list(NO_PLACE, Sentence("{name} (a list or table)", name=str(key)[:60]))


def _tag(language: str) -> str:
    return language.replace("_", "-")
