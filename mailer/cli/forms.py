"""`mailer newsletter set` and `form`: how people sign up, and the form for your own pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from markupsafe import escape

from mailer.audience import forms, newsletters
from mailer.audience.forms import FormField, FormSettings
from mailer.cli.context import mailer
from mailer.cli.output import AsJson, say, write
from mailer.database.engine import transaction
from mailer.database.tables import Newsletter, OptIn
from mailer.errors import InvalidInput
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
    heading: Annotated[
        str | None, typer.Option("--heading", help='Over the form; "": the usual words.')
    ] = None,
    intro: Annotated[str | None, typer.Option("--intro", help="A paragraph below it.")] = None,
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
    welcome: Annotated[
        bool | None, typer.Option("--welcome/--no-welcome", help="Whether a welcome mail is sent.")
    ] = None,
    welcome_subject: Annotated[
        str | None, typer.Option("--welcome-subject", help="Its subject.")
    ] = None,
    welcome_file: Annotated[
        Path | None,
        typer.Option("--welcome-file", help="Its words: paragraphs of plain text, or HTML."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Set how a newsletter is subscribed to; what is not named stays as it is."""
    values: dict[str, Any] = {
        "open": opened,
        "heading": heading,
        "intro": intro,
        "consent": consent,
        "ask_name": ask_name,
        "fields": None if field is None else [_field(one) for one in field if one],
        "roles": roles,
        "disposable": disposable,
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
    as_json: AsJson = False,
) -> None:
    """Print the form for your own pages: HTML that works without script, and better with one."""
    with transaction(mailer().engine) as session:
        html = snippet(session, mailer(), newsletters.get(session, slug), language)
    if as_json:
        say("", {"newsletter": slug, "html": html}, as_json=True)
    else:
        write(html.rstrip())


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
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read as text: {error}.") from error
    if text.startswith("<"):
        return text
    paragraphs = [part.strip() for part in text.split("\n\n") if part.strip()]
    return "".join(f"<p>{str(escape(one)).replace(chr(10), '<br>')}</p>" for one in paragraphs)
