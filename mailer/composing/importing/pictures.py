"""Reads the images of HTML: pictures, icons that are links, pixels that only count readers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from mailer.composing.importing.elements import Picture
from mailer.composing.importing.notes import Notes
from mailer.composing.importing.targets import usable
from mailer.sentences import Sentence

_NUMBER = re.compile(r"\s*(\d{1,5})(?:\.\d+)?\s*(?:px)?\s*$")
_COUNTING = 3
_ICON = 48

PIXEL = Sentence("Pictures that only count readers were left out")
ICON = Sentence("Small icons without a link were left out")
NO_ADDRESS = Sentence("Pictures without a full address need one")


def read_picture(attributes: Mapping[str, str], href: str, notes: Notes) -> Picture | str | None:
    """The image as a picture, as the words of a link (an icon), or None if it is left out."""
    source = attributes.get("src", "").strip()
    alt = " ".join(attributes.get("alt", "").split())[:500]
    told = source[:200] or alt or "no address"
    size = _size(attributes)
    if size and max(size) <= _COUNTING:
        notes.list(PIXEL, told)
        return None
    if size and max(size) <= _ICON:
        if href:
            return alt or (urlsplit(href).hostname or href).removeprefix("www.")
        notes.list(ICON, f"“{alt}” ({told})" if alt else told)
        return None
    if usable(source) and source.lower().startswith("http"):
        return Picture(source, alt, href)
    if not source and not alt and not href:
        return None
    notes.list(NO_ADDRESS, told)
    return Picture(None, alt, href)


def _size(attributes: Mapping[str, str]) -> tuple[int, ...]:
    """Width and height as far as they are told."""
    found: list[int] = []
    style = attributes.get("style", "")
    for side in ("width", "height"):
        told = _NUMBER.match(attributes.get(side, "")) or re.search(
            rf"(?<![-\w]){side}\s*:\s*(\d{{1,5}})(?:\.\d+)?px", style, re.IGNORECASE
        )
        if told:
            found.append(int(told[1]))
    return tuple(found)
