"""The documents of editors that keep text as a tree of nodes, as HTML.

They differ in names alone: ProseMirror and Tiptap, Lexical, Slate, Portable Text, Editor.js,
Notion, and the designs of mail builders. A node has a kind, attributes, text and inner nodes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from mailer.composing.importing.json_words import text_of

_KINDS = ("type", "_type", "tagName", "object")
_INNER = ("children", "content", "contents", "columns", "rows", "blocks", "items", "rich_text")
_ATTRIBUTES = ("attrs", "attributes", "data", "values", "props")
_TEXTS = ("text", "plain_text", "code")
_ADDRESSES = ("href", "url", "link", "src")
_DEEPEST = 40
_LISTS = re.compile(r"(?:bullet|ordered|numbered|unordered)?_?-?(?:list|ul|ol)", re.IGNORECASE)
_ITEM = re.compile(r"li|list_?item|(?:bulleted|numbered|bullet|number)_?list_?item", re.IGNORECASE)
_HEADING = re.compile(r"(?:mj-)?(?:heading|header|h)[-_ ]?([1-6])?|title", re.IGNORECASE)
_PARAGRAPH = re.compile(r"p|para(?:graph)?|callout|toggle|to_do", re.IGNORECASE)
_QUOTE = re.compile(r"quote|block_?quote|pull_?quote", re.IGNORECASE)
_RULE = re.compile(
    r"delimiter|divider|hr|horizontal_?rule|thematic_?break|mj-divider", re.IGNORECASE
)
_PICTURE = re.compile(r"(?:mj-)?(?:image|img|captioned_?image|picture|figure)2?", re.IGNORECASE)
_BUTTON = re.compile(r"(?:mj-)?(?:button|cta)\w*", re.IGNORECASE)
_STRONG = ("bold", "strong", "b")
_EM = ("italic", "em", "i")
_BOLD_BIT, _ITALIC_BIT = 1, 2


def is_tree(value: object) -> bool:
    """Whether *value* is such a document, or the list of nodes that one begins with."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(one, dict) and _is_node(one) for one in value)
    return isinstance(value, dict) and (_is_node(value) or is_tree(_root(value)))


def tree_html(value: object) -> str:
    """The document's text, lists, links, pictures and buttons."""
    return "".join(_nodes(_root(value) if isinstance(value, dict) else value, {}, _DEEPEST))


def _root(value: Mapping[str, Any]) -> object:
    """The nodes of a document that wraps them: ``{"blocks": […]}``, ``{"root": {…}}``."""
    for key in ("root", "doc", "document", "body", "blocks", "results", "rows"):
        inner = value.get(key)
        if isinstance(inner, dict | list) and not _is_node(value):
            return inner
    return [value] if _is_node(value) else None


def _is_node(value: Mapping[str, Any]) -> bool:
    return (
        any(isinstance(value.get(key), str) for key in _KINDS)
        and any(key in value for key in (*_INNER, *_ATTRIBUTES, *_TEXTS, str(_kind(value))))
        and "kind" not in value
    ) or any(
        isinstance(value.get(key), list) for key in ("columns", "rows", "contents", "children")
    )


def _kind(node: Mapping[str, Any]) -> str:
    if isinstance(node.get("listItem"), str):  # Portable Text
        return "listItem"
    kind = next((node[key] for key in _KINDS if isinstance(node.get(key), str)), "")
    style = node.get("style")
    if kind == "block":
        return str(node.get("type") or (style if isinstance(style, str) else "") or "paragraph")
    return kind


def _nodes(value: object, links: Mapping[str, str], depth: int) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _nodes(one, links, depth)
    elif isinstance(value, str):
        yield text_of(value) if value.strip() else value
    elif isinstance(value, dict) and depth:
        yield _node(value, links, depth - 1)


def _node(node: Mapping[str, Any], links: Mapping[str, str], depth: int) -> str:
    kind = _kind(node)
    facts = _attributes(node, kind)
    links = {**links, **dict(_definitions(node))}
    said = next((facts[key] for key in _TEXTS if isinstance(facts.get(key), str)), "")
    inner = _spaced(said) if said else ""
    for key in _INNER:
        if isinstance(facts.get(key), list | str):
            inner += "".join(_nodes(facts[key], links, depth))
            break
    return _drawn(kind, facts, _marked(inner, facts, links) if said else inner)


