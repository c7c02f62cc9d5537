"""A mail inside a page: in a frame of its own, where nothing of it is alive but its links."""

from __future__ import annotations

import re

from starlette.responses import HTMLResponse, Response

from mailer.web.headers import PAGE_POLICY

# A mail may show pictures from anywhere and its own styles; scripts and forms are dead in it.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https: http: data:; "
    "font-src https: data:; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
FRAMING_POLICY = f"{PAGE_POLICY}; frame-src 'self'"  # of a page that shows one
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)
_NEW_TAB = '<base target="_blank">'


def framed(html: str) -> Response:
    """The mail for its frame; its links open in a new tab."""
    head = _HEAD.search(html)
    at = head.end() if head else 0
    return HTMLResponse(
        html[:at] + _NEW_TAB + html[at:],
        headers={"content-security-policy": _MAIL_POLICY, "cache-control": "no-store"},
    )
