"""`mailer export`: a newsletter's subscribers as a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mailer.audience import newsletters, segments
from mailer.audience.importing.cells import guarded
from mailer.cli.context import NewsletterSlug, mailer
from mailer.cli.output import AsJson, say
from mailer.database.engine import reading
from mailer.database.tables import Consent, Subscriber
from mailer.errors import InvalidFile
from mailer.keeping.exporting import WRITERS, people, write_csv


def export(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help=".csv or .jsonl; - is standard output, as CSV.")
    ],
    newsletter: NewsletterSlug,
    states: Annotated[
        list[Consent] | None, typer.Option("--state", help="Only those in this state.")
    ] = None,
    segment: Annotated[
        str | None, typer.Option("--segment", metavar="NAME", help="Only those in this segment.")
    ] = None,
    raw: Annotated[
        bool,
        typer.Option("--raw", help="Cells of CSV as they are, though spreadsheets may run them."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    write = WRITERS.get(file.suffix.lower()) if str(file) != "-" else write_csv
    if write is None:
        raise InvalidFile(f"{file} must end in .csv or .jsonl: that says how it is written.")
    guard = str if raw else guarded
    with reading(mailer().engine) as session:
        owner = newsletters.get(session, newsletter)
        chosen = None
        if segment is not None:
            meant = segments.selection(session, segment, now=mailer().clock())
            chosen = Subscriber.id.in_(meant.ids())
        found = people(session, owner, states=states or (), chosen=chosen)
        if str(file) == "-":
            write(session, sys.stdout, found, guard)
            return
        try:
            unfinished = file.with_name(f".{file.name}.unfinished")
            with unfinished.open("w", encoding="utf-8", newline="") as stream:
                count = write(session, stream, found, guard)
            unfinished.replace(file)
        except OSError as error:
            raise InvalidFile(f"{file} cannot be written: {error.strerror}.") from error
    say(f"{count:,} written to {file}.", {"file": str(file), "count": count}, as_json=as_json)
