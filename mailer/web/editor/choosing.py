"""Which newsletter somebody works on, where there are several: named once, then remembered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from starlette.requests import Request
from starlette.responses import Response

_COOKIE = "mailer_newsletter"
_YEAR = 365 * 24 * 3600
_MOST_NUMBER = 2**31 - 1


class Named(Protocol):
    """Something with a newsletter's slug."""

    @property
    def slug(self) -> str:
        """The newsletter's short name."""
        ...


One = TypeVar("One", bound=Named)


def chosen(request: Request, newsletters: Sequence[One]) -> One | None:
    """The newsletter that the address names, or one before did; ``None``: all of several."""
    slug = request.query_params.get("newsletter", request.cookies.get(_COOKIE, ""))
    if len(newsletters) == 1:
        return newsletters[0]
    return next((one for one in newsletters if one.slug == slug), None)


def remember(request: Request, response: Response) -> None:
    """Keep what the address names for the pages that follow."""
    slug = request.query_params.get("newsletter")
    if slug is not None:
        response.set_cookie(
            _COOKIE,
            slug,
            max_age=_YEAR if slug else 0,
            path=request.scope.get("root_path") or "/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )


def number(text: str) -> int | None:
    """A number of the address, if it is one that a database counts to."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        return None
    value = int(text)
    return value if value <= _MOST_NUMBER else None
