"""Reads HTML, also what other newsletter systems sent, as a flow of elements."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from lxml import etree

from mailer.composing.importing.elements import Element, Paragraph, Picture, Rule, Run, all_runs
from mailer.composing.importing.flow import Flow
from mailer.composing.importing.html_looks import (
    is_bold,
    is_button,
    is_hidden,
    is_large,
    is_slanted,
    keeps_spaces,
)
from mailer.composing.importing.notes import Notes
from mailer.composing.importing.pictures import read_picture
from mailer.composing.importing.targets import link_target, usable
from mailer.composing.importing.word_lists import with_lists
from mailer.errors import InvalidFile
from mailer.sentences import Sentence

_SILENT = frozenset({"head", "style", "title", "meta", "link", "base", "xml", "template"})
_ACTIVE = frozenset(
    {"script", "object", "embed", "applet", "svg", "math", "canvas", "frameset"}
    | {"input", "select", "textarea", "datalist"}
)
_EMBEDDED = frozenset({"iframe", "video", "audio", "frame"})
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "area",
        "b",
        "bdi",
        "bdo",
        "big",
        "br",
        "cite",
        "code",
        "data",
        "del",
        "dfn",
        "em",
        "font",
        "i",
        "img",
        "ins",
        "kbd",
        "label",
        "mark",
        "nobr",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "var",
        "wbr",
        "button",
        "output",
        "picture",
        "ruby",
        "rb",
        "rt",
        "rp",
        "blink",
    ]
)
_END_OF_PAGE = re.compile(r"</(?:html|body)[ \t\n]{0,20}>", re.IGNORECASE)
_WRITTEN_IN = frozenset({"span", "font", "b", "strong", "i", "em"})
_BLANK = re.compile(r"[ \t\r\n\f\v]+")

DROPPED = Sentence("Left out, for no mail may carry it")
EMBEDDED = Sentence("What was embedded from elsewhere became a link")
WORDLESS = Sentence("Links without words were left out")


@dataclass(frozen=True, slots=True)
class Page:
    """What an HTML document says."""

    elements: tuple[Element, ...]
    title: str = ""
    hidden: tuple[str, ...] = ()
    language: str = ""


@dataclass(frozen=True, slots=True)
class _Look:
    """What an element's words take over from the elements around it."""

    href: str = ""
    strong: bool = False
    em: bool = False
    button: bool = False
    big: bool = False
    pre: bool = False


def read_html(source: str, notes: Notes) -> Page:
    """*source* as elements; ``InvalidFile`` if it is nested deeper than any parser follows."""
    # Without huge_tree libxml2 silently cuts what is nested more than 256 deep; with it, 2,048.
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
    root = etree.fromstring(_legible(source).encode(), parser)
    if any("depth" in entry.message for entry in parser.error_log):
        raise InvalidFile("The HTML is nested more than 2,000 elements deep and cannot be read.")
    if root is None:
        return Page(())
    reader = _Reader(notes)
    reader.read(root)
    elements = reader.finish()
    title = root.find(".//title")
    return Page(
        elements,
        title=" ".join((title.text or "").split()) if title is not None else "",
        hidden=tuple(reader.hidden),
        language=root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or "",
    )


def _legible(source: str) -> str:
    """*source* without what makes libxml2 stop reading: NUL, and an end that is not the end.

    Mailing lists and antivirus programs write their words behind ``</html>``.
    """
    return with_lists(_END_OF_PAGE.sub("", source.replace("\x00", "")))


