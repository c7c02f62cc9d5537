"""Cells that hold more than one value: names with addresses, tags, objects, times."""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any

from mailer.addresses import looks_like_address
from mailer.audience.importing.meanings import field_name
from mailer.sentences import Sentence

_WRAPPED = re.compile(
    r"\s*\"?([^<>\"]*?)\"?\s*(?:<\s*([^<>\s]+)\s*>|\(\s*([^()\s]+@[^()\s]+)\s*\))\s*"
)
_FOLLOWED = re.compile(r"\s*([^<>()\s]+@[^<>()\s]+)\s*\(([^()@]*)\)\s*")  # ann@x.test (Ann)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_FULL_WIDTH = str.maketrans("＠．", "@.")
_MAILTO = re.compile(r"mailto:([^?]*)(?:\?.*)?", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*(?:[,;|/\s]|:::)\s*")
_ZONE_NAMES = re.compile(r"\s*(?:UTC|GMT|Z)$")
_DAY_ALONE = "00:00:00"
_SECONDS = re.compile(r"\d{9,10}|\d{12,13}")
_LONGEST_SECONDS = 10  # digits; longer are thousandths
_DAYS = re.compile(r"[34]\d{4}(?:\.\d+)?")  # of Excel's calendar, 1982 to 2036
_FIRST_DAY = datetime(1899, 12, 30, tzinfo=UTC).replace(tzinfo=None)
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})\b,?(.*)")  # 31.12.2024: never the month first
_SLASHED = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})\b(.*)")
_DATA_LIMIT = 100_000
_TAG_LIMIT = 100
_TOO_LONG = Sentence("the object of fields is too long and was left out")
_UNREADABLE = Sentence("the object of fields cannot be read and was left out")
_SUSPECT = "'=+-@\t\r"
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")  # not after a backslash of its own


def unwrap(text: str) -> tuple[str, str]:
    """Name and address of ``Ann <ann@x.test>``; ``mailto:``, quotes and invisible marks are taken off."""
    plain = _INVISIBLE.sub("", text).translate(_FULL_WIDTH).strip()
    if match := _WRAPPED.fullmatch(plain):
        name, address = match[1], match[2] or match[3]
    elif match := _FOLLOWED.fullmatch(plain):
        address, name = match.groups()
    else:
        name, address = "", plain
    if address[:1] == address[-1:] == "'":
        address = address[1:-1]
    address = _MAILTO.sub(r"\1", address).rstrip(".,;:")
    return "" if "@" in name else name, address


def first_address(text: str) -> str | None:
    """The first of several addresses in one cell; ``None`` where it holds anything else."""
    parts = [part for part in _BETWEEN.split(text) if part.strip(":")]
    return parts[0] if len(parts) > 1 and all(map(looks_like_address, parts)) else None


def parse_tags(cell: str) -> list[str]:
    """The tags of a cell: a JSON array, or words separated by ``;``, ``|`` or ``,``."""
    if cell.startswith("["):
        try:
            values = json.loads(cell)
        except (ValueError, RecursionError):
            values = None
        if values is None:
            values = _loaded(cell)
        if isinstance(values, list):
            return [str(value)[:_TAG_LIMIT] for value in values if value not in (None, "")]
    if cell[:1] == "{" and cell[-1:] == "}" and ":" not in cell:  # an array of PostgreSQL
        cell = cell[1:-1]
    if cell.startswith("* ") or ":::" in cell:  # Google's address book, with groups of its own
        parts = cell.split(":::")
        return [one for part in parts if (one := part.strip()[:_TAG_LIMIT]) and one[0] != "*"]
    separator = next((mark for mark in ";|" if mark in cell and '"' not in cell), ",")
    # Mailchimp writes a CSV inside the cell: "VIP","Blog, old".
    parts = next(csv.reader([" ".join(cell.split())], delimiter=separator, skipinitialspace=True))
    return [part.strip()[:_TAG_LIMIT] for part in parts if part.strip()]


