"""The sources of mails written in MJML, as the HTML they stand for."""

from __future__ import annotations

import re

_OPENING = re.compile(
    r"""<mj-([a-z]+(?:-[a-z]+)?)((?:[^<>"']|"[^"]*"|'[^']*'){0,4000}?)(/?)>""", re.IGNORECASE
)
_CLOSING = re.compile(r"</mj-([a-z]+(?:-[a-z]+)?)\s*>", re.IGNORECASE)
_HEAD = re.compile(
    r"<mj-(style|attributes|font|breakpoint|html-attributes|include)\b[^>]{0,4000}?"
    r"(?:/>|>.*?</mj-\1\s*>)",
    re.IGNORECASE | re.DOTALL,
)
_HREF = re.compile(r"""\bhref\s*=\s*("[^"]*"|'[^']*')""", re.IGNORECASE)
_LINKS = frozenset(("button", "social-element", "navbar-link"))
_VOID = {"image": "img", "divider": "hr", "spacer": ""}
_NAMED = {"title": "title", "table": "table"}


def is_mjml(text: str) -> bool:
    """Whether *text* is one."""
    return text.lstrip()[:200].lower().startswith("<mjml") or "<mjml>" in text[:2000].lower()


def as_html(text: str) -> str:
    """*text* in HTML: its words, links, pictures and buttons."""
    return _CLOSING.sub(_closed, _OPENING.sub(_opened, _HEAD.sub("", text)))


def _opened(found: re.Match[str]) -> str:
    name, attributes, alone = found[1].lower(), found[2], found[3]
    if name in _VOID:
        return _drawn(_VOID[name], attributes)
    if name in _LINKS:
        kind = ' class="button"' if name == "button" else ""
        return f"<p><a{kind}{attributes}>" + ("</a></p>" if alone else "")
    if name == "preview":
        return '<div style="display:none">'
    tag = _NAMED.get(name, "div")
    return f"<{tag}>" + (f"</{tag}>" if alone else "")


def _drawn(tag: str, attributes: str) -> str:
    if not tag:
        return ""
    href = _HREF.search(attributes)
    return f"<a href={href[1]}><{tag}{attributes}></a>" if href else f"<{tag}{attributes}>"


def _closed(found: re.Match[str]) -> str:
    name = found[1].lower()
    if name in _VOID:
        return ""
    return "</a></p>" if name in _LINKS else f"</{_NAMED.get(name, 'div')}>"
