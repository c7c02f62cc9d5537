"""Fills the templates of web pages: the only importer of Jinja2 for the web."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from mailer.clock import Clock
from mailer.rendering.environment import shipped_templates

_AROUND = re.compile(r"^[a-z]+://(www\.)?|[?#].*$", re.DOTALL)
_BREAKS = re.compile(r"([@.])")

STATIC = Path(__file__).parent / "static"
VERSION = version("mailer")


class Pages:
    """Templates of ``templates/web``; everything put into them is escaped."""

    def __init__(self, base: str, clock: Clock, *, inbox: bool) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(shipped_templates() / "web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            base=base,
            inbox=inbox,
            version=VERSION,
            asset=lambda name: f"{base}/static/{name}?{_fingerprint(name)}",
            ago=lambda moment: ago(clock() - moment),
        )
        self._environment.filters.update(
            n=grouped, utc=utc_words, stamp=stamp, where=where, breakable=breakable
        )

    def answer(
        self,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """One page; browsers keep no copy of it."""
        html = self._environment.get_template(template).render(values)
        return HTMLResponse(html, status, {"cache-control": "no-store", **(headers or {})})


@cache
def _fingerprint(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]


def grouped(number: int) -> str:
    """1234567 as ``1,234,567``."""
    return f"{number:,}"


def where(url: str) -> str:
    """Host and path of *url*: what people know it by."""
    return _AROUND.sub("", url).removesuffix("/")


def breakable(address: str) -> Markup:
    """*address* with places where a narrow screen may break it."""
    return Markup(_BREAKS.sub(r"<wbr>\1", str(escape(address))))  # noqa: S704  # escaped


def utc_words(moment: datetime) -> str:
    """``2 Nov 2026, 12:00 UTC``."""
    moment = moment.astimezone(UTC)
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"


def stamp(moment: datetime) -> str:
    """For the datetime attribute of ``<time>``."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"))


def ago(past: timedelta) -> str:
    """``just now``, ``5 minutes ago``, ``in 2 hours``."""
    seconds = past.total_seconds()
    for size, unit in _UNITS:
        count = int(abs(seconds) // size)
        if count:
            words = f"{count} {unit}{'s' * (count > 1)}"
            return f"{words} ago" if seconds > 0 else f"in {words}"
    return "just now" if seconds >= 0 else "in a moment"
