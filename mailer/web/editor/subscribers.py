"""``/subscribers``: everybody, searched and filtered; adding one person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from mailer.addresses import clean_name
from mailer.audience import browsing, newsletters, subscribers
from mailer.audience.browsing import MOST_WORDS, Search
from mailer.audience.subscribers import Added
from mailer.database.engine import reading, transaction
from mailer.database.tables import Consent, Newsletter
from mailer.errors import Conflict, InvalidInput
from mailer.staffing.permissions import Permission
from mailer.web.editor import choosing
from mailer.web.editor.access import field, staff_of, staff_route
from mailer.web.editor.cookies import Notice
from mailer.web.editor.shell import answer, go
from mailer.web.languages import gettext
from mailer.web.site import site_of

_PAGE = 50


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter: its words, how many it leaves where that is cheap to say, where it leads."""

    words: str
    count: int | None
    query: str
    chosen: bool


def page(request: Request) -> Response:
    """The newest first; search and chips in the address, so that it can be kept."""
    return _page(request)


def add(request: Request) -> Response:
    """Add one person who asked for it."""
    site = site_of(request)
    address, name = field(request, "address", 320), field(request, "name", 200)
    if field(request, "asked") != "yes":
        return _page(
            request,
            problem=gettext("Please confirm that this person asked to be added."),
            status=422,
        )
    try:
        with transaction(site.mailer.engine) as session:
            newsletter = newsletters.get(session, field(request, "newsletter"))
            result = subscribers.add(
                session,
                newsletter,
                address,
                name=clean_name(name),
                signer=site.mailer.signer,
                now=site.mailer.clock(),
                source=f"staff: {staff_of(request).user.address}"[:100],
            )
            number = result.subscriber.id
    except (InvalidInput, Conflict) as error:
        return _page(request, problem=error.sentence, status=422)
    return go(request, f"/subscribers/{number}", Notice(_added(result.result)))


def _added(result: Added) -> str:
    return {
        Added.ADDED: gettext("Added."),
        Added.EXISTING: gettext("This person is subscribed already."),
        Added.KEPT_UNSUBSCRIBED: gettext(
            "This person has left this newsletter; only they can come back, by signing up."
        ),
    }[result]


def _page(request: Request, *, problem: str = "", status: int = 200) -> Response:
    site = site_of(request)
    with reading(site.mailer.engine) as session:
        known = session.scalars(select(Newsletter).order_by(Newsletter.name)).all()
        chosen = choosing.chosen(request, known)
        search = _search(request, chosen)
        before = request.query_params.get("before", "")
        rows = browsing.people(
            session,
            search,
            before=int(before) if before.isdecimal() and len(before) < 18 else None,
            limit=_PAGE + 1,
        )
        chips = _chips(session, search, chosen)
    more = len(rows) > _PAGE
    return answer(
        request,
        "editor/subscribers.html",
        status=status,
        newsletters=known,
        chosen=chosen,
        search=search,
        rows=rows[:_PAGE],
        older=_query(search, chosen, before=rows[_PAGE - 1].id) if more else "",
        newest=_query(search, chosen) if before else "",
        chips=chips,
        problem=problem,
        tried={name: field(request, name, 320) if problem else "" for name in ("address", "name")},
    )


def _search(request: Request, chosen: Newsletter | None) -> Search:
    state = request.query_params.get("state", "")
    return Search(
        words=request.query_params.get("q", "").strip()[:MOST_WORDS],
        newsletter_id=chosen.id if chosen else None,
        state=Consent(state) if state in set(Consent) else None,
        suppressed=state == "suppressed",
    )


def _chips(session: Session, search: Search, chosen: Newsletter | None) -> list[Chip]:
    counts = browsing.tallies(session, chosen.id if chosen else None)
    words = {
        Consent.CONFIRMED: gettext("Confirmed"),
        Consent.PENDING: gettext("Not confirmed yet"),
        Consent.UNSUBSCRIBED: gettext("Unsubscribed"),
    }
    plain = Search(search.words, search.newsletter_id)
    chips = [
        Chip(
            gettext("All"),
            sum(counts.values()),
            _query(plain, chosen),
            search.state is None and not search.suppressed,
        )
    ]
    for state in (Consent.CONFIRMED, Consent.PENDING, Consent.UNSUBSCRIBED):
        query = _query(plain, chosen, state=state.value)
        chips.append(Chip(words[state], counts[state], query, search.state is state))
    query = _query(plain, chosen, state="suppressed")
    return [*chips, Chip(gettext("Never mailed"), None, query, search.suppressed)]


def _query(search: Search, chosen: Newsletter | None, **more: Any) -> str:
    state = "suppressed" if search.suppressed else search.state.value if search.state else ""
    values = {
        "newsletter": chosen.slug if chosen else "",
        "q": search.words,
        "state": state,
    } | more
    return "?" + urlencode({name: value for name, value in values.items() if value})


ROUTES = [
    staff_route("/subscribers", page, may=Permission.SUBSCRIBERS),
    staff_route("/subscribers", add, method="POST", may=Permission.SUBSCRIBERS),
]
