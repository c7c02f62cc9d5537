"""Places of an issue that still lack something, or hold what cannot be sent; pure, for pre-flight.

A place is a path into the issue's JSON, like ``blocks.3.button.url``; blocks are counted from 0.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from html import unescape
from typing import Any

from mailer.blocks import Content, Media
from mailer.placeholders import find

_ADDRESSES = frozenset({"url", "image"})
_BODIES = frozenset({"body", "quote", "view"})
_NO_TEXT = frozenset({"kind", "id", "language", "channels", "media", "deadline"})
_HREF = re.compile(r'<a href="([^"]*)">')
_LINK_WITHOUT_ADDRESS = "<a>"


def missing_links(content: Content) -> tuple[str, ...]:
    """Where an address is to be filled in: buttons, actions, pictures, videos, linked words."""
    missing: list[str] = []
    for index, block in enumerate(content.blocks):
        place = f"blocks.{index}"
        values = block.model_dump()
        button = values.get("button")
        if button and button["url"] is None and not (isinstance(block, Media) and block.url):
            missing.append(f"{place}.button.url")
        for number, item in enumerate(values.get("items", ())):
            if item["url"] is None:
                missing.append(f"{place}.items.{number}.url")
        if isinstance(block, Media):
            missing += _missing_of_media(block, place)
        missing += [
            f"{place}.{name}"
            for name in sorted(_BODIES)
            if _LINK_WITHOUT_ADDRESS in values.get(name, "")
        ]
    return tuple(missing)


def _missing_of_media(block: Media, place: str) -> Iterator[str]:
    if block.image is None:
        yield f"{place}.image"
    if block.media == "video" and block.url is None and block.button is None:
        yield f"{place}.url"


def images_without_alt(content: Content) -> tuple[str, ...]:
    """Where words are missing for people who do not see the picture."""
    return tuple(
        f"blocks.{index}.alt"
        for index, block in enumerate(content.blocks)
        if isinstance(block, Media) and block.image and not block.alt
    )


def unknown_placeholders(content: Content, known: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Places and names of the fields used in the text that are not among the *known* ones."""
    return tuple(
        (place, field)
        for place, name, text in _texts(content)
        if name not in _ADDRESSES
        for field in dict.fromkeys(placeholder.field for placeholder in find(_shown(name, text)))
        if field not in known
    )


def placeholders_in_addresses(content: Content) -> tuple[str, ...]:
    """Where a placeholder stands in an address, which is the same for every reader."""
    return tuple(
        dict.fromkeys(
            place
            for place, name, text in _texts(content)
            if any(True for address in _addresses(name, text) for _ in find(address))
        )
    )


def _shown(name: str, text: str) -> str:
    return re.sub(r"<[^>]*>", "", text) if name in _BODIES else text


def _addresses(name: str, text: str) -> list[str]:
    if name in _ADDRESSES:
        return [text]
    if name in _BODIES:
        return [unescape(address).replace("%7C", "|") for address in _HREF.findall(text)]
    return []


def _texts(content: Content) -> Iterator[tuple[str, str, str]]:
    """Every text of the issue: its place, the name of its field, and itself."""
    yield from _texts_in(content.model_dump(), "")


def _texts_in(value: Any, place: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in _NO_TEXT:
                yield from _texts_in(inner, f"{place}.{name}" if place else name)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _texts_in(inner, f"{place}.{index}")
    elif isinstance(value, str):
        yield place, place.rpartition(".")[2], value
