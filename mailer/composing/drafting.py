"""An issue while it is written: what it says so far, and what is still to be done in which field."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from itertools import count
from typing import Any

from pydantic import ValidationError

from mailer.blocks import Content, address_problem, validate_content
from mailer.errors import InvalidIssue, complaint
from mailer.sentences import Sentence

NO_SUBJECT = "No subject"

_BODIES = frozenset({"body", "quote", "view"})
_ADDRESSES = frozenset({"url", "image"})
_SHAPE = frozenset({"kind", "id", "media", "channels", "language", "blocks", "items", "button"})
_HREF = re.compile(r'<a href="([^"]*)">')
_UNNAMED = "…"  # stands where words are still to be written
_LONGEST_LINE = 500
_MOST_PASSES = 20
_EMPTY_BUTTON = {"label": "", "url": ""}
_EMPTY_ENTRY = {"title": "", "url": "", "note": ""}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is to be done before a field can go out; *place* is like ``blocks.3.button.url``."""

    place: str
    words: Sentence


@dataclass(frozen=True, slots=True)
class Draft:
    """What of a document is an issue, and what is not yet."""

    content: Content
    problems: tuple[Problem, ...]


def document_of(content: Content) -> dict[str, Any]:
    """*content* as it is edited: every block has an id, and ``""`` stands for nothing."""
    document = content.model_dump(mode="json")
    given = [block["id"] for block in document["blocks"]]
    free = (name for name in map("b{}".format, count(1)) if name not in given)
    known = {""}
    for block in document["blocks"]:
        if block["id"] in known:
            block["id"] = next(free)
        known.add(block["id"])
        if block.get("button", 0) is None:
            block["button"] = dict(_EMPTY_BUTTON)
        _open(block)
    return document


def _open(value: dict[str, Any]) -> None:
    for name, inner in value.items():
        if inner is None:
            value[name] = ""
        elif isinstance(inner, dict):
            _open(inner)
        elif isinstance(inner, list):
            for one in inner:
                if isinstance(one, dict):
                    _open(one)


def read_draft(document: Mapping[str, Any]) -> Draft:
    """What *document* says; ``InvalidIssue`` where it has not the shape of one at all.

    A field that cannot be taken yet is left out of the content and named among the problems:
    half an address keeps nobody from saving the rest.
    """
    value = copy.deepcopy(dict(document))
    _close(value)
    problems: dict[str, Problem] = {}
    for _ in range(_MOST_PASSES):
        try:
            content = validate_content(value)
        except ValidationError as error:
            for one in error.errors():
                problem = _set_aside(value, one)
                problems.setdefault(problem.place, problem)
        else:
            return Draft(content, tuple(problems.values()))
    raise InvalidIssue("this is not an issue")


def _close(value: dict[str, Any]) -> None:
    """What was left empty altogether is not there."""
    blocks = value.get("blocks")
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise InvalidIssue("an issue has a list of blocks", place="blocks")
    for block in blocks:
        if block.get("button") == _EMPTY_BUTTON:
            block["button"] = None
        if block.get("deadline") == "":
            block["deadline"] = None
        entries = block.get("items")
        while isinstance(entries, list) and entries and entries[-1] == _EMPTY_ENTRY:
            entries.pop()


def _set_aside(value: dict[str, Any], error: Any) -> Problem:
    """Take what *error* complains of out of *value*; what is to be done about it."""
    path = list(error["loc"])
    if len(path) > 2 and path[0] == "blocks":
        del path[2]  # the block's kind
    place = ".".join(map(str, path))
    holder: Any = value
    for part in path[:-1]:
        holder = holder[part]
    name = str(path[-1]) if path else ""
    told = holder.get(name) if isinstance(holder, dict) else None
    if not isinstance(told, str) or name in _SHAPE:
        raise InvalidIssue(complaint(error), place=place)
    holder[name], words = _instead(name, told, is_entry=len(path) > 2)
    return Problem(place, words)


def _instead(name: str, told: str, *, is_entry: bool) -> tuple[Any, Sentence]:
    """What can stand for *told* in the content, and what to do about it."""
    if name in _ADDRESSES:
        return None, Sentence("Correct the address: {problem}.", problem=address_problem(told))
    if name == "deadline":
        return None, Sentence("Choose the last day from the calendar.")
    if name in _BODIES:
        return _without_bad_links(told)
    if told.strip():
        cut = " ".join(told.split())[:_LONGEST_LINE].strip()
        return cut, Sentence(
            "Write it in one line of at most {most} characters.", most=_LONGEST_LINE
        )
    if name == "subject":
        return NO_SUBJECT, Sentence("Write a subject.")
    if name == "label":
        return _UNNAMED, Sentence("Write on the button what happens next.")
    if name == "title" and is_entry:
        return _UNNAMED, Sentence("Write what there is to do, or remove this line.")
    return "", Sentence("Write something here.")


def _without_bad_links(body: str) -> tuple[str, Sentence]:
    """*body* with its words, but without addresses that lead nowhere."""
    bad = [url for url in map(unescape, _HREF.findall(body)) if address_problem(url)]
    if not bad:
        return "", Sentence("Paste this text again as plain text: it cannot be read.")
    mended = _HREF.sub(lambda m: "<a>" if address_problem(unescape(m[1])) else m[0], body)
    return mended, Sentence(
        "Correct the link {link}: {problem}.", link=bad[0][:60], problem=address_problem(bad[0])
    )
