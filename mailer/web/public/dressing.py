"""A reader's page in its newsletter's look and in their language; the look as a style sheet."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mailer.audience import newsletters
from mailer.audience.readers import Visit
from mailer.database.engine import reading
from mailer.database.tables import Newsletter
from mailer.rendering.colours import ink_on, mixed, readable
from mailer.rendering.fonts import fonts_for
from mailer.rendering.look import Palette, dark_palette, light_palette, parse_look
from mailer.web.headers import PAGE_POLICY
from mailer.web.languages import Speech, speaking
from mailer.web.public.visits import Form
from mailer.web.site import Site, site_of
from mailer.web.wording import phrases_of, saying, speech_for

_STRONGER = 0.25
_UNFRAMED = "frame-ancestors 'none'"


def answer(
    request: Request,
    template: str,
    *,
    newsletter: Newsletter | None,
    wanted: tuple[str | None, ...] = (),
    status: int = 200,
    leads_to: str = "",
    frames: str = "",
    listed: bool = False,
    **values: Any,
) -> HTMLResponse:
    """One page; nobody keeps a copy of it, and search engines list it only if it is *listed*.

    Its forms may lead on to the site of *leads_to*; the sites of *frames* may show it in a frame.
    """
    headers = {} if listed else {"x-robots-tag": "noindex, nofollow"}
    policy = {"content-security-policy": _policy(newsletter, leads_to, frames)}
    speech = speech_for(request, *wanted, newsletter.language if newsletter else None)
    with speaking(speech):
        return site_of(request).pages.answer(
            template,
            status=status,
            headers=headers | policy,
            t=saying(phrases_of(request, speech)),
            listed=listed,
            masthead=_masthead(request, newsletter),
            **values,
        )


def tell(
    request: Request, title: str, told: str, *, ticked: bool = True, **more: Any
) -> HTMLResponse:
    """A page that only says something, ticked where it is good news.

    *more* is as for `answer`, and a ``hint``; a ``label`` on a button to ``href``.
    """
    values = {"hint": "", "href": ""} | more
    return answer(request, "told.html", title=title, told=told, ticked=ticked, **values)


def language_asked(request: Request, form: Form | None = None) -> str | None:
    """The language that the page's address or its form names."""
    named = (form or {}).get("lang", [""])[-1] or request.query_params.get("lang", "")
    return named[:35] or None


def speech_of(request: Request, newsletter: Newsletter, form: Form | None = None) -> Speech:
    """The language of a newsletter's form: the one asked for, else the newsletter's own."""
    return speech_for(request, language_asked(request, form), newsletter.language)


def dress_of(site: Site, visit: Visit) -> Newsletter | None:
    """The newsletter in whose look a reader's own pages come."""
    if visit.dress is None:
        return None
    with reading(site.mailer.engine) as session:
        return session.get(Newsletter, visit.dress)


def style_sheet(request: Request) -> Response:
    """The look of one newsletter for our pages: colours and fonts, nothing else."""
    with reading(site_of(request).mailer.engine) as session:
        newsletter = newsletters.find(session, request.path_params["slug"])
    if newsletter is None:
        return Response(status_code=404)
    return Response(
        _sheet(newsletter),
        media_type="text/css",
        headers={"cache-control": "public, max-age=31536000, immutable"},
    )


def _masthead(request: Request, newsletter: Newsletter | None) -> Mapping[str, Any] | None:
    if newsletter is None:
        return None
    look = parse_look(newsletter.look, newsletter.name)
    version = hashlib.sha256(
        json.dumps([newsletter.look, newsletter.language], sort_keys=True).encode()
    ).hexdigest()[:10]
    path = request.url_for("look", slug=newsletter.slug).path
    return {
        "name": newsletter.name,
        "logo": look.logo,
        "logo_alt": look.logo_alt or newsletter.name,
        "logo_width": min(look.logo_width, 240),
        "sheet": f"{path}?{version}",
    }


def _policy(newsletter: Newsletter | None, leads_to: str, frames: str) -> str:
    logo = parse_look(newsletter.look, newsletter.name).logo if newsletter else None
    policy = policy_with(PAGE_POLICY, logo or "", leads_to)
    return policy.replace(_UNFRAMED, f"frame-ancestors {frames}") if frames else policy


def policy_with(policy: str, picture: str, leads_to: str = "") -> str:
    """*policy*, with the site of a picture, and one to which forms lead on, let in."""
    for directive, url in (("img-src", picture), ("form-action", leads_to)):
        if url:
            parts = urlsplit(url)
            policy = policy.replace(directive, f"{directive} {parts.scheme}://{parts.netloc}")
    return policy


def _sheet(newsletter: Newsletter) -> str:
    look = parse_look(newsletter.look, newsletter.name)
    fonts = fonts_for(look, newsletter.language)
    dark = _rules(dark_palette(look))
    return (
        f":root {{ {_rules(light_palette(look))} --sans: {fonts.body}; --display: {fonts.heading}; }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
    )


def _rules(palette: Palette) -> str:
    # Our pages write on all three.
    under = palette.surface, palette.page, palette.tint
    muted, accent = readable(palette.muted, *under), readable(palette.link, *under)
    colours = {
        "ground": palette.page,
        "surface": palette.surface,
        "sunken": palette.tint,
        "line": palette.rule,
        "line-strong": muted,
        "text": palette.text,
        "muted": muted,
        "accent": accent,
        "accent-strong": mixed(accent, palette.heading, _STRONGER),
        "accent-soft": palette.tint,
        "on-accent": ink_on(accent),
    }
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())


ROUTES = [Route("/look/{slug}.css", style_sheet, name="look")]
