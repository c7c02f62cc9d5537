"""The marks of our Markdown: ``<!-- urgent deadline=2026-12-03 -->`` before a block."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from mailer.blocks import BLOCK_KINDS

_MARK = re.compile(
    rf"[ ]{{0,3}}<!-- *(?P<kind>{'|'.join(BLOCK_KINDS)}) *(?P<rest>.*?) *-->[ \t]*$", re.DOTALL
)
_ATTRIBUTE = re.compile(
    r'(?P<name>[a-z_]+)=(?:(?P<bare>[^\s"{}<>]+)|(?P<quoted>"(?:[^"\\]|\\.)*"))(?: +|$)'
)
_BARE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_,.:-]*(?<!-)$")
BUTTON = "{.button}"


def mark(kind: str, attributes: Mapping[str, str]) -> str:
    """The line that opens a block of *kind*."""
    told = "".join(
        f" {name}={value if _BARE.match(value) and '--' not in value else _quoted(value)}"
        for name, value in attributes.items()
    )
    return f"<!-- {kind}{told} -->"


def mark_with_all(kind: str, fields: Mapping[str, Any]) -> str:
    """A block that nothing but its mark says, for text that Markdown cannot carry."""
    return f"<!-- {kind} {_quoted(fields)} -->"


def _quoted(value: Any) -> str:
    return json.dumps(value).replace(">", "\\u003e").replace("--", "-\\u002d")


def read_mark(line: str) -> tuple[str, dict[str, Any]] | None:
    """The kind and the fields a mark tells, or None if *line* is none."""
    found = _MARK.match(line.rstrip("\n"))
    if not found:
        return None
    rest = found["rest"].strip()
    if rest.startswith("{"):
        try:
            fields = json.loads(rest)
        except (ValueError, RecursionError):
            return None
        return (found["kind"], fields) if isinstance(fields, dict) else None
    fields = _attributes(rest)
    return None if fields is None else (found["kind"], fields)


def _attributes(text: str) -> dict[str, Any] | None:
    fields: dict[str, Any] = {}
    position = 0
    while position < len(text):
        found = _ATTRIBUTE.match(text, position)
        if not found:
            return None
        try:
            fields[found["name"]] = found["bare"] or json.loads(found["quoted"])
        except ValueError:
            return None
        position = found.end()
    return fields
