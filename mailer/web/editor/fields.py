"""``/subscribers/fields``: what is kept of people, of which kind, and who may change it."""

from __future__ import annotations

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from mailer.audience import field_uses, fields
from mailer.database.engine import reading
from mailer.errors import InvalidInput
from mailer.field_kinds import EditableBy, FieldKind
from mailer.staffing.permissions import Permission
from mailer.web.editor.access import field, staff_route
from mailer.web.editor.shell import answer
from mailer.web.editor.trying import tried
from mailer.web.languages import gettext
from mailer.web.site import site_of

_HERE = "/subscribers/fields"
_MOST_OPTIONS = 20_000


def page(request: Request) -> Response:
    """All fields, and what people have that is no field yet."""
    return _page(request)


def add(request: Request) -> Response:
    """Define a field; what people have under its name is made to fit."""
    return tried(request, _add, then=_HERE, otherwise=_page)


def change(request: Request) -> Response:
    """Give a field another label, kind, …; nothing changes while a value does not fit."""
    return tried(request, _change, then=_HERE, otherwise=_page)


def remove(request: Request) -> Response:
    """Take a field away, and what people have in it if that was asked for."""
    return tried(request, _remove, then=_HERE, otherwise=_page)


def _add(request: Request, session: Session) -> str:
    _, changed = fields.add(
        session,
        field(request, "name", 60),
        _kind(request),
        now=site_of(request).mailer.clock(),
        label=field(request, "label", 200),
        options=_options(request),
        editable_by=_editable_by(request),
        default=field(request, "default") or None,
        clear_unfit=_clears(request),
    )
    return _told(changed)


def _change(request: Request, session: Session) -> str:
    kind, name, wanted = _kind(request), request.path_params["name"], field(request, "name", 60)
    if wanted.strip() and wanted.strip().lower() != name:
        name = field_uses.rename(session, name, wanted).name
    _, changed = fields.change(
        session,
        name,
        label=field(request, "label", 200),
        kind=kind,
        options=_options(request) if kind is FieldKind.CHOICE else None,
        editable_by=_editable_by(request),
        default=field(request, "default"),
        clear_unfit=_clears(request),
    )
    return _told(changed)


def _remove(request: Request, session: Session) -> str:
    with_values = field(request, "values") == "yes"
    gone = field_uses.remove(session, request.path_params["name"], with_values=with_values)
    if not with_values:
        return gettext("The field is gone; what people have in it stays.")
    return gettext("The field is gone, with the values of %(people)s people.") % {"people": gone}


def _told(changed: int) -> str:
    if not changed:
        return gettext("Saved.")
    return gettext("Saved; the values of %(people)s people were made to fit.") % {"people": changed}


def _kind(request: Request) -> FieldKind:
    try:
        return FieldKind(field(request, "kind"))
    except ValueError as error:
        raise InvalidInput("Choose what the field holds.") from error


def _editable_by(request: Request) -> EditableBy:
    return EditableBy.READER if field(request, "readers") == "yes" else EditableBy.STAFF


def _options(request: Request) -> list[str]:
    if _kind(request) is not FieldKind.CHOICE:
        return []
    return [one for one in field(request, "options", _MOST_OPTIONS).splitlines() if one.strip()]


def _clears(request: Request) -> bool:
    return field(request, "clear") == "yes"


def _page(request: Request, problem: str = "") -> Response:
    with reading(site_of(request).mailer.engine) as session:
        known, undefined = fields.every(session), fields.undefined(session)
        uses = field_uses.uses(session)
    return answer(
        request,
        "editor/fields.html",
        status=422 if problem else 200,
        fields=known,
        undefined=undefined,
        uses=uses,
        problem=problem,
        about=request.path_params.get("name", ""),
        sent=lambda name: field(request, name, _MOST_OPTIONS) if problem else None,
        wanted=request.query_params.get("name", "")[:60],
        kinds={
            "text": gettext("text"),
            "number": gettext("a number"),
            "date": gettext("a day"),
            "yes-no": gettext("yes or no"),
            "choice": gettext("one of some options"),
        },
    )


_MAY = Permission.SUBSCRIBERS
_ONE = _HERE + "/{name}"
ROUTES = [
    staff_route(_HERE, page, may=_MAY),
    staff_route(_HERE, add, method="POST", may=_MAY),
    staff_route(_ONE, change, method="POST", may=_MAY),
    staff_route(f"{_ONE}/remove", remove, method="POST", may=_MAY),
]
