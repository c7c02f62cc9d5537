"""``/subscribers/suppressions``: whom nobody mails again; one by one, and whole lists of them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from urllib.parse import urlencode

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from mailer.audience import suppressions
from mailer.audience.barring import BarReport, all_suppressions, bar
from mailer.audience.suppression_files import read_list, write_list
from mailer.audience.suppressions import Kind
from mailer.database.engine import reading, transaction
from mailer.errors import InvalidAddress, InvalidFile
from mailer.staffing.permissions import Permission
from mailer.web.editor.access import field, file_of, staff_of, staff_route
from mailer.web.editor.cookies import Notice
from mailer.web.editor.shell import answer, go
from mailer.web.languages import gettext, spoken
from mailer.web.site import site_of

_HERE = "/subscribers/suppressions"
_PAGE = 50
_MOST_BYTES = 100 * 1024 * 1024  # of a list: a million addresses are about 30 MB
_MOST_WORDS = 320


def page(request: Request) -> Response:
    """What is suppressed, searched and by kind; search and kind stand in the address."""
    return _page(request)


async def bring(request: Request) -> Response:
    """Suppress everything on a list, or nothing of it; what became of each row is told."""
    upload = file_of(request, "file")
    content = await upload.read() if upload is not None else b""
    name = (upload.filename or "list.csv") if upload is not None else ""
    return await run_in_threadpool(_bring, request, name, content)


def export(request: Request) -> Response:
    """All suppressions, erased people as hashes; written to a file first, so that none is half."""
    handle, name = tempfile.mkstemp(".csv")
    with (
        reading(site_of(request).mailer.engine) as session,
        open(handle, "w", encoding="utf-8", newline="") as file,  # noqa: PTH123  # a handle
    ):
        write_list(file, all_suppressions(session))
    return FileResponse(
        name,
        filename="suppressions.csv",
        headers={"cache-control": "no-store"},
        background=BackgroundTask(Path(name).unlink),
    )


def add(request: Request) -> Response:
    """Never mail an address or a domain again."""
    mailer = site_of(request).mailer
    target = field(request, "target", _MOST_WORDS)
    try:
        with transaction(mailer.engine) as session:
            added = suppressions.add(
                session,
                target,
                reason=field(request, "reason", 200) or "asked for",
                source=f"staff: {staff_of(request).user.address}",
                now=mailer.clock(),
            )
    except InvalidAddress as error:
        return _page(request, problem=spoken(error.sentence))
    words = (
        gettext("%(target)s is never mailed again.")
        if added
        else gettext("%(target)s was suppressed already.")
    )
    return go(request, _HERE, Notice(words % {"target": target}))


def remove(request: Request) -> Response:
    """Take a suppression back."""
    mailer, target = site_of(request).mailer, field(request, "target", _MOST_WORDS)
    try:
        with transaction(mailer.engine) as session:
            by = f"staff: {staff_of(request).user.address}"
            removed = suppressions.remove(session, target, mailer.signer, by=by, now=mailer.clock())
    except InvalidAddress as error:
        return _page(request, problem=spoken(error.sentence))
    words = (
        gettext("%(target)s can be mailed again.")
        if removed
        else gettext("%(target)s was not suppressed.")
    )
    return go(request, _HERE, Notice(words % {"target": target}))


def _bring(request: Request, name: str, content: bytes) -> Response:
    if not content:
        return _page(request, problem=gettext("Please choose a file first."))
    mailer = site_of(request).mailer
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(name.replace("\\", "/")).name  # its name says what it holds
        path.write_bytes(content)
        try:
            with transaction(mailer.engine) as session:
                report = bar(
                    session,
                    read_list(path),
                    mailer.signer,
                    reason=field(request, "reason", 200) or "imported",
                    source=f"import of {path.name}",
                    now=mailer.clock(),
                )
        except InvalidFile as error:
            return _page(request, problem=spoken(error.sentence))
    return _page(request, report=report)


def _page(request: Request, *, problem: str = "", report: BarReport | None = None) -> Response:
    mailer = site_of(request).mailer
    words = request.query_params.get("q", "").strip()[:_MOST_WORDS]
    given = request.query_params.get("kind", "")
    kind = Kind(given) if given in set(Kind) else None
    after = request.query_params.get("after", "")[:_MOST_WORDS]
    with reading(mailer.engine) as session:
        rows = suppressions.page(session, after=after, limit=_PAGE + 1, kind=kind, words=words)
        hidden = suppressions.find_hashed(session, words, mailer.signer) if words else None
        counts = suppressions.counted(session)
    query = {"q": words, "kind": kind}
    return answer(
        request,
        "editor/suppressions.html",
        status=422 if problem else 200,
        rows=rows[:_PAGE],
        hidden=hidden,
        counts=counts,
        kinds=Kind,
        kind=kind,
        words=words,
        query_of=lambda **more: _query(query | more),
        older=_query(query | {"after": rows[_PAGE - 1].target}) if len(rows) > _PAGE else "",
        newest=_query(query) if after else "",
        report=report,
        problem=problem,
        tried={name: field(request, name, _MOST_WORDS) for name in ("target", "reason")},
    )


def _query(values: dict[str, str | None]) -> str:
    given = {name: value for name, value in values.items() if value}
    return f"?{urlencode(given)}" if given else ""


_MAY = Permission.SUBSCRIBERS
ROUTES = [
    staff_route(_HERE, page, may=_MAY),
    staff_route(_HERE, add, method="POST", may=_MAY),
    staff_route(f"{_HERE}/remove", remove, method="POST", may=_MAY),
    staff_route(f"{_HERE}/import", bring, method="POST", may=_MAY, most_body=_MOST_BYTES),
    staff_route(f"{_HERE}.csv", export, may=_MAY),
]
