"""Sending in the foreground, and how far it is: a progress bar, or JSON."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from dataclasses import asdict

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.orm import Session

from mailer.audience import targeting
from mailer.bootstrap import Mailer
from mailer.bouncing.weighing import weigh
from mailer.cli.output import complain, console, errors, say
from mailer.composing import issues
from mailer.database.engine import reading, transaction
from mailer.database.tables import Issue, IssueState
from mailer.delivering import lifecycle
from mailer.delivering.auditing import Audit, Counts, audit, counts
from mailer.delivering.connecting import close_connection, open_connection
from mailer.delivering.troubles import Trouble, troubles
from mailer.delivering.waiting import Wait, waits_for
from mailer.delivering.warm_ups import sending_domain, stage_of
from mailer.errors import Conflict, RelayUnavailable
from mailer.notifying.seating import seat
from mailer.reports import BOUNCES, Kind
from mailer.tracking.comparisons import left_by
from mailer.worker_process import worker_beside

_POLL_SECONDS = 0.25
_CONNECT_SECONDS = 15.0
_ENDED = (IssueState.SENT, IssueState.CANCELLED, IssueState.PAUSED)


def send_here(mailer: Mailer, issue_id: int, *, anyway: bool, as_json: bool) -> None:
    """Start the issue and send it, watching; nothing is started if the relay is away."""
    with reading(mailer.engine) as session:
        state = issues.get(session, issue_id).state
    fresh = state in (IssueState.DRAFT, IssueState.SCHEDULED)
    if not fresh and state is not IssueState.SENDING:
        raise Conflict(f"Issue {issue_id} cannot be sent: it is {state.value}.")
    if fresh:
        mailer.starter.require_ready(issue_id, now=mailer.clock(), anyway=anyway)
    asyncio.run(_try_relay(mailer))
    if fresh:
        mailer.starter.start(issue_id, now=mailer.clock(), anyway=anyway)
    asyncio.run(_send(mailer, issue_id, quiet=as_json))
    weigh(mailer.engine, mailer.bounce_rules, mailer.clock)
    _close(mailer, issue_id, as_json=as_json)


async def _try_relay(mailer: Mailer) -> None:
    """Nothing is started when no relay takes mail; ``RelayUnavailable`` is the last one's."""
    for number, relay in enumerate(mailer.relays, start=1):
        try:
            async with seat(mailer.engine, relay, mailer.clock):
                connection = await open_connection(
                    relay, timeout=_CONNECT_SECONDS, hostname="localhost"
                )
                await close_connection(connection)
        except RelayUnavailable:
            if number == len(mailer.relays):
                raise
        else:
            return


