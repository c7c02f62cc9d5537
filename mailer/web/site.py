"""What every page needs: the installation, and the templates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from mailer.bootstrap import Mailer
from mailer.web.pages import Pages


@dataclass(frozen=True, slots=True)
class Site:
    """One installation on the web."""

    mailer: Mailer
    pages: Pages
    inbox: bool


def site_of(request: HTTPConnection) -> Site:
    """The site that this request came to."""
    return cast("Site", request.app.state.site)


def base_path(base_url: str) -> str:
    """The path that all our addresses begin with: ``""``, or like ``/news``."""
    return urlsplit(base_url).path.rstrip("/")
