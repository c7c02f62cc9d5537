"""``/subscribers/<number>``: what is known of one person."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mailer.audience import browsing, consent, fields, suppressions, tags
from mailer.audience.details import as_written
from mailer.audience.histories import Recorded, history
from mailer.database.engine import reading
from mailer.database.tables import Subscriber
from mailer.keeping.disclosing import everything
from mailer.staffing.permissions import Permission
from mailer.web.editor.access import form_of, staff_of, staff_route
from mailer.web.editor.cookies import Notice
from mailer.web.editor.shell import answer, go
from mailer.web.public.choices import LANGUAGES, is_listed, time_zones
from mailer.web.site import site_of

PATH = "/subscribers/{number:int}"
MAY = Permission.SUBSCRIBERS
_MOST_SHOWN = 200  # of mails, clicks and changes; the download has them all
_ONE_LINE = 60  # characters; what is longer gets an area


@dataclass(frozen=True, slots=True)
class Entry:
    """One field, as the form shows it."""

    name: str
    label: str
    kind: str
    options: tuple[str, ...]
    value: str
    defined: bool = True

    @property
    def long(self) -> bool:
        """Would a single line cut it, or lose its ends of lines?"""
        return self.kind == "text" and (len(self.value) > _ONE_LINE or "\n" in self.value)


def page(request: Request) -> Response:
    """Consent, details, mails, clicks."""
    return show(request)


def show(request: Request, *, problem: str = "") -> Response:
    """The page; with a *problem*, what was filled in stands as it was."""
    site = site_of(request)
    mailer = site.mailer
    with reading(mailer.engine) as session:
        person = person_of(session, request)
        suppression = suppressions.find(session, person.address, mailer.signer)
        known = everything(session, person.address, mailer.signer, now=mailer.clock())
        return answer(
            request,
            "editor/person.html",
            status=422 if problem else 200,
            person=person,
            standings=browsing.standings(session, person.id),
            suppression=suppression,
            of_domain=suppression is not None and suppression.target.startswith("@"),
            history=_told_once(history(session, person))[-_MOST_SHOWN:][::-1],
            tags=tags.of(session, person.id),
            known_tags=[one.name for one in tags.counted(session)],
            issues=known["issues"][-_MOST_SHOWN:][::-1],
            clicks=known["clicks"][-_MOST_SHOWN:][::-1],
            languages=LANGUAGES,
            zones=time_zones(),
            zone_listed=is_listed(person.time_zone),
            entries=_entries(session, person, _filled_in(request) if problem else {}),
            details=_details(person, _filled_in(request) if problem else {}),
            problem=problem,
        )


def download(request: Request) -> Response:
    """Everything of one person, as JSON."""
    mailer = site_of(request).mailer
    with reading(mailer.engine) as session:
        person = person_of(session, request)
        known = everything(session, person.address, mailer.signer, now=mailer.clock())
    return Response(
        json.dumps(known, ensure_ascii=False, indent=2),
        media_type="application/json",
        headers={
            "content-disposition": f'attachment; filename="subscriber-{person.id}.json"',
            "cache-control": "no-store",
        },
    )


def person_of(session: Session, request: Request) -> Subscriber:
    """Whom the page is about; 404."""
    person = session.get(Subscriber, request.path_params["number"])
    if person is None:
        raise HTTPException(404)
    return person


def by_whom(request: Request) -> str:
    """Who does it, as records say it."""
    return f"staff: {staff_of(request).user.address}"


def back(request: Request, words: str) -> Response:
    """To the page, by GET, with what was done."""
    return go(request, f"/subscribers/{request.path_params['number']}", Notice(words))


def _told_once(records: list[Recorded]) -> list[Recorded]:
    """What bears on all newsletters stands in the record of each; one line says it."""
    notes: set[tuple[datetime, str]] = set()
    told = []
    for one in records:
        if one.source not in consent.NOTES:
            told.append(one)
        elif one.state is None or (one.at, one.source) not in notes:
            notes.add((one.at, one.source))
            told.append(one)
    return told


def _filled_in(request: Request) -> dict[str, str]:
    return {name: text for name, text in form_of(request).items() if isinstance(text, str)}


def _details(person: Subscriber, filled_in: dict[str, str]) -> dict[str, str]:
    names = ("name", "language", "time_zone")
    return {name: filled_in.get(name, getattr(person, name) or "") for name in names}


def _entries(session: Session, person: Subscriber, filled_in: dict[str, str]) -> list[Entry]:
    """All fields there are by their labels, then what this person has that is no field yet."""

    def value_of(name: str) -> str:
        return filled_in.get(f"f.{name}", as_written(person.fields.get(name)))

    defined = sorted(fields.every(session), key=lambda one: one.label.casefold())
    others = sorted(person.fields.keys() - {one.name for one in defined})
    return [
        *(
            Entry(one.name, one.label, one.kind.value, tuple(one.options), value_of(one.name))
            for one in defined
        ),
        *(Entry(name, name, "text", (), value_of(name), defined=False) for name in others),
    ]


ROUTES = [
    staff_route(PATH, page, may=MAY),
    staff_route(f"{PATH}/everything.json", download, may=MAY),
]
