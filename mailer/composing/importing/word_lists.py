"""The lists of Word and Outlook, which are paragraphs of a class, as lists."""

from __future__ import annotations

import re

_ITEM = re.compile(r"<p\b[^>]*\bMsoListParagraph[^>]*>(.*?)</p>", re.IGNORECASE | re.DOTALL)
# Each has its bullet or number in a part for browsers that know no lists.
_MARKER = re.compile(
    r"<!(?:--)?\[if !supportLists\](?:--)?>(.*?)<!(?:--)?\[endif\](?:--)?>",
    re.IGNORECASE | re.DOTALL,
)
_NOT_SEEN = re.compile(r"<[^>]*>|&nbsp;|\s")
_NUMBER = re.compile(r"\(?[0-9a-z]{1,4}[.)]", re.IGNORECASE)
_SEAM = re.compile(r"</(ul|ol)>\s*<\1>")


def with_lists(html: str) -> str:
    """*html* with them; everything else as it was."""
    if "MsoListParagraph" not in html:
        return html
    return _SEAM.sub("", _ITEM.sub(_item, html))


def _item(match: re.Match[str]) -> str:
    marker = _MARKER.search(match[1])
    shown = _NOT_SEEN.sub("", marker[1]) if marker else ""
    if not shown:
        return match[0]
    kind = "ol" if _NUMBER.match(shown) else "ul"
    return f"<{kind}><li>{_MARKER.sub('', match[1], count=1)}</li></{kind}>"
