"""`mailer newsletter …`: add and list newsletters."""

from __future__ import annotations

from typing import Annotated

import typer

from mailer.audience import newsletters
from mailer.cli import departures, forms
from mailer.cli.context import mailer
from mailer.cli.output import AsJson, say, show
from mailer.database.engine import reading, transaction

app = typer.Typer(no_args_is_help=True)
app.command("set")(forms.set_up)
app.command("form")(forms.form)
app.command("numbers")(forms.numbers)
app.command("leaving")(departures.leaving)


@app.command()
def add(
    slug: Annotated[str, typer.Argument(help="Short name for commands and UTM tags: river-watch.")],
    name: Annotated[str, typer.Option("--name", help="What readers see.")],
    from_address: Annotated[str, typer.Option("--from", metavar="ADDRESS", help="The sender.")],
    from_name: Annotated[
        str | None, typer.Option("--from-name", help="The sender's name, if not the newsletter's.")
    ] = None,
    reply_to: Annotated[
        str | None, typer.Option("--reply-to", metavar="ADDRESS", help="Where answers go.")
    ] = None,
    return_path: Annotated[
        str | None,
        typer.Option("--return-path", metavar="ADDRESS", help="Where failure reports go."),
    ] = None,
    language: Annotated[
        str, typer.Option("--language", help="Language tag, like en or pt-BR.")
    ] = "en",
    time_zone: Annotated[str, typer.Option("--time-zone", help="Like Europe/Berlin.")] = "UTC",
    postal_address: Annotated[
        str, typer.Option("--postal-address", help="Stands at the end of each mail.")
    ] = "",
    sending_hours: Annotated[
        str | None, typer.Option("--sending-hours", help="Send only then: 08:00-20:00.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add a newsletter."""
    with transaction(mailer().engine) as session:
        newsletter = newsletters.add(
            session,
            slug,
            name,
            from_address,
            now=mailer().clock(),
            from_name=from_name,
            reply_to=reply_to,
            return_path=return_path,
            language=language,
            time_zone=time_zone,
            postal_address=postal_address,
            sending_hours=sending_hours,
        )
    say(
        f"Added the newsletter {newsletter.name} ({slug}).",
        {"id": newsletter.id, "slug": slug, "name": newsletter.name},
        as_json=as_json,
    )


@app.command("hours")
def set_hours(
    slug: Annotated[str, typer.Argument(help="The newsletter's short name.")],
    hours: Annotated[str, typer.Argument(help='08:00-20:00, or "" for any time.')],
    as_json: AsJson = False,
) -> None:
    """Send a newsletter at certain hours only, by the clocks of its time zone."""
    with transaction(mailer().engine) as session:
        newsletter = newsletters.get(session, slug)
        newsletters.set_sending_hours(newsletter, hours)
        kept = newsletter.sending_hours
    say(
        f"{slug} is sent {kept or 'at any time'}.",
        {"slug": slug, "sending_hours": kept},
        as_json=as_json,
    )


@app.command("list")
def list_newsletters(as_json: AsJson = False) -> None:
    """All newsletters, with their subscriptions counted."""
    with reading(mailer().engine) as session:
        rows = [
            (
                one.newsletter.slug,
                one.newsletter.name,
                one.newsletter.from_address,
                one.confirmed,
                one.pending,
                one.unsubscribed,
                one.newsletter.opt_in.value,
                one.newsletter.never_confirmed,
            )
            for one in newsletters.counted(session)
        ]
    show(
        "",
        [
            "slug",
            "name",
            "from",
            "confirmed",
            "pending",
            "unsubscribed",
            "opt_in",
            "never_confirmed",
        ],
        rows,
        as_json=as_json,
    )
