"""The cookie of a session, and of the one notice that the next page shows."""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import asdict, dataclass
from typing import Literal
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

from mailer.staffing.sessions import LONGEST
from mailer.web.site import Site, base_path, site_of

_NOTICE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Notice:
    """What the next page says once; *undo* is where a button takes it back."""

    words: str
    kind: Literal["good", "bad"] = "good"
    undo: str = ""


def session_token(connection: HTTPConnection) -> str | None:
    """The token of the browser's session, if it has one."""
    return connection.cookies.get(_name(site_of(connection), "session"))


def sign_in(response: Response, site: Site, token: str) -> None:
    """Let the browser keep its session."""
    _set(response, site, "session", token, int(LONGEST.total_seconds()))


def sign_out(response: Response, site: Site) -> None:
    """Let the browser forget its session."""
    _set(response, site, "session", "", 0)


def put_notice(response: Response, site: Site, token: str, notice: Notice) -> None:
    """Say something on the next page of this session."""
    text = base64.urlsafe_b64encode(json.dumps(asdict(notice)).encode()).decode()
    _set(response, site, "notice", f"{_signature(token, text)}.{text}", _NOTICE_SECONDS)


def take_notice(connection: HTTPConnection, token: str) -> Notice | None:
    """What the page before wanted to be said; nobody else can put words here."""
    value = connection.cookies.get(_name(site_of(connection), "notice"), "")
    signature, _, text = value.partition(".")
    if not text or not hmac.compare_digest(signature.encode(), _signature(token, text).encode()):
        return None
    return Notice(**json.loads(base64.urlsafe_b64decode(text)))


def clear_notice(response: Response, site: Site) -> None:
    """It was said."""
    _set(response, site, "notice", "", 0)


def _signature(token: str, text: str) -> str:
    return hmac.new(token.encode(), b"mailer: notice" + text.encode(), "sha256").hexdigest()


def _set(response: Response, site: Site, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        _name(site, name),
        value,
        max_age=seconds,
        path=_path(site),
        secure=_is_secure(site),
        httponly=True,
        samesite="lax",
    )


def _name(site: Site, name: str) -> str:
    """With the prefix that makes browsers refuse what a neighbour of our domain sets."""
    if not _is_secure(site):
        return f"mailer_{name}"
    return f"__Host-mailer_{name}" if _path(site) == "/" else f"__Secure-mailer_{name}"


def _path(site: Site) -> str:
    return base_path(site.mailer.settings.base_url) or "/"


def _is_secure(site: Site) -> bool:
    return urlsplit(site.mailer.settings.base_url).scheme == "https"
