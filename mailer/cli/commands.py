"""The command line: each command opens what it needs, makes one call, and prints the answer."""

from __future__ import annotations

import sys

import typer

from mailer.cli import (
    archives,
    audiences,
    bounces,
    dkim,
    exports,
    fields,
    issues,
    newsletters,
    notices,
    opens,
    persons,
    processes,
    retention,
    segments,
    subscribers,
    suppressions,
    tags,
    users,
)
from mailer.cli.output import complain
from mailer.errors import MailerError

app = typer.Typer(
    help="Newsletters: compose issues from blocks, send each exactly once, count honestly.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(processes.up)
app.command()(processes.web)
app.command()(processes.schedule)
app.command()(processes.worker)
app.command()(processes.incoming)
app.command()(processes.upgrade)
app.command("import")(subscribers.import_file)
app.command()(exports.export)
app.command()(archives.archive)
app.command()(archives.restore)
subscribers.app.command("show")(persons.show)
subscribers.app.command("erase")(persons.erase)
app.add_typer(newsletters.app, name="newsletter")
app.add_typer(subscribers.app, name="subscriber")
app.add_typer(suppressions.app, name="suppression")
app.add_typer(fields.app, name="field")
app.add_typer(tags.app, name="tag")
app.add_typer(segments.app, name="segment")
issues.app.command("audience")(audiences.audience)
issues.app.command("opens")(opens.opens)
app.add_typer(retention.app, name="retention")
app.add_typer(issues.app, name="issue")
app.add_typer(bounces.app, name="bounces")
app.add_typer(notices.app, name="notice")
app.add_typer(dkim.app, name="dkim")
app.add_typer(users.app, name="user")


def main() -> None:
    """Run the command line; an expected error is one sentence and its own exit status."""
    try:
        app()
    except MailerError as error:
        complain(str(error))
        sys.exit(error.exit_status)
