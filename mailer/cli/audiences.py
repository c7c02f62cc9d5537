"""`mailer issue audience`: which segments an issue goes to, and which it does not."""

from __future__ import annotations

from typing import Annotated

import typer

from mailer.audience import targeting
from mailer.cli.context import IssueId, mailer
from mailer.cli.output import AsJson, many, say
from mailer.composing import issues
from mailer.database.engine import transaction
from mailer.errors import InvalidInput


def audience(
    issue_id: IssueId,
    include: Annotated[
        list[str] | None,
        typer.Option("--include", metavar="NAME", help="A segment that gets it; several: any."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="NAME", help="A segment that does not get it."),
    ] = None,
    everybody: Annotated[
        bool, typer.Option("--everybody", help="All confirmed subscribers again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Choose whom an issue goes to, anew each time; without options, show it and count them.

    Only confirmed subscribers of its newsletter ever get it. It can be changed until the issue
    starts; then it is frozen.
    """
    if everybody and (include or exclude):
        raise InvalidInput("--everybody goes with neither --include nor --exclude.")
    now = mailer().clock()
    with transaction(mailer().engine) as session:
        if include or exclude or everybody:
            targeting.choose(
                session, issue_id, include=include or (), exclude=exclude or (), now=now
            )
        issue = issues.get(session, issue_id)
        session.refresh(issue)
        chosen = targeting.audience_of(session, issue_id)
        people = targeting.size(session, issue, now=now)
        version = issue.version
    say(
        f"Issue {issue_id} goes to {chosen}: {many(people, 'recipient', 'recipients')} now.",
        {
            "id": issue_id,
            "include": chosen.include,
            "exclude": chosen.exclude,
            "recipients": people,
            "version": version,
        },
        as_json=as_json,
    )
