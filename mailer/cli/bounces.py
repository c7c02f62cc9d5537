"""`mailer bounces …`: what came back, and ways to take it in."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mailer.bouncing import records
from mailer.bouncing.polling import poll
from mailer.bouncing.reading import read as read_report
from mailer.cli.context import mailer
from mailer.cli.output import AsJson, complain, say, show, write
from mailer.database.engine import open_engine, reading
from mailer.errors import InvalidFile, NotFound
from mailer.reports import Kind, Report
from mailer.secret_key import existing_key
from mailer.settings import load_settings
from mailer.tokens import Signer

_TRY_LATER = 75  # EX_TEMPFAIL of sysexits.h: the mail server keeps the mail

app = typer.Typer(no_args_is_help=True)


@app.command()
def read(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Mails, one a file.")],
    as_json: AsJson = False,
) -> None:
    """Say what is recognised in mails, and change nothing: no database is needed."""
    settings = load_settings()
    given = settings.secret_key.get_secret_value() if settings.secret_key else None
    # Without a key no token is known as ours; all else is read.
    signer = Signer(existing_key(open_engine(settings.database_url), given) or b"")
    reports = [(file, read_report(_source(file), signer)) for file in files]
    if as_json:
        write(json.dumps([_data(file, report) for file, report in reports], ensure_ascii=False))
        return
    for file, report in reports:
        for finding in report.findings:
            parts = (finding.address or "(no address)", finding.status, finding.reason)
            words = " ".join(str(part) for part in parts if part)
            say(f"{file}: {finding.kind.value}: {words}: {finding.words}")


@app.command()
def take(
    recipient: Annotated[
        str,
        typer.Option(
            "--recipient",
            envvar="ORIGINAL_RECIPIENT",
            help="To whom it came; else its header says so.",
        ),
    ] = "",
) -> None:
    """Take in one mail from standard input: for a pipe or an alias of a mail server.

    Status 0: recorded. Status 75: the mail server should try again later.
    """
    try:
        source = sys.stdin.buffer.read()
        mailer().intake.take(source, [recipient] if recipient else [])
    except Exception as error:  # whatever it is, the mail is not lost
        complain(str(error))
        raise typer.Exit(_TRY_LATER) from error


@app.command()
def fetch(as_json: AsJson = False) -> None:
    """Take in now what came to the mailbox (MAILER_BOUNCE_MAILBOX); `mailer schedule` does so, too."""
    mailbox = mailer().bounce_mailbox
    if mailbox is None:
        raise NotFound("No mailbox is set; set MAILER_BOUNCE_MAILBOX.")
    counts = poll(mailbox, mailer().intake)
    words = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    say(f"Took in: {words or 'nothing new'}.", dict(counts), as_json=as_json)


@app.command("list")
def list_bounces(
    kind: Annotated[Kind | None, typer.Option("--kind", help="Only this kind.")] = None,
    issue_id: Annotated[
        int | None, typer.Option("--issue", metavar="ID", help="Only those of this issue.")
    ] = None,
    unidentified: Annotated[
        bool, typer.Option("--unidentified", help="Only those that name nobody we know.")
    ] = False,
    before: Annotated[
        int | None, typer.Option("--before", help="Only numbers below this one.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="At most so many.", min=1)] = 100,
    as_json: AsJson = False,
) -> None:
    """What came back, newest first, and what was done; `--before` the last one shows the next page."""
    with reading(mailer().engine) as session:
        found = records.page(
            session,
            before=before,
            limit=limit,
            kind=kind,
            issue_id=issue_id,
            unidentified=unidentified,
        )
        rows = [
            (
                one.id,
                one.at.isoformat(timespec="seconds"),
                one.kind.value,
                one.address,
                one.issue_id or "",
                one.status,
                one.reason,
                one.outcome,
                one.diagnostic,
            )
            for one in found
        ]
    columns = ["id", "at", "kind", "address", "issue", "status", "reason", "outcome"]
    if as_json:
        columns.append("words")
    show("", columns, (row[: len(columns)] for row in rows), as_json=as_json)


@app.command()
def count(as_json: AsJson = False) -> None:
    """How many of each kind came back, and what was done with them."""
    with reading(mailer().engine) as session:
        rows = records.counted(session)
    show("", ["kind", "outcome", "count"], rows, as_json=as_json)


def _source(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidFile(f"{file} cannot be read: {error.strerror or error}.") from error


def _data(file: Path, report: Report) -> dict[str, object]:
    return {
        "file": str(file),
        "reader": asdict(report.reader) if report.reader else None,
        "forged": report.forged,
        "findings": [
            {
                "recipient": one.address,
                "original_recipient": one.asked,
                "kind": one.kind.value,
                "status": one.status,
                "reason": one.reason.value if one.reason else "",
                "words": one.words,
            }
            for one in report.findings
        ],
    }
