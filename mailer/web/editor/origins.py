"""Where a request comes from: one of our own pages, this machine, which browser."""

from __future__ import annotations

import base64
import hmac
import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection

from mailer.staffing.sessions import Visitor
from mailer.web.clients import asker, kept

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# Names that no stranger can point at this machine (DNS rebinding), and that are not the public's.
_PRIVATE_NAME = re.compile(r"[^.]+|.+\.(localhost|local|lan|internal|test|home\.arpa)")
_FORWARDED = ("x-forwarded-for", "x-forwarded-host", "forwarded", "x-real-ip")


def is_same_site(headers: Headers, base_url: str) -> bool:
    """Does the browser say that one of our own pages asks? What is no browser says nothing."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is None:
        return True
    return urlsplit(origin).netloc in {headers.get("host"), urlsplit(base_url).netloc}


def is_at_machine(connection: HTTPConnection) -> bool:
    """Was this asked for on the machine itself: by a private name, and through no proxy?"""
    if any(name in connection.headers for name in _FORWARDED):
        return False
    return _is_private(_hostname(connection.headers.get("host", "")))


def form_token(session_token: str) -> str:
    """What every form of one session carries: nobody can make it who does not know the cookie."""
    digest = hmac.digest(session_token.encode(), b"mailer: forms", "sha256")
    return base64.urlsafe_b64encode(digest[:24]).decode()


def is_form_token(given: str, session_token: str) -> bool:
    """Is it the one of this session?"""
    return hmac.compare_digest(given.encode(), form_token(session_token).encode())


def visitor_of(connection: HTTPConnection) -> Visitor:
    """What the browser tells of itself; of its address the network: more says too much of a person."""
    network = kept(asker(connection), "truncated") or "unknown"
    return Visitor(connection.headers.get("user-agent", "")[:300], network)


def _hostname(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


def _is_private(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return bool(_PRIVATE_NAME.fullmatch(name))
    return True
