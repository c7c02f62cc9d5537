"""Friendly pages for whatever goes wrong: never a stack trace, always what to do next."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Match

from mailer.delivering.trying import TEST_TOKEN
from mailer.errors import Conflict, ExpiredToken, MailerError, NotFound
from mailer.sentences import Sentence
from mailer.web.languages import Speech, chosen, preferred, speaking, spoken
from mailer.web.site import site_of
from mailer.web.wording import phrases_of, saying, speech_for

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """What a page says when it cannot do what was asked."""

    status: int
    title: str
    words: str
    name: str = ""  # of its phrases in templates/words, where readers come across it
    link: bool = False  # a new link by mail leads on


BROKEN_LINK = Problem(
    404,
    Sentence("This link does not work"),
    Sentence(
        "Part of it may have got lost on the way. Open the mail again and choose the link there, "
        "or copy all of it."
    ),
    name="broken",
    link=True,
)
EXPIRED = Problem(
    410,
    Sentence("This link is too old"),
    Sentence(
        "It worked for some days only. Please ask for a new one where you asked for this one."
    ),
    name="expired",
    link=True,
)
REMOVED = Problem(
    410,
    Sentence("This page is no longer here"),
    Sentence("The issue it belonged to was taken down by its publisher."),
)
LINK_REMOVED = Problem(
    410, Sentence("This link leads nowhere now"), Sentence("It is not part of the issue any more.")
)
ERASED = Problem(
    410,
    Sentence("You are no longer on our list"),
    Sentence(
        "We have erased what we knew about you, and you will get no more mail from us. "
        "There is nothing left to change."
    ),
    name="erased",
)
NOT_READY = Problem(
    404,
    Sentence("This issue is not out yet"),
    Sentence("It can be read here as soon as it has been sent."),
)
PUBLIC_COPY = Problem(
    200,
    Sentence("That link belongs to your own mail"),
    Sentence(
        "You were reading the public copy of an issue. To unsubscribe or to change what you get, "
        "use the links at the end of the mail that came to your address."
    ),
)
NOT_FOUND = Problem(
    404, Sentence("There is nothing here"), Sentence("The address may be mistyped, or old.")
)
TEST_COPY = Problem(
    200,
    Sentence("This is the link of a test"),
    Sentence(
        "You were reading a test of an issue. In the mail that readers get, this link works for each "
        "of them."
    ),
)
_NOT_ALLOWED = Problem(
    405, Sentence("That cannot be done here"), Sentence("Go back and try it from the page itself.")
)
_BAD_REQUEST = Problem(
    400, Sentence("That did not arrive whole"), Sentence("Go back and send it again.")
)
_UNAVAILABLE = Problem(
    503,
    Sentence("We cannot do this right now"),
    Sentence("Please try again in a minute. Nothing was changed."),
)
_FAILED = Problem(
    500,
    Sentence("Something went wrong here"),
    Sentence("It is our fault, not yours. Please try again in a while."),
)
_ENDED = re.compile(r"([A-Za-z0-9_-]+)[^A-Za-z0-9_-]{1,9}")  # a token, and what is none
RETRY = {"retry-after": "60"}  # seconds: the header of a 503
_REFUSALS = {NotFound: 404, Conflict: 409}
_BY_STATUS = {404: NOT_FOUND, 405: _NOT_ALLOWED, 410: REMOVED}


def show(request: Request, problem: Problem) -> Response:
    """A page that says what is wrong."""
    label = ""
    headers = {"x-robots-tag": "noindex"} | RETRY if problem.status == 503 else {}
    if problem.name:
        speech = speech_for(request)
        say = saying(phrases_of(request, speech))
        title, words = say(f"problem.{problem.name}_title"), say(f"problem.{problem.name}")
        label = say("link.heading") if problem.link else ""
        problem = Problem(problem.status, title, words)
    else:
        accepted = request.headers.get("accept-language", "")
        speech = chosen() or Speech(preferred(accepted))
    with speaking(speech):
        return site_of(request).pages.answer(
            "problem.html",
            status=problem.status,
            headers=headers,
            problem=problem,
            href=request.url_for("link").path if label else "",
            label=label,
            inside=any(name.endswith("mailer_session") for name in request.cookies),
        )


async def on_broken_link(request: Request, error: Exception) -> Response:
    """A token that is damaged, not ours, or too old; what a mail program took for its end is cut."""
    meant = _without_end(request)
    if meant:
        return RedirectResponse(meant, 302)
    if isinstance(error, ExpiredToken):
        return show(request, EXPIRED)
    if request.path_params.get("token") == "public":
        return show(request, PUBLIC_COPY)
    if str(request.path_params.get("token", "")).startswith(TEST_TOKEN):
        return show(request, TEST_COPY)
    return show(request, BROKEN_LINK)


def _without_end(request: Request) -> str:
    """The address of a token without the full stop or bracket after it; empty: there is none."""
    token = str(request.path_params.get("token", ""))
    ended = _ENDED.fullmatch(token)
    path = request.url.path
    if ended is None or request.method not in ("GET", "HEAD") or not path.endswith(token):
        return ""
    return path.removesuffix(token) + ended[1]


async def on_refusal(request: Request, error: Exception) -> Response:
    """What somebody asked for cannot be had or done: the error says it in one sentence."""
    status = next((code for kind, code in _REFUSALS.items() if isinstance(error, kind)), 400)
    told = error.sentence if isinstance(error, MailerError) else Sentence(str(error))
    if wants_json(request):
        return JSONResponse({"error": spoken(told)}, status, {"cache-control": "no-store"})
    title = NOT_FOUND.title if status == 404 else Sentence("That cannot be done")
    return show(request, Problem(status, title, told))


def wants_json(request: HTTPConnection) -> bool:
    """Is it a script that asks?"""
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted


async def on_http_error(request: Request, error: Exception) -> Response:
    """What the router refuses; where only forms lead, browsers are shown the page they stand on."""
    status = error.status_code if isinstance(error, HTTPException) else 400
    of_browser = "text/html" in request.headers.get("accept", "")
    if status == 405 and of_browser and request.method in {"GET", "HEAD"}:
        return RedirectResponse(_page_above(request), 303, {"cache-control": "no-store"})
    known = _BY_STATUS.get(status, _BAD_REQUEST)
    answer = show(request, Problem(status, known.title, known.words))
    if isinstance(error, HTTPException) and error.headers:
        answer.headers.update(error.headers)
    return answer


def _page_above(request: Request) -> str:
    """The nearest address above that is a page: ``/issues/7`` for ``/issues/7/discard``."""
    base, path = request.scope.get("root_path", ""), request.scope["path"]
    while path.count("/") > base.count("/") + 1:
        path = path.rpartition("/")[0]
        scope = {"type": "http", "method": "GET", "path": path, "root_path": base}
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes):
            return str(quote(path))
    return f"{base}/"


async def on_unavailable(request: Request, error: Exception) -> Response:
    """The database does not answer: why, is for those who can mend it."""
    _LOG.warning("503 for a %s: %s", request.method, error)
    told = error.sentence if isinstance(error, MailerError) else _UNAVAILABLE.words
    if wants_json(request):
        return JSONResponse({"error": spoken(told)}, 503, {"cache-control": "no-store", **RETRY})
    inside = getattr(request.state, "for_staff", False)
    return show(request, Problem(503, _UNAVAILABLE.title, told) if inside else _UNAVAILABLE)


async def on_failure(request: Request, _error: Exception) -> Response:
    """A mistake of this program; the server logs it."""
    return show(request, _FAILED)
