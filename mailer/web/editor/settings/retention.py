"""``/settings/retention``: how long what is kept of people, what is due, and who said so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from mailer.database.engine import reading, transaction
from mailer.errors import REFUSALS
from mailer.joining.lapsing import unconfirmed
from mailer.keeping import pictures, terms
from mailer.keeping.foreseeing import foresee
from mailer.keeping.terms import Rule, Terms
from mailer.sentences import Sentence
from mailer.staffing.permissions import Permission
from mailer.web.editor.access import field, staff_of, staff_route
from mailer.web.editor.cookies import Notice
from mailer.web.editor.shell import answer, go
from mailer.web.languages import gettext as _
from mailer.web.languages import ngettext, number_words
from mailer.web.site import site_of

_HERE = "/settings/retention"
_EVER = "ever"
_DAYS = (30, 90, 180, 365, 730, 1095, 1825)
_DAYS_OF_SIGN_UPS = (7, 14, 30, 90, 365)
_HOUR, _DAY, _YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365)
_BEYOND = 10**10  # seconds: more than can be kept


@dataclass(frozen=True, slots=True)
class Line:
    """One rule as it is shown."""

    rule: Rule
    kept: timedelta | None
    wanted: timedelta | None  # as it was chosen, and waits to be confirmed
    setting: str  # what says it where the program runs; empty: it can be changed here
    due: int
    due_then: int

    @property
    def changes(self) -> bool:
        """Whether something else was chosen."""
        return self.kept != self.wanted

    @property
    def options(self) -> dict[str, str]:
        """What can be chosen, and the words for it."""
        sign_ups = self.rule is Rule.UNCONFIRMED
        days = _DAYS_OF_SIGN_UPS if sign_ups else _DAYS
        kept = {timedelta(days=one) for one in days} | {self.kept, self.wanted} - {None}
        spans: Iterable[timedelta] = sorted(one for one in kept if one is not None)
        ever = {} if sign_ups else {_EVER: span_words(None)}
        return ever | {written(one): span_words(one) for one in spans}


def page(request: Request) -> Response:
    """Every rule, and how much is due by it; what its address chooses is asked about."""
    return _page(request)


def change(request: Request) -> Response:
    """Keep to what was chosen, all of it or nothing; it is on record."""
    mailer, staff = site_of(request).mailer, staff_of(request)
    now, fixed, changed = mailer.clock(), mailer.fixed_terms, False
    try:
        with transaction(mailer.engine) as session:
            for rule in Rule:
                chosen = field(request, rule.value, 20)
                if chosen:
                    kept = _read(chosen)
                    by = staff.user.address
                    changed |= terms.change(session, rule, kept, fixed=fixed, by=by, now=now)
    except REFUSALS as error:
        return _page(request, problem=error.sentence)
    words = _("Saved. What is due goes within the hour.") if changed else _("Nothing has changed.")
    return go(request, _HERE, Notice(words))


def written(kept: timedelta | None) -> str:
    """As a form sends it."""
    return _EVER if kept is None else f"{kept.total_seconds():.0f}"


def span_words(kept: timedelta | None) -> str:
    """``2 years``, ``90 days``, ``36 hours``, rounded to hours."""
    if kept is None:
        return _("for ever")
    if not kept % _YEAR:
        number = kept // _YEAR
        words = ngettext("%(num)s year", "%(num)s years", number)
    elif not kept % _DAY:
        number = kept // _DAY
        words = ngettext("%(num)s day", "%(num)s days", number)
    else:
        number = round(kept / _HOUR)
        words = ngettext("%(num)s hour", "%(num)s hours", number)
    return words % {"num": number_words(number)}


def _read(chosen: str) -> timedelta | None:
    """What a form sent; no time at all where it is none."""
    if chosen == _EVER:
        return None
    seconds = int(chosen) if chosen.isascii() and chosen.isdecimal() else 0
    return timedelta(seconds=min(seconds, _BEYOND))


def _page(request: Request, problem: Sentence | None = None) -> Response:
    mailer, may = site_of(request).mailer, staff_of(request).may(Permission.SETTINGS)
    asked = request.query_params if may else {}
    with reading(mailer.engine) as session:
        lines = _lines(session, request, {name: asked[name][:20] for name in asked})
        changes = terms.changes(session)
    settings = mailer.settings
    return answer(
        request,
        "editor/settings/retention.html",
        status=400 if problem else 200,
        here="/settings",
        room="retention",
        lines=lines,
        changing=[one for one in lines if one.changes],
        asked=bool(asked),
        may=may,
        changes=changes,
        always={
            "uploads": settings.keep_uploads,
            "notices": settings.keep_notices,
            "pictures": pictures.KEPT,
        },
        span=span_words,
        written=written,
        problem=problem,
    )


def _lines(session: Session, request: Request, asked: dict[str, str]) -> list[Line]:
    mailer = site_of(request).mailer
    now, fixed = mailer.clock(), mailer.fixed_terms
    kept = terms.in_force(session, fixed)
    wanted: dict[str, Any] = {}
    for rule in Rule:
        if rule.value in asked and rule not in fixed:
            chosen = _read(asked[rule.value])
            wanted |= {rule.value: chosen} if _fits(rule, chosen) else {}
    then = replace(kept, **wanted)
    due, due_then = (_due(session, one, now) for one in (kept, then))
    return [
        Line(
            rule,
            kept.of(rule),
            then.of(rule),
            f"MAILER_{rule.setting.upper()}" if rule in fixed else "",
            due.get(rule, 0),
            due_then.get(rule, 0),
        )
        for rule in Rule
    ]


def _fits(rule: Rule, chosen: timedelta | None) -> bool:
    if chosen is None:
        return rule is not Rule.UNCONFIRMED
    return timedelta() < chosen <= terms.LONGEST


def _due(session: Session, kept: Terms, now: datetime) -> dict[Rule, int]:
    sign_ups = unconfirmed(session, now - kept.unconfirmed)
    return {**foresee(session, kept, now=now), Rule.UNCONFIRMED: sign_ups}


ROUTES = [
    staff_route(_HERE, page, may=Permission.SUBSCRIBERS),
    staff_route(_HERE, change, method="POST", may=Permission.SETTINGS),
]
