"""`mailer issue opens`: how often the tracking picture was fetched, under its right name."""

from __future__ import annotations

from dataclasses import asdict

from mailer.cli.context import IssueId, mailer
from mailer.cli.output import AsJson, many, say
from mailer.composing import issues
from mailer.database.engine import reading
from mailer.tracking.opens import open_figures


def opens(issue_id: IssueId, as_json: AsJson = False) -> None:
    """Fetches of the tracking picture; they say little, clicks say more."""
    with reading(mailer().engine) as session:
        issues.get(session, issue_id)
        figures = open_figures(session, issue_id)
    counting = mailer().settings.track_opens
    say(
        f"Issue {issue_id}: the picture was fetched for {many(figures.seen, 'person', 'people')} "
        f"({many(figures.fetches, 'time', 'times')}), and "
        f"{many(figures.machine_fetches, 'time', 'times')} by machines. "
        "Many readers load no pictures; some programs load them for everybody."
        + ("" if counting else " Opens are not counted now (MAILER_TRACK_OPENS)."),
        {"id": issue_id, **asdict(figures), "counting": counting},
        as_json=as_json,
    )
