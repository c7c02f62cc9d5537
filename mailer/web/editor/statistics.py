"""``/statistics`` and ``/issues/<id>/statistics``: what issues came to, for people and over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from mailer.audience import newsletters
from mailer.database.engine import reading
from mailer.database.tables import Issue
from mailer.delivering.auditing import audit
from mailer.reports import Kind
from mailer.tracking import comparisons, reports
from mailer.tracking.reports import Call
from mailer.web import languages
from mailer.web.editor import charts, choosing
from mailer.web.editor.access import staff_route
from mailer.web.editor.shell import answer
from mailer.web.editor.statistics_charts import (
    acted_chart,
    by_days,
    clicks_chart,
    growth_chart,
    moments_of,
    month_words,
)
from mailer.web.editor.statistics_ledger import ledger_of, opens_of
from mailer.web.reasons import reason_words
from mailer.web.site import site_of

_MOST_ISSUES = 50
_COMPARED = 10  # earlier issues
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One link as the page shows it, with or without machines."""

    call: Call
    people: int
    clicks: int
    share: float  # of those the issue reached
    bar: float  # of the link most people followed


def issue_page(request: Request) -> Response:
    """One issue: people who acted first, then each call, then when."""
    issue_id = int(request.path_params["issue_id"])
    with_machines = "machines" in request.query_params
    with reading(site_of(request).mailer.engine) as session:
        issue = session.get(Issue, issue_id)
        if issue is not None and issue.started_at is None:
            return answer(request, "editor/no_statistics.html", issue=issue)
        issue = sent_issue(session, issue_id)
        result = audit(session, issue_id)
        came_back = Counter(result.came_back)
        return answer(
            request,
            "editor/issue_statistics.html",
            issue=issue,
            newsletter=issue.newsletter.name,
            result=result,
            usual=_usual(session, issue),
            ledger=ledger_of(result),
            opens=opens_of(
                session, issue_id, counting=site_of(request).mailer.settings.track_opens
            ),
            left=comparisons.left_by(session, [issue_id]).get(issue_id, 0),
            bounced=came_back[Kind.PERMANENT],
            bounced_later=came_back[Kind.TRANSIENT],
            complained=came_back[Kind.COMPLAINT],
            zone=languages.zone_words(languages.current().time_zone),
            **_clicks(session, issue_id, result.accepted, with_machines=with_machines),
        )


def _clicks(
    session: Session, issue_id: int, accepted: int, *, with_machines: bool
) -> dict[str, Any]:
    """What the page shows of clicks: who acted, each call, and when."""
    engagement = reports.engagement(session, [issue_id]).get(issue_id, reports.Engagement())
    acted = engagement.everybody if with_machines else engagement.acted
    moments = moments_of(reports.hours(session, issue_id), with_machines=with_machines)
    rows = _rows(reports.calls(session, issue_id), accepted, with_machines=with_machines)
    machines = reports.machines(session, issue_id).items()
    return {
        "acted": acted,
        "share": acted / accepted if accepted else 0.0,
        "asking": [row for row in rows if row.call.asks],
        "others": [row for row in rows if not row.call.asks],
        "machine_clicks": engagement.machine_clicks,
        "machines": [(reason_words(reason), count) for reason, count in machines],
        "with_machines": with_machines,
        "moments": moments,
        "by_days": by_days(moments),
        "chart": clicks_chart(moments),
        "bar": charts.share,
    }


def overview(request: Request) -> Response:
    """All issues over time, and how the readership grew."""
    site = site_of(request)
    with reading(site.mailer.engine) as session:
        known = newsletters.named(session)
        chosen = choosing.chosen(request, known)
        issues = comparisons.sent_issues(
            session, newsletter_id=chosen.id if chosen else None, most=_MOST_ISSUES
        )
        months = comparisons.months(
            session, chosen.id if chosen else None, now=site.mailer.clock(), most=_MONTHS
        )
    return answer(
        request,
        "editor/statistics.html",
        newsletters=known,
        chosen=chosen,
        issues=issues,
        usual=median([one.share for one in issues]) if issues else 0.0,
        most=max((one.share for one in issues), default=0.0),
        months=[(month_words(one), one) for one in months],
        acted_chart=acted_chart(issues[::-1]),
        growth_chart=growth_chart(months),
        bar=charts.share,
    )


def sent_issue(session: Session, issue_id: int) -> Issue:
    """An issue that has figures; ``HTTPException`` 404 for any other."""
    issue = session.get(Issue, issue_id)
    if issue is None or issue.started_at is None:
        raise HTTPException(404)
    return issue


def _rows(calls: Sequence[Call], accepted: int, *, with_machines: bool) -> list[Row]:
    people = {one.number: one.everybody if with_machines else one.people for one in calls}
    most = max(people.values(), default=0)
    rows = [
        Row(
            call=one,
            people=people[one.number],
            clicks=one.clicks + (one.machine_clicks if with_machines else 0),
            share=people[one.number] / accepted if accepted else 0.0,
            bar=people[one.number] / most if most else 0.0,
        )
        for one in calls
    ]
    return sorted(rows, key=lambda row: (-row.people, -row.clicks, row.call.number))


def _usual(session: Session, issue: Issue) -> float | None:
    """The share of people who acted on earlier issues of the same newsletter."""
    earlier = comparisons.sent_issues(
        session, newsletter_id=issue.newsletter_id, before=issue.started_at, most=_COMPARED
    )
    shares = [one.share for one in earlier if one.accepted]
    return median(shares) if shares else None


ROUTES = [
    staff_route("/statistics", overview),
    staff_route("/issues/{issue_id:int}/statistics", issue_page),
]
