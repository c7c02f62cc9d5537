"""Parts a flow of elements into what becomes one block each, in reading order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from mailer.blocks import ActionItem
from mailer.composing.importing.elements import (
    Call,
    Element,
    Heading,
    Item,
    Listing,
    Paragraph,
    Picture,
    Quote,
    Rule,
    Run,
    words,
)

_SOFT_LEVEL = 5
_LONGEST_SOFT = 120
_LONGEST_LINE = 500


@dataclass(slots=True)
class Part:
    """What one block will hold."""

    headline: str = ""
    link: str = ""
    picture: Picture | None = None
    body: list[Paragraph | Listing | Quote] = field(default_factory=list)
    items: tuple[ActionItem, ...] = ()
    call: Call | None = None
    rule: bool = False

    def __bool__(self) -> bool:
        return bool(
            self.headline or self.picture or self.body or self.items or self.call or self.rule
        )


class Parts:
    """Takes elements in order; begins a new part where the last one can hold no more."""

    def __init__(self) -> None:
        self.done: list[Part] = []
        self._now = Part()

    def take(self, element: Element) -> None:
        if isinstance(element, Heading):
            self._next()
            self._head(element)
        elif isinstance(element, Rule):
            self._next()
            if self.done and not self.done[-1].rule:
                self.done.append(Part(rule=True))
        elif isinstance(element, Picture):
            self._room_for_picture().picture = element
        elif isinstance(element, Call):
            self._room_for_call(element).call = element
        elif isinstance(element, Listing) and (items := action_items(element)):
            self._room_for_items().items = items
        else:
            self._room_for_words().body.append(element)

    # A block shows its picture first, then its words, then its actions or its button.

    def _room_for_picture(self) -> Part:
        now = self._now
        return self._next() if now.body or now.items or now.call or now.picture else now

    def _room_for_words(self) -> Part:
        return self._next() if self._now.items or self._now.call else self._now

    def _room_for_items(self) -> Part:
        now = self._now
        return self._next() if now.items or now.call or now.picture else now

    def _room_for_call(self, call: Call) -> Part:
        now = self._now
        return self._next() if now.items or now.call or (call.share and now) else now

    def _head(self, heading: Heading) -> None:
        text = words(heading.runs)
        if len(text) > _LONGEST_LINE:
            self._now.body.append(Paragraph(heading.runs))
            return
        addresses = list(dict.fromkeys(run.href for run in heading.runs if run.href))
        self._now.headline = text
        if len(addresses) == 1:
            self._now.link = addresses[0]
        elif addresses:
            self._now.body.append(Paragraph(heading.runs))

    def _next(self) -> Part:
        if self._now:
            self.done.append(self._now)
        self._now = Part()
        return self._now

    def finish(self) -> list[Part]:
        self._next()
        while self.done and self.done[-1].rule:
            self.done.pop()
        return self.done


def parts_of(elements: Iterable[Element]) -> list[Part]:
    parts = Parts()
    for element in with_soft_headings(list(elements)):
        parts.take(element)
    return parts.finish()


def with_soft_headings(elements: list[Element]) -> list[Element]:
    """Short paragraphs that are all bold or large, and head something, become headings."""
    large = _large_is_special(elements)
    result: list[Element] = []
    for element, following in pairwise([*elements, Rule()]):
        if isinstance(element, Paragraph) and (level := _soft_level(element, following, large)):
            runs = (
                run._replace(strong=False, em=False, text=run.text.replace("\n", " "))
                for run in element.runs
            )
            result.append(Heading(level, tuple(runs)))
        else:
            result.append(element)
    return result


def _large_is_special(elements: list[Element]) -> bool:
    """Whether large letters are the exception, so that they mark something."""
    paragraphs = [element for element in elements if isinstance(element, Paragraph)]
    sizes = [0, 0]
    for run in (run for paragraph in paragraphs for run in paragraph.runs):
        sizes[run.big] += len(run.text)
    return sizes[True] * 3 <= sizes[False]


def _soft_level(paragraph: Paragraph, following: Element, large: bool) -> int:
    spoken = [run for run in paragraph.runs if run.text.strip()]
    text = words(spoken)
    if (
        len(text) > _LONGEST_SOFT
        or text.endswith((":", ",", ".", ";"))
        or not any(map(str.isalpha, text))
    ):
        return 0
    if any(run.href for run in spoken):
        return 0
    if large and all(run.big for run in spoken):
        return 3
    bold = all(run.strong for run in spoken)
    heads = isinstance(following, Paragraph | Listing | Picture)
    return _SOFT_LEVEL if bold and heads else 0


def action_items(listing: Listing) -> tuple[ActionItem, ...]:
    """The entries of *listing* as actions, if each is a link with few words around it."""
    items: list[ActionItem] = []
    for item in listing.items:
        made = _action_item(item, without_link=listing.calls)
        if made is None:
            return ()
        items.append(made)
    return tuple(items)


def _action_item(item: Item, *, without_link: bool) -> ActionItem | None:
    runs: list[Run] = []
    for part in item.parts:
        if not isinstance(part, Paragraph):
            return None
        runs.extend([*([Run(" ")] if runs else []), *part.runs])
    addresses = {run.href for run in runs if run.href}
    if len(addresses) > 1 or not (addresses or without_link):
        return None
    if not addresses:
        return _line_item(words(runs), None, "")
    places = [at for at, run in enumerate(runs) if run.href]
    before = words(runs[: places[0]])
    title = words(runs[places[0] : places[-1] + 1])
    note = words(runs[places[-1] + 1 :])
    if len(before) > 40 or any(
        not run.href for run in runs[places[0] : places[-1] + 1] if run.text.strip()
    ):
        return None
    return _line_item(f"{before} {title}".strip(), addresses.pop(), _bare_note(note))


def _bare_note(note: str) -> str:
    """*note* without the dash or stop that tied it to its title."""
    return note.lstrip(" :–—-|,;").removeprefix(". ").strip() if note.strip(" .:–—-|,;") else ""


def _line_item(title: str, url: str | None, note: str) -> ActionItem | None:
    if not title or title == url or max(len(title), len(note)) > _LONGEST_LINE:
        return None
    return ActionItem(title=title, url=url, note=note)
