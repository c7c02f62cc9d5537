"""Marks in an issue's text that are filled in per reader: ``[[first_name]]``, ``[[city|your town]]``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# Known for every subscriber; anything else is a custom field.
BUILT_IN = ("name", "first_name", "address")
# Stands in our own addresses (…/c/[[token]]/3); authors may not write it.
TOKEN = "token"  # noqa: S105  # the name of a mark, not a secret
TOKEN_MARK = f"[[{TOKEN}]]"

_MARK = re.compile(r"\[\[\s*([A-Za-z][\w.-]{0,59})\s*(?:\|([^\[\]\r\n]{0,200}))?\]\]")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One mark: a field's name and what to write where a subscriber has no such field."""

    field: str
    default: str | None = None


def find(text: str) -> Iterator[Placeholder]:
    """The placeholders of *text*, in order, repeated ones repeated."""
    for match in _MARK.finditer(text):
        yield _placeholder(match)


def split(text: str) -> list[str | Placeholder]:
    """*text* cut at its placeholders; ``"".join`` of the strings and values gives it back."""
    parts: list[str | Placeholder] = []
    end = 0
    for match in _MARK.finditer(text):
        if match.start() > end:
            parts.append(text[end : match.start()])
        parts.append(_placeholder(match))
        end = match.end()
    if end < len(text):
        parts.append(text[end:])
    return parts


def with_defaults(text: str, defaults: Mapping[str, str]) -> str:
    """*text* with these defaults written into the marks that have none of their own."""

    def filled(match: re.Match[str]) -> str:
        default = None if match[2] is not None else defaults.get(match[1].lower())
        return match[0] if default is None else f"[[{match[1]}|{default}]]"

    return _MARK.sub(filled, text)


def _placeholder(match: re.Match[str]) -> Placeholder:
    default = match[2]
    return Placeholder(match[1].lower(), default.strip() if default is not None else None)
