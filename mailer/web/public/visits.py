"""Finds out who opened a reader's page, reads small forms, and leads back to the page."""

from __future__ import annotations

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mailer.audience.readers import Visit, find_visit
from mailer.database.engine import reading
from mailer.tokens import Reader
from mailer.web.site import Site

Form = dict[str, list[str]]

_MOST_FIELDS, _MOST_FILES = 500, 10


def reader_of(site: Site, request: Request) -> Reader:
    """Whom the token in the path was made for; ``InvalidToken``."""
    return site.mailer.signer.read(request.path_params["token"])


def visit_of(site: Site, request: Request) -> Visit | None:
    """The person whom the token in the path was made for; ``None``: erased; ``InvalidToken``."""
    with reading(site.mailer.engine) as session:
        return find_visit(session, reader_of(site, request))


def back_to(page: str, request: Request, query: str = "") -> Response:
    """To a reader's *page*, by GET, so that reloading it repeats nothing."""
    path = request.url_for(page, token=request.path_params["token"]).path
    return RedirectResponse(path + query, 303)


class UnreadableForm(Exception):
    """What was sent is no form; says which type it claims to be."""


async def read_form(request: Request) -> Form:
    """Fields of a form in either type that browsers send, files left out; ``UnreadableForm``."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _read_multipart(request)
    if kind not in ("", "application/x-www-form-urlencoded"):
        raise UnreadableForm(kind)
    return parse_form(await request.body())


async def _read_multipart(request: Request) -> Form:
    found: Form = {}
    async with request.form(max_files=_MOST_FILES, max_fields=_MOST_FIELDS) as sent:
        for name, value in sent.multi_items():
            if isinstance(value, str):
                found.setdefault(name, []).append(value)
    return found


def parse_form(body: bytes) -> Form:
    """Fields of an urlencoded form, whatever else it is."""
    try:
        return parse_qs(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        return {}


def line(form: Form, name: str, most: int) -> str:
    """One line of text: control characters and runs of blanks become one blank."""
    text = " ".join(form.get(name, [""])[-1].split())
    return "".join(character for character in text if character.isprintable())[:most].strip()


def text(form: Form, name: str, most: int) -> str:
    """Text of several lines: control characters become blanks."""
    lines = "\n".join(form.get(name, [""])[-1].splitlines())
    kept = (one if one == "\n" or one.isprintable() else " " for one in lines)
    return "".join(kept)[:most].strip()
