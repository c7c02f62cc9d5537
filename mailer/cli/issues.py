"""`mailer issue …`: import, look at, check, schedule, send and audit issues."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select

from mailer.audience import newsletters, targeting
from mailer.cli import audiences, opens, sending
from mailer.cli.context import IssueId, NewsletterSlug, mailer, parse_when
from mailer.cli.output import AsJson, console, many, say, show, write
from mailer.composing import checking, issues
from mailer.composing.exporting import to_json, to_markdown
from mailer.composing.importing.reading import read_issue
from mailer.database.engine import reading, transaction
from mailer.database.tables import Fate, Issue, IssueState
from mailer.delivering import lifecycle
from mailer.delivering.auditing import audit, recipients
from mailer.errors import InvalidFile, InvalidInput

app = typer.Typer(no_args_is_help=True)
Anyway = Annotated[bool, typer.Option("--anyway", help="Also if checks found things to fill in.")]


@app.command("import")
def import_issue(
    file: Annotated[Path, typer.Argument(help="Plain text, Markdown, HTML or JSON.")],
    newsletter: NewsletterSlug,
    as_json: AsJson = False,
) -> None:
    """Make a draft of a file: its number, and what was noticed while reading it."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InvalidFile(f"{file} cannot be read: {error.strerror}.") from error
    imported = read_issue(data, filename=file.name)
    with transaction(mailer().engine) as session:
        owner = newsletters.get(session, newsletter)
        issue = issues.create(session, owner.id, imported.content, now=mailer().clock())
    result = {"id": issue.id, "notes": imported.notes, "missing": imported.missing}
    blocks = many(len(imported.content.blocks), "block", "blocks")
    words = [f"Issue {issue.id}: {imported.content.subject} ({blocks})"]
    words += [f"  note: {note}" for note in imported.notes]
    words += [f"  fill in: {place}" for place in imported.missing]
    say("\n".join(words), result, as_json=as_json)


@app.command("list")
def list_issues(as_json: AsJson = False) -> None:
    """All issues, newest first."""
    with reading(mailer().engine) as session:
        found = session.scalars(
            select(Issue).where(Issue.state != IssueState.DISCARDED).order_by(Issue.id.desc())
        ).all()
        rows = [
            (
                one.id,
                one.newsletter.slug,
                one.subject,
                one.state.value,
                one.planned,
                one.state_reason,
            )
            for one in found
        ]
    show("", ["id", "newsletter", "subject", "state", "planned", "reason"], rows, as_json=as_json)


@app.command("export")
def export_issue(
    issue_id: IssueId,
    markdown: Annotated[bool, typer.Option("--markdown", help="Markdown instead of JSON.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to a file.")] = None,
) -> None:
    """An issue as JSON or Markdown; importing it gives the same issue again."""
    with reading(mailer().engine) as session:
        issue = issues.get(session, issue_id)
        content = issues.content_of(session, issue)
        slug = issue.newsletter.slug
    text = (to_markdown if markdown else to_json)(content, newsletter=slug)
    _deliver(text, output)


@app.command()
def preview(
    issue_id: IssueId,
    text: Annotated[bool, typer.Option("--text", help="The plain-text part.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to a file.")] = None,
) -> None:
    """An issue as it will be sent, with placeholders not yet filled in."""
    with reading(mailer().engine) as session:
        issue = issues.get(session, issue_id)
        rendered = mailer().publisher.publish(session, issue, now=mailer().clock()).rendered
    _deliver(rendered.text if text else rendered.html, output)


