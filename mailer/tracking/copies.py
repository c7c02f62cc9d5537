"""An issue as a web page: a reader's own copy, or everybody's with nobody's data in it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from markupsafe import escape

from mailer.placeholders import TOKEN, TOKEN_MARK, find, split

NOBODY = "public"  # stands for the token in the public copy: its links open a page that explains


def fields_of(html: str) -> frozenset[str]:
    """Which of a subscriber's fields *html* shows."""
    return frozenset(mark.field for mark in find(html)) - {TOKEN}


def fill(html: str, token: str, values: Mapping[str, str]) -> str:
    """*html* with every mark filled; values are escaped, missing ones become their defaults."""
    return "".join(
        part
        if isinstance(part, str)
        else token
        if part.field == TOKEN
        else str(escape(values.get(part.field) or "")) or part.default or ""
        for part in split(html)
    )


def public_copy(html: str, base_url: str, urls: Mapping[int, str]) -> str:
    """*html* with links that lead straight to their destinations and default values for marks."""
    tracked = re.compile(re.escape(f"{base_url}/c/{TOKEN_MARK}/") + r"(\d+)")

    def direct(match: re.Match[str]) -> str:
        url = urls.get(int(match[1]))
        return match[0] if url is None else str(escape(url))

    return fill(tracked.sub(direct, html), NOBODY, {})
