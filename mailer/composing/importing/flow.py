"""Puts words, breaks and frames, told one after the other, together as elements."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from mailer.composing.importing.elements import (
    Element,
    Heading,
    Item,
    Listing,
    Paragraph,
    Picture,
    Quote,
    Run,
    Runs,
    joined_lists,
    paragraphs_of,
    tidy,
)
from mailer.errors import InvalidFile

# More than blanks, joiners and other fillers.
_VISIBLE = re.compile(r"[^\s\u00ad\u034f\u200b-\u200f\u2060\ufeff]")
_DEEPEST_LIST = 6
_MOST_PARTS = 40_000
LISTS = ("ul", "ol", "table")


@dataclass(slots=True)
class _Frame:
    """What belongs together: a list, an entry, a quotation, a heading, a table's row."""

    kind: str
    owner: object = None
    parts: list[Element | Item] = field(default_factory=list)


class Flow:
    """Elements in the making; frames may stand in one another, pictures rise out of them."""

    def __init__(self) -> None:
        self._frames = [_Frame("root")]
        self._inline: list[Run] = []
        self._risen: list[Picture] = []
        self._added = 0

    @property
    def inside(self) -> str:
        """The kind of the innermost frame."""
        return self._frames[-1].kind

    def say(self, run: Run) -> None:
        self._inline.append(run)

    def line(self) -> None:
        """A line break; two of them end the paragraph."""
        if self.inside == "row":
            self._inline.append(Run(" "))
        elif self._after_a_break():
            self.pause()
        elif self._inline:
            self._inline.append(Run("\n"))

    def _after_a_break(self) -> bool:
        for run in reversed(self._inline):
            if run.text.strip():
                return False
            if "\n" in run.text:
                return True
        return False

    def cell(self) -> None:
        """The next cell of a table's row begins."""
        if any(run.text.strip() for run in self._inline):
            self._inline.append(Run(" | "))

    def pause(self) -> None:
        """What was said so far is a paragraph."""
        if self.inside == "row":
            self._inline.append(Run(" "))
            return
        inline, self._inline = self._inline, []
        for runs in paragraphs_of(inline):
            if any(_VISIBLE.search(run.text) for run in runs):
                self.add(Paragraph(runs))

    def begin(self, kind: str, owner: object) -> None:
        """A frame opens; it ends with `end` of the same *owner*."""
        if kind in LISTS and sum(f.kind in LISTS for f in self._frames[-20:]) >= _DEEPEST_LIST:
            return
        if kind == "li" and self.inside not in LISTS:
            return
        self._frames.append(_Frame(kind, owner))

    def end(self, owner: object) -> None:
        if self._frames[-1].owner is owner:
            self._close()

    def finish(self) -> tuple[Element, ...]:
        """Everything told, in order."""
        self.pause()
        while len(self._frames) > 1:
            self._close()
        parts = (part for part in self._frames[0].parts if not isinstance(part, Item))
        return tuple(joined_lists(parts))

    def add(self, part: Element | Item) -> None:
        self._added += 1
        if self._added > _MOST_PARTS:
            raise InvalidFile(
                "The file has more than {most} paragraphs; split it into several issues.",
                most=_MOST_PARTS,
            )
        if self.inside == "root":
            self._frames[-1].parts.append(part)
        elif isinstance(part, Picture):
            self._risen.append(part)
        else:
            self._add_inside(part)

    def _add_inside(self, part: Element | Item) -> None:
        """What stands in a list or a quotation is words: a heading there becomes bold ones."""
        frame = self._frames[-1]
        if isinstance(part, Heading):
            self.add(Paragraph(tuple(run._replace(strong=True) for run in part.runs)))
        elif isinstance(part, Quote):
            for inner in part.parts:
                self.add(inner)
        elif frame.kind in LISTS and isinstance(part, Paragraph | Listing):
            frame.parts.append(Item((part,)))
        elif isinstance(part, Item | Paragraph | Listing):
            frame.parts.append(part)

    def _close(self) -> None:
        frame = self._frames[-1]
        if frame.kind == "row":
            row = tidy(self._inline)
            self._inline = []
            frame.parts.extend([Paragraph(row)] if row else [])
        self._frames.pop()
        made = _made(frame)
        if made is not None:
            self.add(made)
        if len(self._frames) == 1 and self._risen:
            self._frames[0].parts.extend(self._risen)
            self._risen = []


def _made(frame: _Frame) -> Element | Item | None:
    """The element that *frame* is, or None if it is empty."""
    if not frame.parts:
        return None
    if frame.kind in LISTS:
        items = tuple(part for part in frame.parts if isinstance(part, Item))
        return Listing(items, ordered=frame.kind == "ol")
    parts = tuple(part for part in frame.parts if isinstance(part, Paragraph | Listing))
    if frame.kind in ("li", "row"):
        return Item(parts)
    if frame.kind == "blockquote":
        return Quote(parts)
    return Heading(int(frame.kind[1]), _heading_runs(parts))


def _heading_runs(parts: Iterable[Paragraph | Listing]) -> Runs:
    runs: list[Run] = []
    for part in parts:
        if isinstance(part, Paragraph):
            runs.extend([*([Run(" ")] if runs else []), *part.runs])
    return tidy(run._replace(text=run.text.replace("\n", " ")) for run in runs)
