"""Reads plain text as people paste it: headlines, paragraphs and lists without marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from mailer.composing.importing import repeated
from mailer.composing.importing.calls import asks_for_click
from mailer.composing.importing.elements import (
    Element,
    Heading,
    Item,
    Listing,
    Paragraph,
    Rule,
    Run,
    Runs,
    joined_lists,
    text_runs,
    tidy,
)
from mailer.composing.importing.headlines import could_be_headline, is_headline

_RULE = re.compile(r"\s*(?:[-=_*~#•–—+][ \t]*){3,}$")
_UNDERLINE = re.compile(r"\s*(?:={3,}|-{3,}|~{3,})\s*$")
_BULLET = re.compile(
    r"[ \t]*(?:[-*•·▪◦‣●○■–—+o](?=[ \t])|\(?(?P<number>\d{1,3})[.)](?=[ \t]))[ \t]+"
)
_HASHES = re.compile(r"(#{1,6})[ \t]+(.+?)[ \t#]*$")
_HARD_WRAP = 90
_LONG_RULE = 10
_STARS = re.compile(r"\*{2,4} ")  # Mailchimp's text parts, over an underline


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Lines that stand together, and how many empty ones stand before them."""

    lines: tuple[str, ...]
    gap: int


def read_plain(text: str) -> tuple[Element, ...]:
    """*text* as elements, in order, every word of it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    longest = max(map(len, lines))
    chunks = list(_chunks(lines, apart=not any(not line.strip() for line in lines[:-1])))
    chunks = [part for chunk in chunks for part in _without_head(chunk, longest)]
    elements: list[Element] = []
    after_call = False
    for at, chunk in enumerate(chunks):
        following = chunks[at + 1] if at + 1 < len(chunks) else None
        made = _elements(chunk, following, after_call=after_call, wrapped=longest <= _HARD_WRAP)
        elements.extend(made)
        after_call = asks_for_click(chunk.lines[-1])
    return tuple(joined_lists(elements))


def _chunks(lines: list[str], *, apart: bool) -> Iterator[_Chunk]:
    """*lines* parted at empty ones; *apart*: each line for itself."""
    together: list[str] = []
    gap = 2
    for line in [*lines, ""]:
        if line.strip() and not (apart and together):
            together.append(line.rstrip())
            continue
        if together:
            yield _Chunk(tuple(together), gap)
            gap = 0
        together = [line.rstrip()] if line.strip() else []
        gap += not line.strip()


def _without_head(chunk: _Chunk, longest: int) -> Iterator[_Chunk]:
    """A headline that stands on top of its paragraph without an empty line gets its own chunk."""
    first, *others = chunk.lines
    if others and len(first.strip()) >= _LONG_RULE and _RULE.match(first):
        yield _Chunk((first,), chunk.gap)
        yield from _without_head(_Chunk(tuple(others), 1), longest)
        return
    underlined = others and _UNDERLINE.match(others[0]) and not _RULE.match(first)
    if underlined:
        yield _Chunk((f"## {_STARS.sub('', first.strip())}",), chunk.gap)
        if others[1:]:
            yield _Chunk(tuple(others[1:]), 1)
    elif others and _heads(first.strip(), others[0], longest):
        yield _Chunk((first,), chunk.gap)
        yield _Chunk(tuple(others), 1)
    else:
        yield chunk


def _heads(first: str, second: str, longest: int) -> bool:
    if _BULLET.match(first) or _BULLET.match(second) or not could_be_headline(first):
        return False
    if first.isupper() and len(first) > 3 and not second.isupper():
        return True
    return longest > _HARD_WRAP and len(second) > 120 and first[-1] not in ".!?。"


def _elements(
    chunk: _Chunk, following: _Chunk | None, *, after_call: bool, wrapped: bool
) -> Iterator[Element]:
    if all(_RULE.match(line) for line in chunk.lines):
        yield Rule()
        return
    text = " ".join(line.strip() for line in chunk.lines)
    if len(chunk.lines) == 1 and (hashes := _HASHES.match(text)):
        yield Heading(len(hashes[1]), text_runs(hashes[2]))
    elif is_headline(
        text if len(chunk.lines) == 1 else "\n",
        set_off=chunk.gap >= 2,
        after_call=after_call,
        following=_body_text(following),
    ):
        yield Heading(2, text_runs(text))
    elif listing := _run_on(chunk):
        yield listing
    else:
        yield from _paragraph_and_list(chunk.lines, wrapped=wrapped)


def _body_text(chunk: _Chunk | None) -> str:
    """What a headline could head: the next chunk, unless it is another short line."""
    if chunk is None:
        return ""
    text = " ".join(chunk.lines)
    alone = len(chunk.lines) == 1 and could_be_headline(text) and text[-1] not in ".!?。।！？:"
    return "" if alone and not repeated.parted(text) and len(text) < 100 else text


def _run_on(chunk: _Chunk) -> Listing | None:
    lines = [line.strip() for line in chunk.lines]
    if len(lines) == 1:
        lines = repeated.parted(lines[0])
    elif not repeated.common_opening(lines):
        lines = []
    if not lines or any(_BULLET.match(line) for line in lines):
        return None
    return Listing(tuple(_item(line) for line in lines), calls=True)


def _item(text: str) -> Item:
    return Item((Paragraph(text_runs(text)),))


def _paragraph_and_list(lines: tuple[str, ...], *, wrapped: bool) -> Iterator[Element]:
    """Paragraphs and lists of *lines* that stand together, in order."""
    group: list[list[str]] = []
    in_list = False
    for line in lines:
        bullet = bool(_BULLET.match(line))
        goes_on = group and not bullet and (not in_list or wrapped or line[:1].isspace())
        if goes_on:
            group[-1].append(line)
            continue
        if group and bullet != in_list:
            yield _grouped(group, in_list=in_list, wrapped=wrapped)
            group = []
        in_list = bullet
        group.append([line])
    if group:
        yield _grouped(group, in_list=in_list, wrapped=wrapped)


def _grouped(group: list[list[str]], *, in_list: bool, wrapped: bool) -> Element:
    if not in_list:
        return Paragraph(_wrapped(group[0], wrapped=wrapped))
    bullets = [_BULLET.match(lines[0]) for lines in group]
    ordered = all(bullet and bullet["number"] for bullet in bullets)
    texts = (
        " ".join([lines[0][bullet.end() if bullet else 0 :], *(line.strip() for line in lines[1:])])
        for bullet, lines in zip(bullets, group, strict=True)
    )
    return Listing(tuple(_item(text) for text in texts), ordered=ordered)


def _wrapped(lines: list[str], *, wrapped: bool) -> Runs:
    """*lines* as one paragraph; short ones (an address, a verse) keep their breaks."""
    parts = [lines[0].strip()]
    for last, line in pairwise(lines):
        parts.append(" " if wrapped and len(last) > 50 else "\n")
        parts.append(line.strip())
    return tidy((Run("".join(parts)),))