async def _send(mailer: Mailer, issue_id: int, *, quiet: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    async with worker_beside(issue_id=issue_id) as worker:
        telling = asyncio.create_task(_tell(worker.stderr))
        ended = [asyncio.create_task(stop.wait()), asyncio.create_task(worker.wait())]
        with _bar(quiet) as bar:
            line = bar.add_task("sending", total=None)
            while not any(task.done() for task in ended):
                issue, far, held = await asyncio.to_thread(_look, mailer, issue_id)
                bar.update(line, total=far.planned, completed=far.done)
                if issue.state in _ENDED or held:
                    break
                await asyncio.wait(ended, timeout=_POLL_SECONDS, return_when="FIRST_COMPLETED")
        failed = worker.returncode  # by itself: where others have sent it all, we end it
    await telling
    if failed:
        raise typer.Exit(max(failed, 1))


async def _tell(words: asyncio.StreamReader | None) -> None:
    """Say what the worker says: of one issue, only what goes wrong."""
    while words is not None and (line := await words.readline()):
        complain(line.decode(errors="replace").rstrip())


def _look(mailer: Mailer, issue_id: int) -> tuple[Issue, Counts, bool]:
    with reading(mailer.engine) as session:
        held = lifecycle.only_held_wait(session, issue_id)
        return issues.get(session, issue_id), counts(session, issue_id), held


def _close(mailer: Mailer, issue_id: int, *, as_json: bool) -> None:
    with reading(mailer.engine) as session:
        issue, result = issues.get(session, issue_id), audit(session, issue_id)
        left = left_by(session, [issue_id]).get(issue_id, 0)
    say(_sentence(issue, result), _data(issue, result, left), as_json=as_json)
    if issue.state is not IssueState.SENT:
        if issue.state_reason:
            complain(issue.state_reason)
        elif issue.state is IssueState.SENDING:
            complain(
                "Not everybody is decided: uncertain recipients are held for you, or it was "
                f"stopped. `mailer issue release {issue_id}` sends to those held."
            )
        raise typer.Exit(1)


def show_status(mailer: Mailer, issue_id: int, *, watch: bool, as_json: bool) -> None:
    """Print how far an issue is; with *watch*, a progress bar until it has ended."""
    if watch:
        asyncio.run(_watch(mailer, issue_id))
    with reading(mailer.engine) as session:
        issue, result = issues.get(session, issue_id), audit(session, issue_id)
        left = left_by(session, [issue_id]).get(issue_id, 0)
        pace, warm_up = warm_up_of(mailer, session, issue, result.waiting)
        audience = targeting.audience_of(session, issue_id)
        wait = waits_for(session, issue, mailer.limits, now=mailer.clock())
        away = troubles(session, now=mailer.clock()) if issue.state is IssueState.SENDING else []
    others = {one.relay: _away(one) for one in away if not one.alone}
    parts = (_sentence(issue, result), wait, *others.values(), pace)
    words = " ".join(str(one) for one in parts if one)
    if audience.include or audience.exclude:
        words = f"{words} Audience: {audience}."
    chosen = {"include": audience.include, "exclude": audience.exclude}
    waiting = _waits(wait) if wait else None
    relays = [
        {"relay": one.relay, "worker": one.worker, "since": one.since.isoformat()}
        | {"problem": one.problem}
        for one in away
    ]
    more = {"warm_up": warm_up, "audience": chosen, "waits": waiting, "relays_away": relays}
    say(words, _data(issue, result, left) | more, as_json=as_json)


def _away(one: Trouble) -> str:
    return f"One relay is away since {one.since:%Y-%m-%d %H:%M:%S %Z}; others go on. {one.problem}"


def _waits(wait: Wait) -> dict[str, str | None]:
    return {
        "for": wait.why,
        "since": wait.since.isoformat() if wait.since else None,
        "until": wait.until.isoformat() if wait.until else None,
        "more": wait.more,
    }


async def _watch(mailer: Mailer, issue_id: int) -> None:
    with _bar(False) as bar:
        line = bar.add_task("waiting", total=None)
        while True:
            issue, far, held = _look(mailer, issue_id)
            bar.update(
                line, total=far.planned or None, completed=far.done, description=issue.state.value
            )
            if held or issue.state in _ENDED or issue.state is IssueState.DRAFT:
                return
            await asyncio.sleep(_POLL_SECONDS)


def settle_cancelled(mailer: Mailer) -> None:
    """Skip whoever waits for a cancelled issue, but for batches that a worker still holds."""
    while True:
        with transaction(mailer.engine) as session:
            if not lifecycle.settle(session, now=mailer.clock()):
                return


def _bar(quiet: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=errors,
        transient=True,
        disable=quiet or not console.is_terminal,
    )


def _sentence(issue: Issue, result: Audit) -> str:
    reason = f" Why: {issue.state_reason.rstrip('.')}." if issue.state_reason else ""
    if issue.state is IssueState.DRAFT:
        return f"Issue {issue.id} is a draft: nobody has been planned yet.{reason}"
    if issue.state is IssueState.SCHEDULED:
        return f"Issue {issue.id} is scheduled for {issue.scheduled_at:%Y-%m-%d %H:%M:%S %Z}."
    refused = f"{result.refused:,} refused"
    if result.suppressed:
        refused += f" ({result.suppressed:,} of them suppressed from now on)"
    parts = [f"{result.accepted:,} accepted", refused]
    parts += [f"{result.skipped:,} skipped", f"{result.waiting:,} waiting"]
    if result.uncertain:
        parts.append(f"{result.uncertain:,} may have got it twice")
    bounced = sum(result.came_back.get(kind, 0) for kind in BOUNCES)
    if bounced:
        parts.append(f"{bounced:,} bounced later")
    if result.came_back.get(Kind.COMPLAINT):
        parts.append(f"{result.came_back[Kind.COMPLAINT]:,} complained")
    counts = f"of {result.planned:,}, {', '.join(parts)}"
    return f"Issue {issue.id} is {issue.state.value}: {counts}.{reason}"


def warm_up_of(
    mailer: Mailer, session: Session, issue: Issue, waiting: int
) -> tuple[str, dict[str, object] | None]:
    """How many a day go out while the issue's domain is warmed up, in words and as data."""
    limits, domain = mailer.limits, sending_domain(issue.newsletter.from_address)
    plan = limits.warm_ups.get(domain)
    if plan is None:
        return "", None
    stage = stage_of(session, domain, plan, now=mailer.clock(), zone=limits.zone)
    if stage.quota is None:
        return "", None
    days = stage.days_for(waiting)
    data = {"domain": domain, "day": stage.day, "quota": stage.quota, "used": stage.used}
    words = (
        f"{domain} is being warmed up: {stage.quota:,} a day at present (day {stage.day} of its "
        f"plan, {stage.used:,} sent today)"
    )
    return (
        f"{words}: done in about {days:,} {'day' if days == 1 else 'days'}."
        if days
        else f"{words}."
    ), {**data, "days": days}


def _data(issue: Issue, result: Audit, left: int) -> dict[str, object]:
    return {
        "id": issue.id,
        "state": issue.state.value,
        "reason": issue.state_reason,
        "scheduled_at": issue.scheduled_at.isoformat() if issue.scheduled_at else None,
        "started_at": issue.started_at.isoformat() if issue.started_at else None,
        "finished_at": issue.finished_at.isoformat() if issue.finished_at else None,
        **{key: value for key, value in asdict(result).items() if key != "issue_id"},
        "left": left,  # people who unsubscribed by its links
    }
