"""`mailer newsletter leaving`: who left, and why."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from mailer.audience import newsletters
from mailer.cli.context import mailer
from mailer.cli.output import AsJson, say
from mailer.database.engine import reading
from mailer.tracking.departures import Departures, departures


def leaving(
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="The newsletter's short name.")],
    most: Annotated[
        int, typer.Option("--most", help="Of their words and of issues, the newest so many.", min=1)
    ] = 20,
    as_json: AsJson = False,
) -> None:
    """How many left a newsletter: by which issue, by which way, and why."""
    with reading(mailer().engine) as session:
        found = departures(session, newsletters.get(session, slug).id, most=most)
    data = asdict(found)
    data["words"] = [{"at": at.isoformat(), "reason": reason} for at, reason in found.words]
    say("\n".join(_lines(slug, found)), data, as_json=as_json)


def _lines(slug: str, found: Departures) -> list[str]:
    lines = [f"{found.left:,} have left {slug}; {found.came_back:,} of them took it back."]
    lines += [f"  {method}: {count:,}" for method, count in found.methods.items()]
    lines += [f"  why: {why or '(not said)'}: {count:,}" for why, count in found.reasons.items()]
    lines += [f"  by issue {one.issue_id}, {one.subject}: {one.left:,}" for one in found.issues]
    lines += [f"  {at:%Y-%m-%d}: {reason}" for at, reason in found.words]
    return lines
