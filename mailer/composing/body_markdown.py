"""Writes restricted HTML and single lines as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from lxml import etree

_DEEPEST = 20
_SPECIAL = re.compile(
    # A placeholder stays as it is.
    r"\[\[[A-Za-z][\w.-]*(?:\|[\w ,.'’-]*)?\]\]"
    r"|[\\`*\[\]<]"
    r"|(?<![^\W_])_|_(?![^\W_])"
    r"|~(?=~)|&(?=#?\w{1,32};)|\{(?=\.button\})"
)
_LINE_START = re.compile(
    r"^([ \t]*)(#{1,6}(?=\s|$)|[-+](?=\s|$)|>|=+[ \t]*$|-{2,}[ \t]*$|~|\|)", re.MULTILINE
)
_NUMBER_START = re.compile(r"^([ \t]*\d{1,9})([.)])(?=\s|$)", re.MULTILINE)
_EMPHASIS = {"strong": "**", "em": "*"}


class NoMarkdown(Exception):
    """Markdown has no form for this body; it has to be written as HTML."""


def escaped(text: str) -> str:
    """*text* so that Markdown reads it as these very characters."""
    text = _SPECIAL.sub(lambda found: found[0] if len(found[0]) > 1 else f"\\{found[0]}", text)
    text = _LINE_START.sub(r"\1\\\2", text)
    return _NUMBER_START.sub(r"\1\\\2", text)


def address(url: str | None) -> str:
    """*url* as the target of a Markdown link."""
    target = re.sub(r"([\\<>()])", r"\\\1", url or "")
    return re.sub(r"&(?=#?\w{1,32};)", "&amp;", target)


def raw_body(html: str) -> str:
    """*html* on one line, as Markdown lets it stand."""
    return html.replace("\n", "&#10;")


def markdown_body(html: str) -> str:
    """*html* as Markdown; ``NoMarkdown`` where it has no form for it."""
    if not html:
        return ""
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
    root = etree.fromstring(f"<html><body>{html}</body></html>".encode(), parser)
    body = root.find("body")
    if body is None or (body.text or "").strip():
        raise NoMarkdown
    return "\n\n".join(_parts(body, 0))


def _parts(parent: etree._Element, depth: int) -> Iterator[str]:
    """The paragraphs and lists inside *parent*."""
    if depth > _DEEPEST or any(one.tag == other.tag != "p" for one, other in pairwise(parent)):
        raise NoMarkdown
    for element in parent:
        if (element.tail or "").strip():
            raise NoMarkdown
        if element.tag == "p":
            yield _inline(element, depth)
        elif element.tag in ("ul", "ol"):
            yield _list(element, depth)
        else:
            raise NoMarkdown


def _list(element: etree._Element, depth: int) -> str:
    if any(item.tag != "li" or (item.tail or "").strip() for item in element):
        raise NoMarkdown
    loose = any(item.find("p") is not None for item in element)
    entries: list[str] = []
    for number, item in enumerate(element, start=1):
        lead = "- " if element.tag == "ul" else f"{number}. "
        lines = _item(item, depth).split("\n")
        indented = [f"{' ' * len(lead)}{line}" if line else "" for line in lines[1:]]
        entries.append("\n".join([lead + lines[0], *indented]))
    return ("\n\n" if loose else "\n").join(entries)


def _item(item: etree._Element, depth: int) -> str:
    """An entry: paragraphs, or words with lists behind them."""
    if item.find("p") is not None:
        if (item.text or "").strip():
            raise NoMarkdown
        return "\n\n".join(_parts(item, depth + 1))
    lists = [child for child in item if child.tag in ("ul", "ol")]
    for child in lists:
        if (child.tail or "").strip():
            raise NoMarkdown
        item.remove(child)
    return "\n".join([_inline(item, depth), *(_list(child, depth + 1) for child in lists)])


def _inline(element: etree._Element, depth: int) -> str:
    if depth > _DEEPEST:
        raise NoMarkdown
    parts = [escaped(element.text or "")]
    for child in element:
        inner = _inline(child, depth + 1)
        if child.tag == "br":
            parts.append("\\\n")
        elif child.tag == "a":
            parts.append(f"[{inner}]({address(child.get('href'))})")
        elif child.tag in _EMPHASIS:
            parts.append(f"{_EMPHASIS[child.tag]}{inner}{_EMPHASIS[child.tag]}")
        else:
            raise NoMarkdown
        parts.append(escaped(child.tail or ""))
    return "".join(parts)