@lru_cache(maxsize=4096)
def joined_tags(tags: tuple[str, ...]) -> str:
    """Tags as one cell, which :func:`parse_tags` reads back."""
    joined = "; ".join(tags)
    return joined if parse_tags(joined) == list(tags) else json.dumps(tags, ensure_ascii=False)


def guarded(text: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{text}" if text[:1] in _SUSPECT and _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """The cell as it was before :func:`guarded`."""
    return text[1:] if text[:1] == "'" and _FORMULA.match(text) else text


def parse_data(cell: str, *, verbatim: bool = False) -> tuple[dict[str, Any], str]:
    """The fields of a JSON object, or of a Python one (Buttondown); a note when it is neither.

    Of our own exports every field is taken *verbatim*.
    """
    if len(cell) > _DATA_LIMIT:
        return {}, _TOO_LONG
    values = _loaded(cell)
    if not isinstance(values, dict):
        return {}, _UNREADABLE
    if verbatim:
        return values, ""
    fields: dict[str, Any] = {}
    for name, value in values.items():
        if value in (None, ""):
            continue
        if str(name).lower() == "tags":
            fields["tags"] = (
                [str(tag) for tag in value] if isinstance(value, list) else parse_tags(str(value))
            )
        else:
            fields[field_name(str(name))] = value
    return fields, ""


def _loaded(cell: str) -> Any:
    try:
        # NaN and Infinity are no JSON (RFC 8259), and PostgreSQL refuses them.
        value = json.loads(cell, parse_constant=lambda _name: None)
    except (ValueError, RecursionError):
        try:
            value = ast.literal_eval(cell)
            json.dumps(value, allow_nan=False)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            return None
    return _clean(value) if "\\" in cell else value


def _clean(value: Any) -> Any:
    """Without what no database or mail takes, yet an escape can spell: NUL, half characters."""
    text = _NUL.sub(r"\1", json.dumps(value, ensure_ascii=False))
    return json.loads(text.encode("utf-8", "replace"))


def parse_usual_moments(cells: Sequence[str]) -> list[str | None]:
    """As :func:`parse_moment`, of what most programs write, read faster; ``None``: it knows."""
    moments: list[str | None] = []
    for text in cells:
        moment = None
        usual = len(text) == 19 and "1990" < text < "2200" and text[7] == "-" and text[16] == ":"
        if usual and text[11:] != _DAY_ALONE:
            try:
                datetime.fromisoformat(text)
                moment = f"{text if text[10] == ' ' else f'{text[:10]} {text[11:]}'}.000000"
            except ValueError:
                moment = None
        moments.append(moment)
    return moments


def _in_order(text: str) -> str:
    """The year first, then the month."""
    if match := _DOTTED.fullmatch(text):
        day, month, year, rest = match.groups()
    elif match := _SLASHED.fullmatch(text):
        year, month, day, rest = match.groups()
    else:
        return text
    return f"{year}-{month:0>2}-{day:0>2}{rest}"


def parse_moment(text: str, zone: tzinfo = UTC) -> str | None:
    """A point in time as UTC in ISO 8601, where it is told without doubt; a zone not named is UTC.

    A day alone, which programs also write as its midnight, begins in *zone*.
    """
    try:
        if _SECONDS.fullmatch(text):
            whole = text if len(text) <= _LONGEST_SECONDS else text[:-3]
            moment = datetime.fromtimestamp(int(whole), UTC)
        elif _DAYS.fullmatch(text):
            moment = _FIRST_DAY + timedelta(seconds=round(float(text) * 86_400))
        else:
            moment = datetime.fromisoformat(
                _ZONE_NAMES.sub("+00:00", _in_order(text)).replace(" +", "+")
            )
    except (ValueError, OverflowError, OSError):
        return None
    aware = (
        moment if moment.tzinfo else moment.replace(tzinfo=zone if moment.time() == time() else UTC)
    )
    if not 1990 <= aware.year < 2200:
        return None
    return aware.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
