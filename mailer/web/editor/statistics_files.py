"""The figures of the statistics pages as CSV: whole numbers, moments in UTC."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from starlette.requests import Request
from starlette.responses import Response

from mailer.audience import newsletters
from mailer.audience.importing.cells import guarded
from mailer.database.engine import reading
from mailer.delivering.auditing import audit
from mailer.tracking import comparisons, reports
from mailer.web.editor import choosing
from mailer.web.editor.access import staff_route
from mailer.web.editor.statistics import sent_issue
from mailer.web.editor.statistics_ledger import opens_of
from mailer.web.site import site_of

_MOST_ISSUES = 100_000


def issue_csv(request: Request) -> Response:
    """The calls to action of one issue, a line each."""
    issue_id = int(request.path_params["issue_id"])
    with reading(site_of(request).mailer.engine) as session:
        sent_issue(session, issue_id)
        calls = reports.calls(session, issue_id)
        accepted = comparisons.accepted_by(session, [issue_id]).get(issue_id, 0)
    lines = [
        (
            one.number,
            one.headline,
            one.label,
            one.role,
            one.url,
            one.people,
            one.clicks,
            one.machine_clicks,
            round(one.people / accepted, 6) if accepted else 0,
        )
        for one in calls
    ]
    heads = ("link", "block", "label", "role", "url", "people", "clicks", "machine_clicks", "share")
    return _csv(f"issue-{issue_id}-links.csv", heads, lines)


def ledger_csv(request: Request) -> Response:
    """Where everybody is whom one issue was planned for, and what came back; a line each."""
    issue_id = int(request.path_params["issue_id"])
    with reading(site_of(request).mailer.engine) as session:
        sent_issue(session, issue_id)
        result = audit(session, issue_id)
        opens = opens_of(session, issue_id, counting=site_of(request).mailer.settings.track_opens)
        left = comparisons.left_by(session, [issue_id]).get(issue_id, 0)
    lines = [
        ("planned", "", result.planned),
        ("accepted", "", result.accepted),
        ("refused", "", result.refused),
        *(("skipped", reason, count) for reason, count in result.skipped_reasons.items()),
        ("waiting", "", result.waiting),
        ("deferred", "of those waiting", result.deferred),
        ("uncertain", "may have got it twice", result.uncertain),
        ("suppressed", "of those refused: the address is gone", result.suppressed),
        *(("came back", kind, count) for kind, count in result.came_back.items()),
        ("unsubscribed", "", left),
        *([("opened", "", opens.seen)] if opens else []),
    ]
    return _csv(f"issue-{issue_id}-recipients.csv", ("where", "reason", "people"), lines)


def hours_csv(request: Request) -> Response:
    """Clicks of one issue by hour (UTC)."""
    issue_id = int(request.path_params["issue_id"])
    with reading(site_of(request).mailer.engine) as session:
        sent_issue(session, issue_id)
        hours = reports.hours(session, issue_id)
    lines = [(one.at.isoformat(), one.clicks, one.machine_clicks) for one in hours]
    return _csv(f"issue-{issue_id}-hours.csv", ("hour_utc", "clicks", "machine_clicks"), lines)


def issues_csv(request: Request) -> Response:
    """All issues, a line each."""
    with reading(site_of(request).mailer.engine) as session:
        chosen = choosing.chosen(request, newsletters.named(session))
        issues = comparisons.sent_issues(
            session, newsletter_id=chosen.id if chosen else None, most=_MOST_ISSUES
        )
    lines = [
        (
            one.id,
            one.newsletter,
            one.subject,
            one.started_at.isoformat(timespec="seconds"),
            one.planned,
            one.accepted,
            one.refused,
            one.skipped,
            one.suppressed,
            one.engagement.acted,
            round(one.share, 6),
            one.engagement.clicks,
            one.engagement.machine_clicks,
            one.bounced,
            one.complained,
            one.left,
            one.opens.seen if one.opens else "",
            one.opens.machine_fetches if one.opens else "",
        )
        for one in issues
    ]
    heads = (
        *("issue", "newsletter", "subject", "started_at"),
        *("planned", "accepted", "refused", "skipped", "suppressed"),
        *("acted", "share", "clicks", "machine_clicks", "bounced", "complained", "unsubscribed"),
        *("opened", "machine_opens"),
    )
    return _csv("issues.csv", heads, lines)


def _csv(name: str, heads: Sequence[str], lines: Iterable[Sequence[object]]) -> Response:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(heads)
    writer.writerows(
        [guarded(cell) if isinstance(cell, str) else cell for cell in line] for line in lines
    )
    return Response(
        text.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={
            "content-disposition": f'attachment; filename="{name}"',
            "cache-control": "no-store",
        },
    )


ROUTES = [
    staff_route("/statistics.csv", issues_csv),
    staff_route("/issues/{issue_id:int}/links.csv", issue_csv),
    staff_route("/issues/{issue_id:int}/hours.csv", hours_csv),
    staff_route("/issues/{issue_id:int}/recipients.csv", ledger_csv),
]
