"""`mailer retention …`: what is kept for how long."""

from __future__ import annotations

import sys

import typer

from mailer.cli.context import mailer
from mailer.cli.output import AsJson, say
from mailer.keeping.retaining import retain

app = typer.Typer(no_args_is_help=True)


@app.command()
def run(as_json: AsJson = False) -> None:
    """Do now, and to the end, what the scheduler does every hour; prints what was done."""
    installation = mailer()
    done = retain(
        installation.engine,
        installation.signer,
        installation.retention,
        now=installation.clock(),
        most=sys.maxsize,
    )
    words = [f"{name}: {count:,}" for name, count in done.items()]
    say("\n".join(words) or "There was nothing to do.", dict(done), as_json=as_json)
