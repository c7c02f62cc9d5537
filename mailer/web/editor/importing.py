"""``/subscribers/import``: bring a list, see how it is read and what would happen, import it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mailer.audience import newsletters, uploads
from mailer.audience.importing import FilePlan, Plan, Report
from mailer.audience.importing.decoding import CHOICES
from mailer.audience.importing.mapped import Column
from mailer.audience.importing.meanings import Meaning
from mailer.audience.importing.watching import kind_of_hold
from mailer.audience.uploading import planned
from mailer.database.engine import reading, transaction
from mailer.database.tables import Newsletter, Upload, UploadState
from mailer.errors import InvalidFile, InvalidInput, NotFound
from mailer.sentences import Sentence
from mailer.staffing.permissions import Permission
from mailer.web.editor import choosing
from mailer.web.editor.access import field, form_of, staff_of, staff_route
from mailer.web.editor.cookies import Notice
from mailer.web.editor.shell import answer, go
from mailer.web.languages import gettext
from mailer.web.site import site_of

_MOST_BYTES = 300 * 1024 * 1024  # of an upload: a million readers are about 60 MB
_NO_ADDRESS = Sentence(
    "No column of addresses was recognised. Choose “E-mail address” for the column that holds them."
)
_WAITING = {UploadState.TO_TRY, UploadState.TO_IMPORT}
_CHANGEABLE = {UploadState.TRIED, UploadState.FAILED}


@dataclass(frozen=True, slots=True)
class Choice:
    """One column of an upload, and what it may mean."""

    name: str  # of the field of the form
    column: Column
    asked: bool = False  # it may tell who left: nothing is chosen for whoever has to say

    @property
    def target(self) -> str:
        """What is chosen; nothing where it has to be said."""
        return "" if self.asked else str(self.column.meaning)

    @property
    def own_field(self) -> str:
        """The name of the custom field that it fills, or would fill."""
        return self.column.field or self.column.header.lower().replace(" ", "_")


def start(request: Request) -> Response:
    """Choose files; earlier imports below."""
    return _start(request)


def bring(request: Request) -> Response:
    """Keep the files that were chosen; a scheduler tries them."""
    site = site_of(request)
    chosen = [one for one in form_of(request).getlist("files") if isinstance(one, UploadFile)]
    files = [(one.filename, one.file.read()) for one in chosen if one.filename]
    if not files:
        return _start(request, problem=gettext("Please choose a file first."))
    try:
        with transaction(site.mailer.engine) as session:
            upload = uploads.add(
                session,
                newsletters.get(session, field(request, "newsletter")).id,
                files,
                by=staff_of(request).user.address,
                now=site.mailer.clock(),
            )
            with planned(files, {}, unfinished=True) as plan:
                if not plan.is_finished:
                    upload.state = UploadState.FAILED
                return go(request, f"/subscribers/import/{upload.id}")
    except (InvalidFile, InvalidInput, NotFound) as error:
        return _start(request, problem=error.sentence)


def look(request: Request) -> Response:
    """How the files are read, what would happen or has happened."""
    return _look(request)


def change(request: Request) -> Response:
    """Read the files in another way, or import them as they are read now."""
    number = request.path_params["number"]
    importing = field(request, "do") == "import"
    try:
        with transaction(site_of(request).mailer.engine) as session:
            upload = _upload(session, request)
            files = uploads.files(session, upload.id)
            with planned(files, upload.options, unfinished=True) as plan:
                options = _options(request, plan, _reasons(upload))
            if importing and options != _plain_options(upload):
                importing = False  # it was tried in another way
            with planned(
                files, options, unfinished=True
            ) as plan:  # what cannot be read is said now
                if not plan.is_finished:
                    raise InvalidInput(_NO_ADDRESS)
                state = UploadState.TO_IMPORT if importing else UploadState.TO_TRY
                moved = uploads.wait(session, number, state, options)
    except (InvalidFile, InvalidInput) as error:
        return _look(request, problem=error.sentence)
    words = "" if moved else gettext("This list is being imported already.")
    return go(request, f"/subscribers/import/{number}", Notice(words) if words else None)


def verdicts(request: Request) -> Response:
    """The verdict on every row."""
    with reading(site_of(request).mailer.engine) as session:
        data = uploads.verdicts(session, _upload(session, request).id)
    if data is None:
        raise HTTPException(404)
    return Response(
        data,
        media_type="text/csv; charset=utf-8",
        headers={
            "content-disposition": 'attachment; filename="verdicts.csv"',
            "cache-control": "no-store",
        },
    )


def _start(request: Request, *, problem: str = "") -> Response:
    with reading(site_of(request).mailer.engine) as session:
        known = session.scalars(select(Newsletter).order_by(Newsletter.name)).all()
        names = {one.id: one.name for one in known}
        recent = uploads.recent(session)
    return answer(
        request,
        "editor/import.html",
        status=422 if problem else 200,
        newsletters=known,
        names=names,
        chosen=choosing.chosen(request, known),
        recent=recent,
        problem=problem,
    )


def _look(request: Request, *, problem: str = "") -> Response:
    refused = bool(problem)
    with reading(site_of(request).mailer.engine) as session:
        upload = _upload(session, request)
        newsletter = session.get_one(Newsletter, upload.newsletter_id)
        plan: Plan | None = None
        if upload.state in _CHANGEABLE and uploads.has_files(session, upload.id):
            try:
                files = uploads.files(session, upload.id)
                with planned(files, upload.options, unfinished=True) as found:
                    plan = found
                    if not found.is_finished:
                        problem = _NO_ADDRESS
            except (InvalidFile, InvalidInput) as error:
                problem = problem or upload.problem or error.sentence
        kept = uploads.verdicts(session, upload.id) is not None
    return answer(
        request,
        "editor/import_plan.html",
        status=422 if refused else 200,
        upload=upload,
        newsletter=newsletter,
        plan=plan,
        choices=_choices(plan, _reasons(upload)) if plan else [],
        meanings=_meanings(),
        encodings=CHOICES if plan and any(map(_is_text, plan.files)) else {},
        waiting=upload.state in _WAITING,
        report=Report.from_dict(upload.report) if upload.report else None,
        share=upload.done / upload.rows if upload.rows else 0.0,
        kept=kept,
        problem=problem or upload.problem,
    )


def _is_text(file: FilePlan) -> bool:
    """Whether it may be read in another encoding, or as it stands."""
    plain = file.layout.sheet is None and not file.layout.members
    return plain or file.layout.doubled is not None


def _upload(session: Session, request: Request) -> Upload:
    try:
        return uploads.get(session, request.path_params["number"])
    except NotFound as error:
        raise HTTPException(404) from error


def _reasons(upload: Upload) -> Collection[str]:
    """Why rows were left out when it was tried."""
    return Report.from_dict(upload.report).reasons if upload.report else ()


def _choices(plan: Plan, reasons: Collection[str]) -> list[list[Choice]]:
    """Of each file; rows may be held for a column far below those that were looked at."""
    return [
        [
            Choice(
                f"column-{at}-{one.number}",
                one,
                one.number in file.held or (one.watched and kind_of_hold(one.header) in reasons),
            )
            for one in file.columns
        ]
        for at, file in enumerate(plan.files)
    ]


def _options(request: Request, plan: Plan, reasons: Collection[str]) -> dict[str, Any]:
    """What the form says of columns and words; only what differs from the guess is kept."""
    mapping: dict[str, str] = {}
    for choice in chain.from_iterable(_choices(plan, reasons)):
        column, target = choice.column, _target(request, choice)
        if target and (target != column.target or column.because == "you" or choice.asked):
            mapping[column.header or str(column.number)] = target
    statuses = {
        word: meaning
        for word, meaning in zip(
            form_of(request).getlist("word"), form_of(request).getlist("meaning"), strict=False
        )
        if isinstance(word, str) and isinstance(meaning, str) and word and meaning
    }
    return {
        "mapping": mapping,
        "statuses": statuses,
        "state": field(request, "state", 20),
        "encoding": field(request, "encoding", 40),
    }


def _target(request: Request, choice: Choice) -> str:
    meaning = field(request, choice.name, 40)
    if meaning != Meaning.FIELD:
        return meaning
    name = field(request, f"{choice.name}-field", 60) or choice.own_field
    return f"{Meaning.FIELD}:{name}"


def _plain_options(upload: Upload) -> dict[str, Any]:
    return {"mapping": {}, "statuses": {}, "state": "", "encoding": ""} | upload.options


def _meanings() -> dict[str, str]:
    return {
        Meaning.ADDRESS: gettext("E-mail address"),
        Meaning.NAME: gettext("Name"),
        Meaning.FIRST_NAME: gettext("First name"),
        Meaning.LAST_NAME: gettext("Last name"),
        Meaning.LANGUAGE: gettext("Language"),
        Meaning.TIME_ZONE: gettext("Time zone"),
        Meaning.STATUS: gettext("A word for consent"),
        Meaning.SUBSCRIBED: gettext("Subscribed: yes or no"),
        Meaning.CONFIRMED: gettext("Confirmed: yes or no"),
        Meaning.PENDING: gettext("Not confirmed: yes, or since when"),
        Meaning.UNSUBSCRIBED: gettext("Unsubscribed: yes, or when"),
        Meaning.SUPPRESSED: gettext("Bounced or blocked: yes, or when"),
        Meaning.REASON: gettext("Why they left"),
        Meaning.JOINED: gettext("When they joined"),
        Meaning.EVIDENCE: gettext("Evidence of consent"),
        Meaning.TAGS: gettext("Tags"),
        Meaning.DATA: gettext("More fields, as JSON"),
        Meaning.FIELD: gettext("A field of its own"),
        Meaning.IGNORE: gettext("Leave out"),
    }


_MAY = Permission.SUBSCRIBERS
_PATH = "/subscribers/import/{number:int}"
ROUTES = [
    staff_route("/subscribers/import", start, may=_MAY),
    staff_route("/subscribers/import", bring, method="POST", may=_MAY, most_body=_MOST_BYTES),
    staff_route(_PATH, look, may=_MAY),
    staff_route(_PATH, change, method="POST", may=_MAY),
    staff_route(f"{_PATH}/verdicts.csv", verdicts, may=_MAY),
]
