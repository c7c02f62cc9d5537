"""`mailer newsletter set`, `form`, `numbers`: how people sign up, and what came of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from mailer.audience import forms, newsletters
from mailer.audience.forms import FormField, FormSettings
from mailer.cli.context import mailer
from mailer.cli.output import AsJson, say, show, write
from mailer.composing.typed_bodies import body_of
from mailer.database.engine import reading, transaction
from mailer.database.tables import Newsletter, OptIn, Outcome
from mailer.errors import InvalidInput
from mailer.joining import counting
from mailer.web.snippet import snippet

Slug = Annotated[str, typer.Argument(help="The newsletter's short name.")]


def set_up(
    slug: Slug,
    opt_in: Annotated[
        OptIn | None,
        typer.Option("--opt-in", help="single: the form counts. double: a click in a mail does."),
    ] = None,
    opened: Annotated[
        bool | None, typer.Option("--open/--closed", help="Whether anybody may sign up.")
    ] = None,
    offered: Annotated[
        bool | None,
        typer.Option(
            "--offered/--not-offered",
            help="Whether readers of the others see it among their preferences, while it is open.",
        ),
    ] = None,
    heading: Annotated[
        str | None, typer.Option("--heading", help='Over the form; "": the usual words.')
    ] = None,
    intro: Annotated[str | None, typer.Option("--intro", help="A paragraph below it.")] = None,
    button: Annotated[
        str | None, typer.Option("--button", help='On its button; "": the usual word.')
    ] = None,
    consent: Annotated[
        str | None, typer.Option("--consent", help="What people agree to, kept with each consent.")
    ] = None,
    ask_name: Annotated[
        bool | None, typer.Option("--ask-name/--no-ask-name", help="Whether it asks for a name.")
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option("--field", help='Asks for a custom field; "city!": must be filled; "": none.'),
    ] = None,
    roles: Annotated[
        bool | None,
        typer.Option("--roles/--no-roles", help="Whether addresses such as info@ may sign up."),
    ] = None,
    disposable: Annotated[
        bool | None,
        typer.Option("--disposable/--no-disposable", help="Whether throw-away addresses may."),
    ] = None,
    work: Annotated[
        bool | None,
        typer.Option("--work/--no-work", help="Whether browsers must prove work: scripts only."),
    ] = None,
    hourly: Annotated[
        int | None,
        typer.Option(
            "--hourly",
            help="So many forms an hour from one network, a sixth without script: more for a stall.",
            min=10,
            max=forms.MOST_HOURLY,
        ),
    ] = None,
    site: Annotated[
        list[str] | None,
        typer.Option("--site", help='A site that may show the form; "": any may.'),
    ] = None,
    asked_page: Annotated[
        str | None, typer.Option("--asked-page", help="A page of your own, after the form.")
    ] = None,
    confirmed_page: Annotated[
        str | None, typer.Option("--confirmed-page", help="A page of your own, after the click.")
    ] = None,
    welcome: Annotated[
        bool | None, typer.Option("--welcome/--no-welcome", help="Whether a welcome mail is sent.")
    ] = None,
    welcome_subject: Annotated[
        str | None, typer.Option("--welcome-subject", help="Its subject.")
    ] = None,
    welcome_file: Annotated[
        Path | None,
        typer.Option("--welcome-file", help="Its words: paragraphs, Markdown or HTML."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Set how a newsletter is subscribed to; what is not named stays as it is."""
    values: dict[str, Any] = {
        "open": opened,
        "offered": offered,
        "heading": heading,
        "intro": intro,
        "button": button,
        "consent": consent,
        "ask_name": ask_name,
        "fields": None if field is None else [_field(one) for one in field if one],
        "roles": roles,
        "disposable": disposable,
        "work": work,
        "hourly": hourly,
        "sites": None if site is None else [one for one in site if one],
        "asked_page": asked_page,
        "confirmed_page": confirmed_page,
        "welcome": welcome,
        "welcome_subject": welcome_subject,
        "welcome_body": None if welcome_file is None else _body(welcome_file),
    }
    with transaction(mailer().engine) as session:
        newsletter = newsletters.get(session, slug)
        newsletter.opt_in = opt_in or newsletter.opt_in
        kept = forms.change(
            session, newsletter, **{name: one for name, one in values.items() if one is not None}
        )
        said = _said(newsletter, kept)
    say("\n".join(f"{name}: {value}" for name, value in said.items()), said, as_json=as_json)


def form(
    slug: Slug,
    language: Annotated[
        str | None, typer.Option("--language", help="Language tag; else the newsletter's.")
    ] = None,
    source: Annotated[
        str,
        typer.Option("--source", help="Where it will stand: kept with each consent given on it."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Print the form for your own pages: HTML that works without script, and better with one."""
    with transaction(mailer().engine) as session:
        html = snippet(session, mailer(), newsletters.get(session, slug), language, source)
    if as_json:
        say("", {"newsletter": slug, "html": html}, as_json=True)
    else:
        write(html.rstrip())


def numbers(
    slug: Slug,
    days: Annotated[int, typer.Option("--days", min=1, help="Of the last so many days.")] = 30,
    as_json: AsJson = False,
) -> None:
    """What became of the forms that came in: asked, confirmed, refused with the reason."""
    with reading(mailer().engine) as session:
        newsletter = newsletters.get(session, slug)
        since = mailer().clock() - timedelta(days=days - 1)
        found = counting.counted(session, since, newsletter.id).get(newsletter.id, {})
    show(
        f"{slug}, {days} days",
        ["outcome", "forms"],
        [(one.value, found.get(one, 0)) for one in Outcome],
        as_json=as_json,
    )


def _said(newsletter: Newsletter, kept: FormSettings) -> dict[str, Any]:
    return {
        "newsletter": newsletter.slug,
        "page": f"{mailer().settings.base_url}/s/{newsletter.slug}",
        "opt_in": newsletter.opt_in.value,
        **kept.model_dump(mode="json"),
    }


def _field(text: str) -> dict[str, Any]:
    return FormField(name=text.removesuffix("!"), required=text.endswith("!")).model_dump()


def _body(path: Path) -> str:
    try:
        return body_of(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read as text: {error}.") from error