@app.command()
def check(issue_id: IssueId, as_json: AsJson = False) -> None:
    """What has to be mended before sending, and what is worth a look; status 1 if it is blocked."""
    now = mailer().clock()
    with reading(mailer().engine) as session:
        issue = issues.get(session, issue_id)
        published = mailer().publisher.publish(session, issue, now=now)
        findings = checking.check(session, issue, published, now=now)
        told = all(finding.place != "audience" for finding in findings)
        people = targeting.size(session, issue, now=now) if told else 0
        audience = targeting.audience_of(session, issue_id)
        pace, warm_up = sending.warm_up_of(mailer(), session, issue, people)
    blocked = any(finding.blocking for finding in findings)
    result = {
        "ready": not blocked,
        "recipients": people,
        "audience": {"include": audience.include, "exclude": audience.exclude},
        "html_bytes": published.rendered.size,
        "links": len(published.links),
        "warm_up": warm_up,
        "findings": [
            {"place": one.place, "message": one.message, "blocking": one.blocking}
            for one in findings
        ],
    }
    words = [f"{'to mend' if one.blocking else 'hint'}: {one}" for one in findings]
    words.append(
        f"Issue {issue_id} is {'not ready' if blocked else 'ready'}: "
        f"{many(people, 'recipient', 'recipients')} ({audience}), "
        f"{many(len(published.links), 'link', 'links')}, {published.rendered.size // 1024} KB of HTML."
    )
    words += [pace] if pace else []
    say("\n".join(words), result, as_json=as_json)
    if blocked:
        raise typer.Exit(1)


@app.command()
def schedule(
    issue_id: IssueId,
    at: Annotated[
        str,
        typer.Option(
            "--at", help="2026-12-01 07:00 (newsletter's time zone), ISO time, +5m, or now."
        ),
    ],
    local_time: Annotated[
        bool, typer.Option("--local-time", help="At that hour in each subscriber's own zone.")
    ] = False,
    canary: Annotated[
        float, typer.Option("--canary", help="So many percent go first.", min=0, max=50)
    ] = 0.0,
    canary_minutes: Annotated[
        int,
        typer.Option(
            "--canary-minutes",
            help="The others go so long after the last of them was tried.",
            min=1,
        ),
    ] = 10,
    anyway: Anyway = False,
    as_json: AsJson = False,
) -> None:
    """Let an issue start at a time; it can be changed, and taken back by `cancel`, until then.

    `--at now` leaves MAILER_UNDO_SECONDS (30) for that.
    """
    now = mailer().clock()
    with reading(mailer().engine) as session:
        zone = issues.get(session, issue_id).newsletter.time_zone
    moment = parse_when(at, now=now, zone=zone)
    if local_time and canary:
        raise InvalidInput("--local-time and --canary do not go together; choose one.")
    manner = lifecycle.Manner(local_time, canary, canary_minutes)
    starts = mailer().starter.schedule(issue_id, at=moment, now=now, anyway=anyway, manner=manner)
    _say_scheduled(issue_id, starts, as_json=as_json)


@app.command()
def send(
    issue_id: IssueId,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Send here, or leave it to the workers.")
    ] = True,
    anyway: Anyway = False,
    as_json: AsJson = False,
) -> None:
    """Send an issue now and watch it: wait until everybody is decided.

    It starts at once. With --no-wait it is left to the workers, who start it when
    MAILER_UNDO_SECONDS (30) are over: until then, `cancel` makes it a draft again.
    """
    if wait:
        sending.send_here(mailer(), issue_id, anyway=anyway, as_json=as_json)
        return
    now = mailer().clock()
    starts = mailer().starter.schedule(issue_id, at=None, now=now, anyway=anyway)
    _say_scheduled(issue_id, starts, as_json=as_json)


@app.command("send-missing")
def send_missing(issue_id: IssueId, as_json: AsJson = False) -> None:
    """Send a sent issue to whoever has joined since; the workers do it."""
    with transaction(mailer().engine) as session:
        planned = lifecycle.send_to_missing(
            session,
            issue_id,
            batch_size=mailer().settings.batch_size,
            now=mailer().clock(),
        )
    say(
        f"Issue {issue_id} goes to {planned:,} more.",
        {"id": issue_id, "planned": planned},
        as_json=as_json,
    )


@app.command("release")
def release_held(issue_id: IssueId, as_json: AsJson = False) -> None:
    """Send again to uncertain recipients that MAILER_UNCERTAIN=hold has kept for you to decide."""
    with transaction(mailer().engine) as session:
        issues.get(session, issue_id)
        released = lifecycle.release_held(session, issue_id)
    say(
        f"Issue {issue_id}: {released:,} held batches go on." if released else "Nobody is held.",
        {"id": issue_id, "batches": released},
        as_json=as_json,
    )


@app.command()
def pause(issue_id: IssueId, as_json: AsJson = False) -> None:
    """Stop sending within a second; `resume` goes on where it stopped."""
    with transaction(mailer().engine) as session:
        lifecycle.pause(session, issue_id, reason=lifecycle.BY_HAND)
    say(f"Issue {issue_id} is paused.", {"id": issue_id, "state": "paused"}, as_json=as_json)