def _attributes(node: Mapping[str, Any], kind: str) -> dict[str, Any]:
    facts = dict(node)
    for key in (*_ATTRIBUTES, kind):
        if isinstance(node.get(key), dict):
            facts.update(node[key])
    return facts


def _definitions(node: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    listed = node.get("markDefs")
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, dict) and isinstance(one.get("href"), str):
            yield str(one.get("_key")), one["href"]


def _spaced(text: str) -> str:
    """*text* as HTML with the blanks at its ends, which part it from its neighbours."""
    stripped = text_of(text)
    before = " " if text[:1].isspace() else ""
    return f"{before}{stripped}{' ' if text[-1:].isspace() else ''}"


def _marked(html: str, facts: Mapping[str, Any], links: Mapping[str, str]) -> str:
    marks = facts.get("marks")
    named = {str(one.get("type")) if isinstance(one, dict) else str(one) for one in marks or []}
    bits = facts["format"] if isinstance(facts.get("format"), int) else 0
    named |= {key for key in (*_STRONG, *_EM) if facts.get(key) is True}
    if named.intersection(_STRONG) or bits & _BOLD_BIT:
        html = f"<strong>{html}</strong>"
    if named.intersection(_EM) or bits & _ITALIC_BIT:
        html = f"<em>{html}</em>"
    address = next((links[name] for name in named if name in links), "")
    for one in marks if isinstance(marks, list) else []:
        if isinstance(one, dict) and one.get("type") == "link":
            address = _address(_attributes(one, "link")) or address
    if not address and isinstance(facts.get("href"), str) and not _kind(facts):
        address = facts["href"]
    return f'<a href="{escape(address)}">{html}</a>' if address else html


def _address(facts: Mapping[str, Any]) -> str:
    """Where a link, a picture or a button leads, however deep its address stands."""
    for key in (*_ADDRESSES, "file", "values"):
        value = facts.get(key)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, dict) and (found := _address(value)):
            return found
    return ""


def _drawn(kind: str, facts: Mapping[str, Any], inner: str) -> str:
    if _BUTTON.fullmatch(kind):
        return f'<p><a class="button" href="{escape(_address(facts))}">{inner}</a></p>'
    if kind in ("link", "a", "autolink"):
        return f'<a href="{escape(_address(facts))}">{inner}</a>'
    if _PICTURE.fullmatch(kind):
        alt = next((facts[key] for key in ("alt", "altText", "caption") if facts.get(key)), "")
        source = facts.get("src") or facts.get("file") or facts.get("url")
        address = source if isinstance(source, str) else _address({"file": source})
        shown = escape(alt) if isinstance(alt, str) else ""
        return f'<p><img src="{escape(address)}" alt="{shown}"></p>{inner}'
    if _RULE.fullmatch(kind):
        return "<hr>"
    return _worded(kind, facts, inner)


def _worded(kind: str, facts: Mapping[str, Any], inner: str) -> str:
    if not inner.strip():
        return inner
    if heading := _HEADING.fullmatch(kind):
        told = heading[1] or facts.get("level") or str(facts.get("tag") or "")[-1:]
        level = int(told) if str(told).isdigit() and 0 < int(told) <= 6 else 2
        return f"<h{level}>{inner}</h{level}>"
    if _ITEM.fullmatch(kind):
        return f"<ul><li>{inner}</li></ul>"
    if _LISTS.fullmatch(kind):
        items = facts.get("items")
        if isinstance(items, list):  # Editor.js: words, or words with inner lists
            return f"<ul>{''.join(f'<li>{text_of(_said(one))}</li>' for one in items)}</ul>"
        return inner
    if _QUOTE.fullmatch(kind):
        return f"<blockquote><p>{inner}</p>{_credit(facts)}</blockquote>"
    if _PARAGRAPH.fullmatch(kind) or kind in ("normal", "mj-text"):
        return f"<p>{inner}</p>"
    return inner


def _said(item: object) -> object:
    return item.get("content", item.get("text")) if isinstance(item, dict) else item


def _credit(facts: Mapping[str, Any]) -> str:
    caption = text_of(facts.get("caption"))
    return f"<p>{caption}</p>" if caption else ""
