"""Tells from an HTML element's attributes how it looks: hidden, large, drawn as a button."""

from __future__ import annotations

import re

from lxml import etree

_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|max-height\s*:\s*0"
    r"|opacity\s*:\s*0(?![.\d])",
    re.IGNORECASE,
)
_SIZE = re.compile(r"font-size\s*:\s*(\d{1,3})(?:\.\d+)?px", re.IGNORECASE)
_BIG = 20
_WEIGHT = re.compile(r"font-weight\s*:\s*(?:(bold|[6-9]00)|(normal|[1-4]00))", re.IGNORECASE)
_SLANT = re.compile(r"font-style\s*:\s*(?:(italic|oblique)|(normal))", re.IGNORECASE)
_PRE = re.compile(r"white-space\s*:\s*(?:pre|break-spaces)", re.IGNORECASE)
_BUTTON_NAME = re.compile(r"button(?!-group)|\bbtn|\bcta\b", re.IGNORECASE)
_BACKGROUND = re.compile(r"background(?:-color)?\s*:\s*(?!none|transparent|inherit)", re.IGNORECASE)


def is_hidden(element: etree._Element) -> bool:
    """Whether readers do not see *element*, as with a preheader."""
    return element.get("hidden") is not None or bool(_HIDDEN.search(element.get("style", "")))


def is_large(style: str) -> bool | None:
    """Whether *style* writes in the size of a headline; None if it does not say."""
    size = _SIZE.search(style)
    return int(size[1]) >= _BIG if size else None


def is_bold(style: str) -> bool | None:
    """None if *style* does not say."""
    weight = _WEIGHT.search(style)
    return bool(weight[1]) if weight else None


def is_slanted(style: str) -> bool | None:
    """None if *style* does not say."""
    slant = _SLANT.search(style)
    return bool(slant[1]) if slant else None


def keeps_spaces(style: str) -> bool:
    return bool(_PRE.search(style))


def is_button(link: etree._Element) -> bool:
    """Whether *link*, or the table cell around it, is drawn as a button."""
    cell = link.getparent()
    return (
        bool(_BUTTON_NAME.search(link.get("class", "")))
        or link.get("role") == "button"
        or bool(_BACKGROUND.search(link.get("style", "")))
        or (cell is not None and cell.tag == "td" and _is_button_cell(cell))
    )


def _is_button_cell(cell: etree._Element) -> bool:
    return bool(cell.get("bgcolor") or _BUTTON_NAME.search(cell.get("class", "")))
