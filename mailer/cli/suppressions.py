"""`mailer suppression …`: addresses and domains that are never mailed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mailer.audience import suppressions
from mailer.audience.barring import all_suppressions, bar
from mailer.audience.suppression_files import read_list, write_list
from mailer.cli.context import mailer
from mailer.cli.output import AsJson, say, show
from mailer.database.engine import reading, transaction
from mailer.errors import Conflict, InvalidFile, NotFound

app = typer.Typer(no_args_is_help=True)
Target = Annotated[
    str, typer.Argument(metavar="TARGET", help="An address, or a domain such as example.com.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why it is never mailed.")]
_SHOWN = 10


@app.command()
def add(target: Target, reason: Reason = "by hand", as_json: AsJson = False) -> None:
    """Never mail an address or a whole domain again; takes effect within seconds, also while sending."""
    with transaction(mailer().engine) as session:
        added = suppressions.add(
            session, target, reason=reason, source="command", now=mailer().clock()
        )
    if not added:
        raise Conflict(f"{target} is suppressed already.")
    say(
        f"{target} is never mailed again.",
        {"target": suppressions.target_of(target), "reason": reason},
        as_json=as_json,
    )


@app.command()
def remove(target: Target, as_json: AsJson = False) -> None:
    """Take a suppression back: the people concerned get mail again, where they are subscribed."""
    with transaction(mailer().engine) as session:
        now = mailer().clock()
        if not suppressions.remove(session, target, mailer().signer, by="command", now=now):
            raise NotFound(f"{target} is not suppressed.")
    say(f"{target} may be mailed again.", {"target": target, "removed": True}, as_json=as_json)


@app.command("list")
def list_suppressions(
    after: Annotated[str, typer.Option("--after", help="Only those beyond this one.")] = "",
    limit: Annotated[int, typer.Option("--limit", help="At most so many.", min=1)] = 100,
    as_json: AsJson = False,
) -> None:
    """What is never mailed, and why; `--after` the last one shows the next page."""
    with reading(mailer().engine) as session:
        rows = [
            (one.target, one.reason, one.source, one.at.isoformat(timespec="seconds"))
            for one in suppressions.page(session, after=after, limit=limit)
        ]
    show("", ["target", "reason", "source", "at"], rows, as_json=as_json)


@app.command("import")
def import_list(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, .xlsx, .zip or JSON.")],
    reason: Reason = "imported",
    as_json: AsJson = False,
) -> None:
    """Suppress everybody on a list: a plain one, or an export of another program or provider."""
    with transaction(mailer().engine) as session:
        result = bar(
            session,
            read_list(file),
            mailer().signer,
            reason=reason,
            source=f"import of {file.name}",
            now=mailer().clock(),
        )
    lines = [f"{result.added:,} added, {result.known:,} known, {result.invalid:,} invalid."]
    lines += [f"  line {line}: {why}" for line, why in result.invalid_rows[:_SHOWN]]
    lines += [f"  left out, {why}: {count:,}" for why, count in result.left_out.most_common()]
    data = {
        "rows": result.rows,
        "added": result.added,
        "known": result.known,
        "left_out": dict(result.left_out),
        "invalid": result.invalid,
        "invalid_rows": [{"line": line, "reason": why} for line, why in result.invalid_rows],
    }
    say("\n".join(lines), data, as_json=as_json)


@app.command("export")
def export_list(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; - is standard output.")],
    as_json: AsJson = False,
) -> None:
    """Write all suppressions to a CSV file, which `import` reads back; erased people as hashes."""
    with reading(mailer().engine) as session:
        if str(file) == "-":
            write_list(sys.stdout, all_suppressions(session))
            return
        try:
            with file.open("w", encoding="utf-8", newline="") as stream:
                count = write_list(stream, all_suppressions(session))
        except OSError as error:
            raise InvalidFile(f"{file} cannot be written: {error.strerror}.") from error
    say(f"{count:,} written to {file}.", {"file": str(file), "count": count}, as_json=as_json)
