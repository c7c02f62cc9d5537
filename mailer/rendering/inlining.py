"""Style sheets written into the elements of a mail, once per issue: the only place for premailer."""

from __future__ import annotations

import hashlib
import logging
import os
import re
from html import unescape
from threading import Lock
from typing import Any

import cssutils

from mailer.errors import ConfigurationError, InvalidIssue

# Read when premailer is imported. One theme has more rules than its 128 places, which then never
# serve twice: 120 ms an issue instead of 50.
os.environ.setdefault("PREMAILER_CACHE_MAXSIZE", "2048")
from premailer import Premailer

DEEPEST = 200  # libxml2 cuts silently below 254

_log = logging.getLogger(__name__)
cssutils.log.setLog(_log)
cssutils.log.setLevel(logging.WARNING)
cssutils.ser.prefs.minimizeColorHash = False  # #rrggbb is understood everywhere
_one_at_a_time = Lock()  # cssutils keeps state in its module, and we our sheets
_sheets: dict[tuple[str, int], Any] = {}
_MOST_SHEETS = 64  # one for each look of a newsletter

_QUOTED = r""""[^"]*"|'[^']*'"""
_DOCTYPE = re.compile(r"^[\ufeff\s]*(?:<!--.*?-->\s*)*<!doctype\b", re.IGNORECASE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_SHEET = re.compile(r"<style(?P<attributes>[^>]*)>(?P<css>.*?)</style>", re.IGNORECASE | re.DOTALL)
_CSS_WORDS = re.compile(rf"/\*.*?\*/|{_QUOTED}", re.DOTALL)
_AT_RULE = re.compile(r"@(?:[\w-]|\\)+")
_TAG = re.compile(rf"<(?P<end>/?)(?P<name>[a-zA-Z][\w:-]*)(?:[^>\"']|{_QUOTED})*>")
_VOID = frozenset(
    {
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
    }
)
# Addresses, and words of people: as they were escaped, they come out again.
_KEPT = re.compile(r'(?<=\s)(?P<name>href|src|alt|title|aria-label)="(?P<value>[^"]*)"')
_LINK_AROUND_BLOCK = re.compile(
    r"<a\s(?:(?!</a>).)*?<(table|tr|td|div|p|h[1-6]|ul|ol|li|blockquote)\b", re.DOTALL
)
# Written as entities: mail programs have been seen to clip or damage a mail at the bare letters.
_ENTITIES = {
    "\u00a0": "&nbsp;",
    "\u00a9": "&copy;",
    "\u00ad": "&shy;",
    "\u00ae": "&reg;",
    "\u034f": "&#847;",
    "\u200b": "&#8203;",
    "\u200c": "&zwnj;",
    "\u200d": "&zwj;",
    "\u200e": "&lrm;",
    "\u200f": "&rlm;",
    "\u2028": " ",
    "\u2029": " ",
    "\u2122": "&trade;",
    "\ufeff": "",
}
_NAMED = re.compile(f"[{''.join(_ENTITIES)}]")


class _Inliner(Premailer):  # type: ignore[misc]  # untyped
    """Premailer that reads a style sheet once: a preview inlines the same one with every pause."""

    def _parse_style_rules(self, css_body: str, ruleset_index: int) -> Any:
        key = (css_body, ruleset_index)
        if key not in _sheets:
            if len(_sheets) >= _MOST_SHEETS:
                _sheets.clear()
            _sheets[key] = super()._parse_style_rules(css_body, ruleset_index)
        rules, leftover = _sheets[key]
        return list(rules), leftover


def inline(html: str) -> str:
    """*html* with its style sheets in its elements; those marked to be ignored stay as they are.

    Addresses and words come out as they went in. ``ConfigurationError`` when the theme holds
    what cannot be inlined without loss, ``InvalidIssue`` when the content is nested too deeply.
    """
    _check_sheets(html)
    _check_elements(html)
    html = "<!DOCTYPE" + _DOCTYPE.sub("", html, count=1) if _DOCTYPE.match(html) else html
    mark = "x" + hashlib.sha256(html.encode()).hexdigest()[:16]
    kept: list[str] = []

    def hidden(match: re.Match[str]) -> str:
        kept.append(match["value"])
        return f'{match["name"]}="{mark}{len(kept) - 1}"'

    with _one_at_a_time:
        inlined: str = _Inliner(
            _KEPT.sub(hidden, html),
            strip_important=False,
            keep_style_tags=False,
            allow_network=False,
            disable_basic_attributes=["width", "height", "align", "valign", "bgcolor"],
            disable_validation=True,
            align_floating_images=False,
            include_star_selectors=False,
        ).transform(pretty_print=False)
    inlined = re.sub(rf'"{mark}(\d+)"', lambda match: f'"{kept[int(match[1])]}"', inlined)
    if _words(inlined) != _words(html):
        raise ConfigurationError(
            "Writing the styles into the mail changed its words; the theme's HTML is not well-formed."
        )
    return _NAMED.sub(lambda match: _ENTITIES[match[0]], inlined)


def _check_sheets(html: str) -> None:
    if re.search(r"<link\b[^>]*stylesheet", _COMMENT.sub("", html), re.IGNORECASE):
        raise ConfigurationError("A theme cannot link style sheets: put the rules into <style>.")
    for sheet in _SHEET.finditer(_COMMENT.sub("", html)):
        if "data-premailer" in sheet["attributes"]:
            continue
        rule = _AT_RULE.search(_CSS_WORDS.sub("", sheet["css"]))
        if rule:
            raise ConfigurationError(
                f"The theme's style sheet holds {rule[0]}, which cannot be inlined: put it into "
                '<style data-premailer="ignore"> (or the file kept.css); @import is not possible.'
            )


def _check_elements(html: str) -> None:
    body = _SHEET.sub("", _COMMENT.sub("", html))
    wrapping = _LINK_AROUND_BLOCK.search(body)
    if wrapping:
        raise ConfigurationError(
            f"The theme puts <{wrapping[1]}> inside a link, which empties the link: "
            "put the link inside instead."
        )
    depth = 0
    for tag in _TAG.finditer(body):
        if tag["name"].lower() in _VOID or tag[0].endswith("/>"):
            continue
        depth += -1 if tag["end"] else 1
        if depth > DEEPEST:
            raise InvalidIssue(
                "More than {most} elements stand inside each other, which mail programs cut "
                "off; write lists with fewer levels",
                most=DEEPEST,
            )


def _words(html: str) -> str:
    """What is read, without blanks; independent of the parser that premailer uses."""
    bare = _TAG.sub("", _SHEET.sub("", _COMMENT.sub("", html)))
    return "".join(unescape(bare).split()).partition("<!DOCTYPEhtml>")[2]
