"""What a text consists of before it becomes blocks: runs of words, paragraphs, lists, pictures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import NamedTuple

_BLANKS = re.compile(r"[ \t\r\f\v]+")
_BREAKS = re.compile(r" ?\n ?")
_EMPTY_LINES = re.compile(r" ?\n ?(?:\n ?)+")


class Run(NamedTuple):
    """Words of one look; a line break is ``\\n``."""

    text: str
    href: str = ""
    strong: bool = False
    em: bool = False
    # The source draws this link as a button.
    button: bool = False
    # The source writes it in the size of a headline.
    big: bool = False


Runs = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    runs: Runs


@dataclass(frozen=True, slots=True)
class Paragraph:
    runs: Runs


@dataclass(frozen=True, slots=True)
class Item:
    parts: tuple[Paragraph | Listing, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    items: tuple[Item, ...]
    ordered: bool = False
    # Recognised as a list of things to do, though no entry has an address.
    calls: bool = False


@dataclass(frozen=True, slots=True)
class Quote:
    parts: tuple[Paragraph | Listing, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """An image; *src* is None where the source gives no address that works in a mail."""

    src: str | None
    alt: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the page."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call to action: the words for its button, its address if the source gives one."""

    label: str
    url: str | None = None
    share: bool = False


Element = Heading | Paragraph | Listing | Quote | Picture | Rule | Call


def words(runs: Iterable[Run]) -> str:
    """The text of *runs* on one line."""
    return " ".join("".join(run.text for run in runs).split())


def text_runs(text: str) -> Runs:
    return (Run(text),) if text else ()


def tidy(runs: Iterable[Run]) -> Runs:
    """Runs without doubled blanks and empty ends; neighbours of one look are joined."""
    result: list[Run] = []
    at_blank = True
    for look, group in groupby(runs, key=_look):
        text = _BREAKS.sub("\n", _BLANKS.sub(" ", "".join([run.text for run in group])))
        text = text.lstrip(" \n\xa0") if not result else text.lstrip(" ") if at_blank else text
        if text:
            at_blank = text[-1] in " \n"
            result.append(Run(text, *look))
    while result and not (last := result[-1].text.rstrip(" \n\xa0")):
        result.pop()
    if result:
        result[-1] = result[-1]._replace(text=last)
    return tuple(result)


def _look(run: Run) -> tuple[str, bool, bool, bool, bool]:
    return run[1:]


def cut(runs: Runs, start: int, end: int) -> Runs:
    """The characters *start* to *end* of the text of *runs*."""
    result: list[Run] = []
    position = 0
    for run in runs:
        piece = run.text[max(0, start - position) : max(0, end - position)]
        if piece:
            result.append(run._replace(text=piece))
        position += len(run.text)
    return tuple(result)


def raw_text(runs: Iterable[Run]) -> str:
    """The text of *runs* character for character, as `cut` counts it."""
    return "".join(run.text for run in runs)


def paragraphs_of(runs: Iterable[Run]) -> Iterator[Runs]:
    """*runs* parted at empty lines (two line breaks)."""
    part: list[Run] = []
    for run in runs:
        if "\n" not in run.text:
            part.append(run)
            continue
        first, *others = _EMPTY_LINES.split(_BLANKS.sub(" ", run.text))
        part.append(run._replace(text=first))
        for other in others:
            yield tidy(part)
            part = [run._replace(text=other)]
    yield tidy(part)


def link_of(runs: Iterable[Run]) -> str:
    """The one address all of *runs* lead to, else an empty string."""
    hrefs = {run.href for run in runs if run.text.strip()}
    return hrefs.pop() if len(hrefs) == 1 else ""


def inline_html(runs: Runs) -> str:
    """*runs* as restricted HTML."""
    parts: list[str] = []
    for href, group in groupby(runs, key=lambda run: run.href):
        inner = "".join(_marked(run) for run in group)
        parts.append(_between(f'<a href="{escape(href)}">', inner, "</a>") if href else inner)
    return "".join(parts)


def _marked(run: Run) -> str:
    html = escape(run.text, quote=False).replace("\n", "<br>")
    if run.em:
        html = _between("<em>", html, "</em>")
    return _between("<strong>", html, "</strong>") if run.strong else html


def _between(opening: str, html: str, closing: str) -> str:
    """*html* inside a tag; blanks at its ends stay outside, as Markdown wants it."""
    inner = html.strip(" ")
    if not inner:
        return html
    start = html.index(inner[0])
    return f"{html[:start]}{opening}{inner}{closing}{html[start + len(inner) :]}"


def html_of(part: Paragraph | Listing | Quote) -> str:
    """One part of a body as restricted HTML; a quotation becomes plain paragraphs."""
    if isinstance(part, Paragraph):
        return f"<p>{inline_html(part.runs)}</p>"
    if isinstance(part, Quote):
        return "".join(html_of(inner) for inner in part.parts)
    tag = "ol" if part.ordered else "ul"
    loose = any(not _is_tight(item) for item in part.items)
    return f"<{tag}>{''.join(_item_html(item, loose) for item in part.items)}</{tag}>"


def _is_tight(item: Item) -> bool:
    """Whether *item* is words with nothing but lists behind them."""
    return (
        bool(item.parts)
        and isinstance(item.parts[0], Paragraph)
        and not any(isinstance(other, Paragraph) for other in item.parts[1:])
    )


def _item_html(item: Item, loose: bool) -> str:
    first, *others = item.parts
    if loose or not isinstance(first, Paragraph):
        return f"<li>{''.join(map(html_of, item.parts))}</li>"
    return f"<li>{inline_html(first.runs)}{''.join(map(html_of, others))}</li>"


def all_runs(element: Element | Item) -> Iterator[Run]:
    """Every run of *element*, in reading order."""
    if isinstance(element, Heading | Paragraph):
        yield from element.runs
    elif isinstance(element, Listing):
        for item in element.items:
            yield from all_runs(item)
    elif isinstance(element, Quote | Item):
        for part in element.parts:
            yield from all_runs(part)


def joined_lists(elements: Iterable[Element]) -> Iterator[Element]:
    """*elements*; neighbouring lists, whose entries stood apart, become one."""
    for (listing, ordered), group in groupby(elements, key=_list_kind):
        if not listing:
            yield from group
            continue
        lists = [element for element in group if isinstance(element, Listing)]
        items = tuple(item for one in lists for item in one.items)
        yield Listing(items, ordered, all(one.calls for one in lists))


def _list_kind(element: Element) -> tuple[bool, bool]:
    return isinstance(element, Listing), isinstance(element, Listing) and element.ordered
