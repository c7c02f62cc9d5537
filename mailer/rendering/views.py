"""An issue as templates see it: every address resolved, every text in both of its forms."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

_NOTHING = Markup()


@dataclass(frozen=True, slots=True)
class Prose:
    """A body: for the HTML part, and for the text part as words and the addresses they refer to."""

    html: Markup = _NOTHING
    words: str = ""
    notes: str = ""

    @property
    def text(self) -> str:
        """The words, and below them their addresses."""
        return f"{self.words}\n\n{self.notes}" if self.notes else self.words


@dataclass(frozen=True, slots=True)
class Call:
    """A button, or a link of its own; without *href* only its words are shown."""

    label: str
    href: str | None
    width: int = 0  # of the button in Outlook, which cannot find it out


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list of actions."""

    number: int
    title: str
    href: str | None
    note: str


@dataclass(frozen=True, slots=True)
class BlockView:
    """One block, whatever its kind; what a kind does not have is empty."""

    kind: str
    position: int  # from 1
    ruled: bool  # a line stands above it
    level: int  # of its heading: 1 once in a mail, else 2
    headline: str
    body: Prose = Prose()
    button: Call | None = None
    badge: str = ""
    entries: tuple[Entry, ...] = ()
    who: str = ""
    role: str = ""
    quote: Prose = Prose()
    view: Prose = Prose()
    image: str | None = None
    alt: str = ""
    href: str | None = None
    watch: Call | None = None
    channels: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class IssueView:
    """What a theme's templates know as ``issue``."""

    subject: str
    preheader: str
    title_heading: str  # the h1, where no block has a headline
    language: str
    date: str
    reason: str
    blocks: tuple[BlockView, ...]


@dataclass(frozen=True, slots=True)
class ReaderPages:
    """Addresses of the reader's own pages, with the mark for the reader's token."""

    view: str
    unsubscribe: str
    preferences: str
