"""What every page needs: the installation, and the templates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from mailer.bootstrap import Mailer
from mailer.tracking.remembered import FigureCache
from mailer.web.pages import Pages


@dataclass(frozen=True, slots=True)
class Site:
    """One installation on the web."""

    mailer: Mailer
    pages: Pages
    inbox: bool
    figures: FigureCache = field(default_factory=FigureCache)


def site_of(request: HTTPConnection) -> Site:
    """The site that this request came to."""
    return cast("Site", request.app.state.site)


def is_stopping(request: HTTPConnection) -> bool:
    """Is the server about to end? Open streams would hold it up."""
    stopping = getattr(request.app.state, "stopping", None)
    return stopping is not None and stopping()


def base_path(base_url: str) -> str:
    """The path that all our addresses begin with: ``""``, or like ``/news``."""
    return urlsplit(base_url).path.rstrip("/")
