"""Makes links of addresses that stand in a text as words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from mailer.composing.importing.elements import (
    Element,
    Heading,
    Item,
    Listing,
    Paragraph,
    Quote,
    Run,
    Runs,
)
from mailer.composing.importing.targets import usable

_ADDRESS = re.compile(
    r"<?\b(https?://[^\s<>\"“”„«»‹›\u3000-\u303f\uff00-\uffef]{3,3900})>?", re.IGNORECASE
)
_STOPS = ".,;:!?'’*_…"
_CLOSERS = {")": "(", "]": "[", "}": "{"}


def with_links(element: Element) -> Element:
    """*element* with its bare addresses linked."""
    if isinstance(element, Paragraph):
        return Paragraph(_linked(element.runs))
    if isinstance(element, Heading):
        return Heading(element.level, _linked(element.runs))
    if isinstance(element, Listing):
        return replace(element, items=tuple(Item(_parts(item.parts)) for item in element.items))
    if isinstance(element, Quote):
        return Quote(_parts(element.parts))
    return element


def _parts(parts: tuple[Paragraph | Listing, ...]) -> tuple[Paragraph | Listing, ...]:
    linked = (with_links(part) for part in parts)
    return tuple(part for part in linked if isinstance(part, Paragraph | Listing))


def _linked(runs: Runs) -> Runs:
    return tuple(piece for run in runs for piece in _pieces(run))


def _pieces(run: Run) -> Iterator[Run]:
    if run.href or "://" not in run.text:
        yield run
        return
    end = 0
    for found in _ADDRESS.finditer(run.text):
        url = _without_trail(found[1])
        if not usable(url):
            continue
        bracketed = found[0].startswith("<") and found[0] == f"<{url}>"
        start = found.start() if bracketed else found.start(1)
        if start > end:
            yield run._replace(text=run.text[end:start])
        yield run._replace(text=url, href=url)
        end = found.end() if bracketed else found.start(1) + len(url)
    if end < len(run.text):
        yield run._replace(text=run.text[end:])


def _without_trail(url: str) -> str:
    """*url* without the stop or bracket of the sentence around it."""
    unmatched = {closer: url.count(closer) - url.count(_CLOSERS[closer]) for closer in _CLOSERS}
    end = len(url)
    while end and (url[end - 1] in _STOPS or unmatched.get(url[end - 1], 0) > 0):
        if url[end - 1] in unmatched:
            unmatched[url[end - 1]] -= 1
        end -= 1
    return url[:end]
