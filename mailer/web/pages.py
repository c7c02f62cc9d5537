"""Fills the templates of web pages: the only importer of Jinja2 for the web."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from mailer.clock import Clock
from mailer.rendering.environment import shipped_templates
from mailer.web import languages
from mailer.web.reasons import reason_said

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
            finalize=_said,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        self._environment.install_gettext_callables(  # type: ignore[attr-defined]  # the extension's
            languages.gettext, languages.ngettext, newstyle=True
        )
        self._environment.globals.update(
            ngettext=_counting(self._environment.globals["ngettext"]),
            base=base,
            inbox=inbox,
            version=VERSION,
            asset=lambda name: f"{base}/static/{name}?{_fingerprint(name)}",
            ago=lambda moment: languages.ago_words(clock() - moment),
            speech=languages.current,
        )
        self._environment.filters.update(
            n=languages.number_words,
            percent=languages.percent_words,
            moment=languages.moment_words,
            utc=languages.moment_words,
            moment_short=languages.short_moment_words,
            stamp=stamp,
            where=where,
            breakable=breakable,
            spelled=spelled,
            zone=languages.zone_words,
            reason=reason_said,
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
        html = self.fill(template, **values)
        return HTMLResponse(html, status, {"cache-control": "no-store", **(headers or {})})

    def compile(self) -> None:
        """Read every template now, so that nobody waits for it later."""
        for name in self._environment.list_templates():
            self._environment.get_template(name)

    def fill(self, template: str, **values: Any) -> str:
        """The template's words alone."""
        return self._environment.get_template(template).render(values)


def _counting(ngettext: Any) -> Callable[..., str]:
    """Jinja's, but the number that ``%(num)s`` stands for is written as the language writes it."""

    @pass_context
    def counted(context: Context, one: str, many: str, number: int, **values: Any) -> str:
        shown = {"num": languages.number_words(number)} | values
        words: str = ngettext(context, one, many, number, **shown)
        return words

    return counted


def _said(value: Any) -> Any:
    """Sentences of errors and findings are said in the page's language, wherever they stand."""
    return languages.spoken(value) if isinstance(value, str) else value


@cache
def _fingerprint(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]


def where(url: str) -> str:
    """Host and path of *url*: what people know it by."""
    return _AROUND.sub("", url).removesuffix("/")


def breakable(address: str) -> Markup:
    """*address* with places where a narrow screen may break it."""
    return Markup(_BREAKS.sub(r"<wbr>\1", str(escape(address))))  # noqa: S704  # escaped


def spelled(address: str) -> Markup:
    """*address* in a sentence: it stands out, and keeps its direction among other letters.

    Without places to break: it goes to the next line whole, and the full stop goes with it.
    """
    return Markup('<bdi class="address" dir="ltr">{}</bdi>').format(address)


def stamp(moment: datetime) -> str:
    """For the datetime attribute of ``<time>``."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")
