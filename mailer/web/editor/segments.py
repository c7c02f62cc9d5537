"""``/segments``: rules that say whom you mean, put together or written, counted live."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mailer.audience import segments
from mailer.audience.selecting import doubts, select_people, understood
from mailer.audience.selecting.describing import describe
from mailer.database.engine import reading, transaction
from mailer.database.tables import Segment
from mailer.errors import REFUSALS, InvalidInput, InvalidRule, MeaninglessRule, NotFound
from mailer.rules import Rule, from_json, parse, reread, to_json
from mailer.rules.syntax import Deed, Subject, Verb, asks_for_days, leaves
from mailer.staffing.permissions import Permission
from mailer.web.editor.access import field, staff_route
from mailer.web.editor.cookies import Notice
from mailer.web.editor.shell import answer, go
from mailer.web.editor.trying import tried
from mailer.web.languages import current, gettext, language_name, spoken, zone_words
from mailer.web.site import site_of

_SHOWN = 10  # of the people a rule means
_MOST_TEXT = 20_000
_MOST_TREE = 100_000  # the same with the names of all its members
_OPENS = (Verb.OPENED, Verb.NOTHING)


def overview(request: Request) -> Response:
    """All segments, counted now."""
    mailer = site_of(request).mailer
    with reading(mailer.engine) as session:
        rows = [(one, _count(session, request, one.rule)) for one in segments.every(session)]
    return answer(request, "editor/segments.html", rows=rows)


def new(request: Request) -> Response:
    """An empty rule."""
    return _page(request)


def page(request: Request) -> Response:
    """One segment: its rule, how many it means, some of them."""
    return _page(request)


def save(request: Request) -> Response:
    """Save a new segment, or give one another rule."""
    mailer = site_of(request).mailer
    name, text = field(request, "name", 200), field(request, "rule", _MOST_TEXT)
    try:
        text = _rule(request)
        with transaction(mailer.engine) as session:
            if "number" in request.path_params:
                name = _segment(session, request).name
                segments.change_rule(session, name, text, now=mailer.clock())
            else:
                segments.add(session, name, text, now=mailer.clock())
    except REFUSALS as error:
        return _page(request, name=name, text=text, problem=error.sentence)
    return go(request, "/segments", Notice(gettext("Saved.")))


def remove(request: Request) -> Response:
    """Forget a segment; nobody is removed with it."""
    return tried(request, _remove, then="/segments", otherwise=_stays)


def _remove(request: Request, session: Session) -> str:
    segments.remove(session, _segment(session, request).name)
    return gettext("The segment is gone; its people stay.")


def _stays(request: Request, problem: str) -> Response:
    return go(request, "/segments", Notice(spoken(problem), "bad"))


def check(request: Request) -> Response:
    """How a rule is understood, as text and as a tree, and how many people it means now."""
    mailer = site_of(request).mailer
    try:
        with reading(mailer.engine) as session:
            rule, selected = understood(session, _rule(request), now=mailer.clock())
            people = segments.count(session, selected)
            doubted = _doubts(session, request, rule)
    except InvalidRule as error:
        part = error.part if isinstance(error, MeaninglessRule) else None
        said = {"problem": spoken(error.sentence), "position": error.position, "part": part}
        return JSONResponse(said | {"alone": spoken(error.problem)}, 422)
    except REFUSALS as error:
        return JSONResponse({"problem": spoken(error.sentence)}, 422)
    said = {"rule": str(rule), "tree": to_json(rule), "people": people, "doubts": doubted}
    return JSONResponse(said | {"note": _note(request, rule)})


def _doubts(session: Session, request: Request, rule: Rule) -> list[dict[str, Any]]:
    """What nobody has of that for which a rule asks, with the part of the rule."""
    found = doubts(session, rule, now=site_of(request).mailer.clock())
    return [{"part": one.part, "words": spoken(one.words)} for one in found]


def _note(request: Request, rule: Rule) -> str:
    """What has to be known of a rule that speaks of opens."""
    if not any(isinstance(leaf, Deed) and leaf.verb in _OPENS for leaf in leaves(rule)):
        return ""
    if not site_of(request).mailer.settings.track_opens:
        return gettext("Opens are not counted here: see MAILER_TRACK_OPENS.")
    return gettext(
        "“Opened” means that the mail's pictures were fetched. Some mail programs fetch them "
        "unseen, many people never do: clicks say more."
    )


def _days(zone: str) -> str:
    """Where the days of a rule begin, whoever asks."""
    own = current().time_zone
    if own == zone:
        return gettext("Days begin at midnight in {zone}.").format(zone=zone_words(zone))
    return gettext(
        "Days begin at midnight in {zone}, the time zone of this installation, and not in yours "
        "({own}): a segment means the same people for everybody."
    ).format(zone=zone_words(zone), own=zone_words(own))


def _rule(request: Request) -> str:
    """As the conditions say it, where these are ahead of the text; ``InvalidInput`` if they say none."""
    tree = field(request, "tree", _MOST_TREE)
    return str(from_json(_decoded(tree))) if tree else field(request, "rule", _MOST_TEXT)


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None  # which is no rule


def _page(
    request: Request, *, name: str = "", text: str | None = None, problem: str = ""
) -> Response:
    """A segment as it is saved, or with the *text* that could not be."""
    mailer = site_of(request).mailer
    with reading(mailer.engine) as session:
        segment = _segment(session, request) if "number" in request.path_params else None
        if text is None:
            text = segment.rule if segment else ""
        people, some, tree, note, dated, doubted = None, [], None, "", False, []
        if text:
            try:
                rule = parse(text)
                tree, note, dated = to_json(rule), _note(request, rule), asks_for_days(rule)
                _, selected = understood(session, text, now=mailer.clock())
                people = segments.count(session, selected)
                doubted = _doubts(session, request, rule)
                some = list(segments.members(session, selected, limit=_SHOWN))
            except REFUSALS as error:
                problem = problem or error.sentence
        words = _spoken(describe(session))
        used = segments.issues_of(session, segment) if segment else []
    return answer(
        request,
        "editor/segment.html",
        status=422 if problem and request.method == "POST" else 200,
        name=name,
        text=text,
        segment=segment,
        problem=problem,
        note=note,
        days=_days(words["time_zone"]),
        dated=dated,
        used=used,
        doubts=[one["words"] for one in doubted],
        actions=words["actions"],
        people=people,
        some=some,
        # As data for the page's script; a "</script>" in a name must not end it.
        words=json.dumps(words | {"tree": tree, "doubts": doubted}).replace("<", "\\u003c"),
    )


def _spoken(words: dict[str, Any]) -> dict[str, Any]:
    """*words* with labels, and names of languages, in the language of whoever asks."""
    subjects = [one | {"label": spoken(one["label"])} for one in words["subjects"]]
    for one in subjects:
        if one["subject"] == Subject.LANGUAGE:
            one["examples"] = list(dict.fromkeys(map(language_name, one["examples"])))
    return words | {"subjects": subjects}


def _segment(session: Session, request: Request) -> Segment:
    segment = session.get(Segment, request.path_params["number"])
    if segment is None:
        raise HTTPException(404)
    return segment


def _count(session: Session, request: Request, text: str) -> int | None:
    """How many a rule means; ``None`` when something that it names is gone."""
    try:
        selected = select_people(session, reread(text), now=site_of(request).mailer.clock())
        return segments.count(session, selected)
    except (InvalidInput, NotFound):
        return None


_MAY = Permission.SUBSCRIBERS
_PATH = "/segments/{number:int}"
ROUTES = [
    staff_route("/segments", overview, may=_MAY),
    staff_route("/segments", save, method="POST", may=_MAY),
    staff_route("/segments/new", new, may=_MAY),
    staff_route("/segments/check", check, method="POST", may=_MAY),
    staff_route(_PATH, page, may=_MAY),
    staff_route(_PATH, save, method="POST", may=_MAY),
    staff_route(f"{_PATH}/remove", remove, method="POST", may=_MAY),
]
