"""JSON as rows of cells: an object a line, as `mailer export` writes it, or a list of objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import IO, Any

from mailer.audience.importing.blocks import Row
from mailer.errors import InvalidFile
from mailer.sentences import Sentence

_LARGEST = 256 << 20  # bytes of a list, which is read whole; lines are read one by one
_SAMPLE = 1000


def names_of(stream: IO[bytes], name: str) -> list[str]:
    """The members' names of the first objects: they are the columns. ``InvalidFile``."""
    found: dict[str, None] = {}
    for _, one in islice(_objects(stream, name), _SAMPLE):
        found |= dict.fromkeys(one)
    if not found:
        raise _no_list(name)
    return list(found)


def rows_of_objects(stream: IO[bytes], name: str, names: Sequence[str]) -> Iterator[Row]:
    """A row with the *names*, then one for each object; a line that is none is damaged."""
    yield Row(0, list(names))
    for line, one in _objects(stream, name):
        if one:
            yield Row(line, [_cell(one.get(column)) for column in names])
        else:
            yield Row(line, [], Sentence("line {number} is no JSON object", number=line))


def _objects(stream: IO[bytes], name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    if stream.read(3) != b"\xef\xbb\xbf":
        stream.seek(0)
    start = stream.tell()
    several = _object(stream.readline()) and any(line.strip() for line in stream)
    stream.seek(start)
    if several:
        numbered = enumerate(stream, start=1)
        yield from ((line, _flat(_object(text))) for line, text in numbered if text.strip())
    else:
        yield from enumerate(map(_flat, _listed(stream, name)), start=1)


def _listed(stream: IO[bytes], name: str) -> list[dict[str, Any]]:
    try:
        value: Any = json.loads(stream.read(_LARGEST), parse_constant=lambda _name: None)
    except (ValueError, RecursionError) as error:
        raise _no_list(name) from error
    if isinstance(value, dict):  # {"data": {"results": […]}}, as programs answer
        found_lists = list(_lists_in(value, deep=3))
        value = next(filter(_has_address, found_lists), next(iter(found_lists), [value]))
    if not _is_list(value):
        raise _no_list(name)
    found: list[dict[str, Any]] = value
    return found


def _lists_in(value: Mapping[str, Any], *, deep: int) -> Iterator[list[dict[str, Any]]]:
    yield from filter(_is_list, value.values())
    if deep:
        for one in value.values():
            if _is_list(one) and len(one) == 1:  # {"db": [{"data": {"members": […]}}]}
                yield from _lists_in(one[0], deep=deep - 1)
            elif isinstance(one, dict):
                yield from _lists_in(one, deep=deep - 1)


def _has_address(objects: Sequence[Mapping[str, Any]]) -> bool:
    return any(isinstance(cell, str) and "@" in cell for cell in objects[0].values())


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line, parse_constant=lambda _name: None)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _flat(one: Mapping[str, Any]) -> dict[str, Any]:
    """A list of objects inside as their names, and as what each says of its state."""
    flat: dict[str, Any] = {}
    for name, value in one.items():
        if not _is_list(value):
            flat[name] = value
            continue
        named = [inner["name"] for inner in value if isinstance(inner.get("name"), str)]
        flat[name] = named if len(named) == len(value) else value
        for inner_name in value[0]:
            if inner_name.endswith(("status", "state")):
                words = dict.fromkeys(str(inner.get(inner_name) or "") for inner in value)
                flat[f"{name} {inner_name}"] = "; ".join(words)
    return flat


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\0", "")
    return json.dumps(value, ensure_ascii=False)


def _no_list(name: str) -> InvalidFile:
    return InvalidFile(
        "{name} is JSON, but neither a list of objects nor an object a line; "
        "bring the list as CSV or .xlsx.",
        name=name,
    )