class _Reader:
    """Walks a tree once and tells a `Flow` what it sees."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self.flow = Flow()
        self.hidden: list[str] = []
        self._looks = [_Look()]
        self._wordless: list[str] = []
        self._said = 0
        self._said_before_link = 0

    def read(self, root: etree._Element) -> None:
        walker = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
        skipped: etree._Element | None = None
        for event, element in walker:
            if event == "start":
                if self._skips(element):
                    skipped = element
                    walker.skip_subtree()
                else:
                    self._open(element)
                    self._words(element.text)
            else:
                if event == "end" and element is not skipped:
                    self._close(element)
                if element is not root:
                    self._words(element.tail)

    def finish(self) -> tuple[Element, ...]:
        elements = self.flow.finish()
        kept = {run.href for element in elements for run in all_runs(element)}
        for href in self._wordless:
            if href not in kept:
                self.notes.list(WORDLESS, href)
        return elements

    def _skips(self, element: etree._Element) -> bool:
        """Whether nothing inside *element* is read."""
        tag = _tag(element)
        if tag in _ACTIVE:
            self.notes.list(DROPPED, f"<{tag}>{_quoted(element)}")
        elif tag in _EMBEDDED:
            self._embedded(element, tag)
        elif tag not in _SILENT:
            if not is_hidden(element):
                return False
            self.hidden.append(_all_words(element))
        return True

    def _open(self, element: etree._Element) -> None:
        tag = _tag(element)
        look = self._looks[-1]
        if style := element.get("style"):
            large, spaced = is_large(style), keeps_spaces(style)
            look = replace(look, big=look.big if large is None else large, pre=look.pre or spaced)
        self._looks.append(look)
        if tag not in _INLINE:
            self.flow.pause()
        if means := _MEANS.get(tag):
            means(self, element, tag)
        if style and tag in _WRITTEN_IN:  # Google Docs says bold and normal by style alone
            look = self._looks[-1]
            bold, slanted = is_bold(style), is_slanted(style)
            self._looks[-1] = replace(
                look,
                strong=look.strong if bold is None else bold,
                em=look.em if slanted is None else slanted,
            )

    def _close(self, element: etree._Element) -> None:
        tag = _tag(element)
        if tag == "a":
            self._close_link()
        if tag not in _INLINE and self.flow.inside != "row":
            self.flow.pause()
        self.flow.end(element)
        self._looks.pop()

    def _words(self, text: str | None) -> None:
        if text:
            self._say(text if self._looks[-1].pre else _BLANK.sub(" ", text))

    def _say(self, text: str) -> None:
        look = self._looks[-1]
        self._said += bool(text.strip())
        self.flow.say(
            Run(text, look.href, look.strong, look.em, look.button, look.big and not look.pre)
        )

    # What single tags mean

    def link(self, element: etree._Element, _tag: str) -> None:
        href = element.get("href", "")
        target = link_target(href, self.notes, label=_all_words(element)) if href else ""
        drawn = is_button(element)
        self._looks[-1] = replace(self._looks[-1], href=target, button=bool(target) and drawn)
        self._said_before_link = self._said

    def pressed(self, element: etree._Element, tag: str) -> None:
        """Buttons of components lead somewhere; those of forms and inside links do not."""
        if element.get("href"):
            self.link(element, tag)

    def _close_link(self) -> None:
        href = self._looks[-1].href
        if href and self._said_before_link == self._said:
            self._wordless.append(href)

    def area(self, element: etree._Element, tag: str) -> None:
        self.link(element, tag)
        if href := self._looks[-1].href:
            self._say(f"{element.get('alt') or href} ")

    def strong(self, _element: etree._Element, _tag: str) -> None:
        self._looks[-1] = replace(self._looks[-1], strong=True)

    def em(self, _element: etree._Element, _tag: str) -> None:
        self._looks[-1] = replace(self._looks[-1], em=True)

    def pre(self, _element: etree._Element, _tag: str) -> None:
        self._looks[-1] = replace(self._looks[-1], pre=True)

    def frame(self, element: etree._Element, tag: str) -> None:
        self.flow.begin(tag, element)

    def table(self, element: etree._Element, _tag: str) -> None:
        """A table of data becomes a list with an entry a row; one for layout is not seen."""
        data = element.find("thead/tr/th") is not None or element.find("*/tr/th") is not None
        if data and element.get("role") != "presentation" and self.flow.inside == "root":
            self.notes.say(Sentence("A table became a list with one entry for each row."))
            self.flow.begin("table", element)

    def row(self, element: etree._Element, _tag: str) -> None:
        if self.flow.inside == "table":
            self.flow.begin("row", element)

    def cell(self, _element: etree._Element, _tag: str) -> None:
        if self.flow.inside == "row":
            self.flow.cell()

    def newline(self, _element: etree._Element, _tag: str) -> None:
        self.flow.line()

    def rule(self, _element: etree._Element, _tag: str) -> None:
        if self.flow.inside == "root":
            self.flow.add(Rule())

    def image(self, element: etree._Element, _tag: str) -> None:
        attributes = {str(name): str(value) for name, value in element.attrib.items()}
        found = read_picture(attributes, self._looks[-1].href, self.notes)
        if isinstance(found, Picture):
            self._said += 1
            self.flow.pause()
            self.flow.add(found)
        elif found:
            self._looks.append(replace(self._looks[-1], button=False))
            self._say(f"{found} ")
            self._looks.pop()

    def _embedded(self, element: etree._Element, tag: str) -> None:
        inner = element.find("source")
        source = element.get("src") or (inner.get("src") if inner is not None else "") or ""
        if usable(source):
            self.notes.list(EMBEDDED, source)
            self.flow.pause()
            self.flow.add(Paragraph((Run(source, source),)))
        else:
            self.notes.list(DROPPED, f"<{tag}>{_quoted(element)}")


_MEANS: dict[str, Callable[[_Reader, etree._Element, str], None]] = {
    "a": _Reader.link,
    "area": _Reader.area,
    "button": _Reader.pressed,
    "b": _Reader.strong,
    "strong": _Reader.strong,
    "i": _Reader.em,
    "em": _Reader.em,
    "pre": _Reader.pre,
    "listing": _Reader.pre,
    **dict.fromkeys(
        ("ul", "ol", "li", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6"), _Reader.frame
    ),
    "table": _Reader.table,
    "tr": _Reader.row,
    "td": _Reader.cell,
    "th": _Reader.cell,
    "br": _Reader.newline,
    "hr": _Reader.rule,
    "img": _Reader.image,
}


def _tag(element: etree._Element) -> str:
    tag = element.tag
    return tag.lower() if isinstance(tag, str) else ""


def _all_words(element: etree._Element) -> str:
    return " ".join("".join(map(str, element.itertext())).split())


def _quoted(element: etree._Element) -> str:
    said = "" if _tag(element) == "script" else _all_words(element)
    return f" “{said[:200]}”" if said else ""
