"""Writes paragraphs and lists as bodies, none longer than a block takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mailer.composing.importing.elements import (
    Item,
    Listing,
    Paragraph,
    Quote,
    Run,
    Runs,
    all_runs,
    html_of,
    tidy,
)
from mailer.composing.importing.parts import Part

_LONGEST = 90_000
# A run this long is at most 18,000 characters of HTML, plus its address.
_LONGEST_RUN = 3_000


def bodies_of(elements: Iterable[Paragraph | Listing | Quote]) -> list[str]:
    """*elements* as restricted HTML, parted where it gets too long for one block."""
    bodies: list[str] = []
    pieces: list[str] = []
    size = 0
    for element in elements:
        for html in _pieces(element):
            if size + len(html) > _LONGEST:
                bodies.append("".join(pieces))
                pieces, size = [], 0
            pieces.append(html)
            size += len(html)
    return [body for body in [*bodies, "".join(pieces)] if body]


def as_body(part: Part) -> Iterator[Paragraph | Listing | Quote]:
    """Everything *part* says as paragraphs and lists."""
    if part.headline:
        yield Paragraph((Run(part.headline, part.link, strong=True),))
    if part.picture and (address := part.picture.href or part.picture.src):
        yield Paragraph((Run(part.picture.alt or address, address),))
    yield from part.body
    if part.items:
        yield Listing(
            tuple(
                Item((Paragraph(tidy((Run(item.title, item.url or ""), Run(f" {item.note}")))),))
                for item in part.items
            )
        )
    if part.call:
        yield Paragraph((Run(part.call.label, part.call.url or ""),))


def _pieces(element: Paragraph | Listing | Quote) -> Iterator[str]:
    html = html_of(element)
    if len(html) <= _LONGEST:
        yield html
    elif isinstance(element, Listing) and len(element.items) > 1:
        half = len(element.items) // 2
        yield from _pieces(replace(element, items=element.items[:half]))
        yield from _pieces(replace(element, items=element.items[half:]))
    elif isinstance(element, Quote) and len(element.parts) > 1:
        for part in element.parts:
            yield from _pieces(part)
    else:
        yield from (f"<p>{html}</p>" for html in _paragraphs(tuple(all_runs(element))))


def _paragraphs(runs: Runs) -> Iterator[str]:
    """*runs* as several paragraphs, each short enough."""
    pieces: list[Run] = []
    size = 0
    for piece in _short(runs):
        length = len(html_of(Paragraph((piece,))))
        if size + length > _LONGEST:
            yield html_of(Paragraph(tidy(pieces)))[3:-4]
            pieces, size = [], 0
        pieces.append(piece)
        size += length
    yield html_of(Paragraph(tidy(pieces)))[3:-4]


def _short(runs: Runs) -> Iterator[Run]:
    for run in runs:
        text = run.text
        while len(text) > _LONGEST_RUN:
            at = text.rfind(" ", 1, _LONGEST_RUN) + 1 or _LONGEST_RUN
            yield run._replace(text=text[:at])
            text = text[at:]
        yield run._replace(text=text)
