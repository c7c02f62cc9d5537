"""``/issues/<id>``: the page of the composer, and new issues to write in it."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mailer.composing import editing, picturing
from mailer.database.engine import reading, transaction
from mailer.database.tables import CustomField, Newsletter
from mailer.errors import ConfigurationError, NotFound
from mailer.rendering.environment import shipped_templates
from mailer.staffing.permissions import Permission
from mailer.web import languages
from mailer.web.editor.access import field, staff_of, staff_route
from mailer.web.editor.composer.answers import author_of, issue_id_of
from mailer.web.editor.shell import answer
from mailer.web.headers import PAGE_POLICY
from mailer.web.pages import STATIC
from mailer.web.site import site_of

# Pictures of issues may stand anywhere on the web; the preview is a frame of our own.
_POLICY = (
    PAGE_POLICY.replace("img-src 'self' data:", "img-src 'self' https: http: data:")
    + "; frame-src 'self'"
)
ICONS = "dist/icons.svg"


def compose(request: Request) -> Response:
    """Write an issue; whoever may only look, or comes too late, is led to its review."""
    site, issue_id = site_of(request), _issue_id(request)
    base = request.scope.get("root_path", "")
    with reading(site.mailer.engine) as session:
        opened = _opened(session, issue_id)
        sender = opened.issue.newsletter
        fields = session.scalars(select(CustomField.name).order_by(CustomField.name)).all()
    changeable = opened.issue.state in editing.CHANGEABLE
    if not changeable or not staff_of(request).may(Permission.COMPOSE):
        return RedirectResponse(f"{base}/issues/{issue_id}/review", 303)
    files, author = built(), author_of(request)
    boot = {
        "issue": {
            "id": issue_id,
            "name": sender.name,
            "version": opened.version,
            "doc": opened.document,
            "by": opened.by,
        },
        "sender": sender.from_name,
        "user": author.name,
        "fields": list(fields),
        "languages": mail_languages(),
        "headers": dict(author.headers),
        "words": _words(languages.current().language),
        "urls": _urls(base, issue_id),
    }
    return answer(
        request,
        "editor/composer.html",
        headers={"content-security-policy": _POLICY},
        boot=_script_safe(boot),
        built=files,
        title=opened.document.get("subject") or "New issue",
    )


def begin(request: Request) -> Response:
    """A new issue of the newsletter named in the form."""
    mailer = site_of(request).mailer
    with transaction(mailer.engine) as session:
        newsletter = session.scalars(
            select(Newsletter).where(Newsletter.slug == field(request, "newsletter"))
        ).one_or_none()
        if newsletter is None:
            raise HTTPException(404)
        author = author_of(request)
        issue = editing.begin(
            session, newsletter, by=author.name, by_id=author.id, now=mailer.clock()
        )
    return _to_composer(request, issue.id)


def double(request: Request) -> Response:
    """A new draft that says what this issue says."""
    mailer = site_of(request).mailer
    with transaction(mailer.engine) as session:
        _opened(session, _issue_id(request))
        issue = editing.double(
            session, _issue_id(request), by=author_of(request).name, now=mailer.clock()
        )
    return _to_composer(request, issue.id)


def _to_composer(request: Request, issue_id: int) -> Response:
    return RedirectResponse(f"{request.scope.get('root_path', '')}/issues/{issue_id}", 303)


def _issue_id(request: Request) -> int:
    try:
        return issue_id_of(request)
    except NotFound as error:
        raise HTTPException(404) from error


def _opened(session: Session, issue_id: int) -> editing.Opened:
    try:
        return editing.open_issue(session, issue_id)
    except NotFound as error:
        raise HTTPException(404) from error


def _urls(base: str, issue_id: int) -> dict[str, Any]:
    issue = f"{base}/issues/{issue_id}"
    return {
        name: f"{issue}/{name}"
        for name in (
            "document",
            "preview",
            "events",
            "versions",
            "readers",
            "paste",
            "file",
            "test",
        )
    } | {
        "review": f"{issue}/review",
        "saved": f"{base}/saved-blocks",
        "pictures": f"{base}/pictures",
        "frame": f"{base}/preview-frame",
        "back": f"{base}/",
        "mostBytes": picturing.MOST_BYTES,
    }


def _script_safe(value: Any) -> Markup:
    """JSON that no text in it can end early."""
    return Markup(json.dumps(value, ensure_ascii=False).replace("<", "\\u003c"))  # noqa: S704  # ours


def built() -> dict[str, Any]:
    """Addresses of the built script, its styles and its icons, below ``/static``.

    Read anew each time: `make watch` builds while the server runs. ``ConfigurationError`` where
    nothing was built.
    """
    try:
        manifest = json.loads((STATIC / "dist" / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(
            "The composer has not been built. In the program's folder, make assets does it; "
            "issues can be brought in by mailer issue import meanwhile."
        ) from error
    entry = manifest["src/composer.js"]
    return {
        "script": f"dist/{entry['file']}",
        "styles": [f"dist/{name}" for name in entry.get("css", [])],
        "icons": ICONS,
    }


@cache
def _words(language: str) -> dict[str, str]:
    """What the composer says in *language*, where somebody translated it."""
    known = json.loads((STATIC / "dist" / "words.json").read_text(encoding="utf-8"))
    catalogue = languages.catalogue(language)
    translated = {text: catalogue.gettext(text) for text in known}
    return {text: words for text, words in translated.items() if words != text}


@cache
def mail_languages() -> list[tuple[str, str]]:
    """Languages that mails speak, by their own names."""
    codes = sorted(path.stem for path in (shipped_templates() / "words").glob("*.toml"))
    return [(code, languages.own_name(code)) for code in codes]


ROUTES = [
    staff_route("/issues/{id:int}", compose),
    staff_route("/issues", begin, method="POST", may=Permission.COMPOSE),
    staff_route("/issues/{id:int}/double", double, method="POST", may=Permission.COMPOSE),
]
