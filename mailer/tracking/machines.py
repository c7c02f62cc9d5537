"""Tells link scanners, prefetchers and previews from people, and says how."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_PREFETCH_HEADERS = frozenset({b"purpose", b"sec-purpose", b"x-purpose", b"x-moz"})
_PREFETCH_WORDS = (b"prefetch", b"prerender", b"preview")

# Names that programs give themselves; a scanner that poses as a browser is not found here.
_AGENTS = re.compile(
    r"bot\b|bot/|crawler|spider|slurp|preview|headless|phantomjs|imageproxy|mailproxy"
    r"|barracuda|mimecast|proofpoint|ironport|cloudmark|zscaler|trendmicro|symantec|safelinks"
    r"|urlscan|virustotal|google-safety|facebookexternalhit|whatsapp/|skypeuripreview"
    r"|^curl/|^wget/|^python|^go-http-client|^java/|^okhttp/|^axios/|^node|libwww|apache-httpclient",
    re.IGNORECASE,
)


def machine_reason(method: str, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Why this request is likely no person's click; ``None`` when nothing says so."""
    if method == "HEAD":
        return "HEAD request"
    agent = b""
    for name, value in headers:
        if name == b"user-agent":
            agent = value
        elif name in _PREFETCH_HEADERS and any(word in value.lower() for word in _PREFETCH_WORDS):
            return "prefetch"
    return _agent_reason(agent)


# Who fetches pictures before, or whether or not, somebody looks: told by the exact words they use.
_AHEAD = {
    b"Mozilla/5.0": "Apple Mail Privacy Protection",
    b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    b"Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0": "Gmail, ahead of the reader",
}
# These hide who looks, yet fetch when somebody does.
_ON_BEHALF = (b"GoogleImageProxy", b"YahooMailProxy")


def open_machine_reason(method: str, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Why this fetch of a picture likely shows no person; ``None`` when nothing says so."""
    known = list(headers)
    agent = next((value for name, value in known if name == b"user-agent"), b"")
    if agent.strip() in _AHEAD:
        return _AHEAD[agent.strip()]
    if method != "HEAD" and any(proxy in agent for proxy in _ON_BEHALF):
        return None
    return machine_reason(method, known)


@lru_cache(maxsize=4096)
def _agent_reason(agent: bytes) -> str | None:
    if not agent:
        return "no user agent"
    found = _AGENTS.search(agent.decode("latin-1"))
    return f"agent {found[0].strip('/').lower()}"[:60] if found else None