@app.command()
def resume(issue_id: IssueId, as_json: AsJson = False) -> None:
    """Go on with a paused issue."""
    with transaction(mailer().engine) as session:
        lifecycle.resume(session, issue_id)
    say(f"Issue {issue_id} goes on.", {"id": issue_id, "state": "sending"}, as_json=as_json)


@app.command()
def cancel(issue_id: IssueId, as_json: AsJson = False) -> None:
    """Take a scheduled issue back to draft; of one being sent, skip everybody who still waits."""
    with transaction(mailer().engine) as session:
        begun = lifecycle.cancel(session, issue_id)
    if begun:
        sending.settle_cancelled(mailer())
    state = "cancelled" if begun else "draft"
    say(
        f"Issue {issue_id} is {state}{'' if begun else ' again'}.",
        {"id": issue_id, "state": state},
        as_json=as_json,
    )


@app.command()
def status(
    issue_id: IssueId,
    watch: Annotated[bool, typer.Option("--watch", help="Follow it until it is done.")] = False,
    as_json: AsJson = False,
) -> None:
    """How far an issue is."""
    sending.show_status(mailer(), issue_id, watch=watch and not as_json, as_json=as_json)


@app.command("audit")
def audit_issue(issue_id: IssueId, as_json: AsJson = False) -> None:
    """Does the ledger balance? Status 1 when planned is not accepted + refused + skipped + waiting."""
    with reading(mailer().engine) as session:
        result = audit(session, issue_id)
    data = {
        "id": issue_id,
        "planned": result.planned,
        "accepted": result.accepted,
        "refused": result.refused,
        "skipped": result.skipped,
        "waiting": result.waiting,
        "uncertain": result.uncertain,
        "deferred": result.deferred,
        "suppressed": result.suppressed,
        "skipped_reasons": result.skipped_reasons,
        "came_back": result.came_back,
        "balanced": result.balanced,
    }
    if as_json:
        write(json.dumps(data, ensure_ascii=False))
    elif not result.planned:
        console.print(f"Issue {issue_id} has no audience yet: it is frozen when sending starts.")
    else:
        rows = [(name, value) for name, value in data.items() if not isinstance(value, dict)]
        show(f"Issue {issue_id}", ["", "count"], rows, as_json=False)
        for reason, count in result.skipped_reasons.items():
            console.print(f"  skipped, {reason}: {count:,}", markup=False)
        for kind, count in result.came_back.items():
            console.print(f"  came back, {kind}: {count:,}", markup=False)
    if not result.balanced:
        raise typer.Exit(1)


@app.command("recipients")
def list_recipients(
    issue_id: IssueId,
    fate: Annotated[
        str | None, typer.Option("--fate", help="Only accepted, refused or skipped ones.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Who got it and who did not, with the relay's words."""
    wanted = None
    if fate is not None:
        if fate.upper() not in Fate.__members__:
            raise InvalidInput(f"{fate!r} is no fate; known: accepted, refused, skipped.")
        wanted = Fate[fate.upper()]
    with reading(mailer().engine) as session:
        issues.get(session, issue_id)
        rows = (
            (address, one.name.lower(), attempts, reply)
            for address, one, attempts, reply in recipients(session, issue_id, wanted)
        )
        show("", ["address", "fate", "attempts", "reply"], rows, as_json=as_json)


def _say_scheduled(issue_id: int, starts: datetime, *, as_json: bool) -> None:
    with reading(mailer().engine) as session:
        at = issues.get(session, issue_id).scheduled_at or starts
    say(
        f"Issue {issue_id} starts at {starts:%Y-%m-%d %H:%M:%S %Z}. Until then, "
        f"`mailer issue cancel {issue_id}` takes it back.",
        {
            "id": issue_id,
            "state": "scheduled",
            "scheduled_at": at.isoformat(),
            "starts_at": starts.isoformat(),
        },
        as_json=as_json,
    )


def _deliver(text: str, output: Path | None) -> None:
    if output is None:
        write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidFile(f"{output} cannot be written: {error.strerror}.") from error
    say(f"Written to {output}.")


app.command("audience")(audiences.audience)
app.command("opens")(opens.opens)
