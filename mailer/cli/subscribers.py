"""`mailer subscriber …`: who reads a newsletter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from mailer.audience import histories, newsletters, subscribers
from mailer.cli import persons
from mailer.cli.context import NewsletterSlug, mailer, parse_pair
from mailer.cli.output import AsJson, say, show
from mailer.database.engine import reading, transaction
from mailer.database.tables import Consent

app = typer.Typer(no_args_is_help=True)
Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The e-mail address.")]


@app.command()
def add(
    address: Address,
    newsletter: NewsletterSlug,
    name: Annotated[str, typer.Option("--name", help="What the person is called.")] = "",
    field: Annotated[
        list[str] | None, typer.Option("--field", help="A field of your own: city=Lisbon.")
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", help="Language tag, like en or pt-BR.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Subscribe one person who asked for it; whoever left is not brought back."""
    fields = dict(map(_field, field or []))
    with transaction(mailer().engine) as session:
        owner = newsletters.get(session, newsletter)
        result = subscribers.add(
            session,
            owner,
            address,
            name=name,
            fields=fields,
            language=language,
            signer=mailer().signer,
            now=mailer().clock(),
            source="command",
        )
    shown = result.subscriber.address
    say(
        f"{shown}: {result.result.value}.",
        {"id": result.subscriber.id, "address": shown, "result": result.result.value},
        as_json=as_json,
    )


@app.command("list")
def list_subscribers(
    newsletter: NewsletterSlug,
    state: Annotated[
        Consent | None, typer.Option("--state", help="Only those in this state.")
    ] = None,
    after: Annotated[int, typer.Option("--after", help="Only numbers beyond this one.")] = 0,
    limit: Annotated[int, typer.Option("--limit", help="At most so many.", min=1)] = 100,
    as_json: AsJson = False,
) -> None:
    """A newsletter's subscribers by number; `--after` the last one shows the next page."""
    with reading(mailer().engine) as session:
        owner = newsletters.get(session, newsletter)
        rows = [
            (
                one.subscriber.id,
                one.subscriber.address,
                one.subscriber.name,
                one.subscription.state.value,
                one.subscription.changed_at.isoformat(timespec="seconds"),
                mailer().address_rules.flag(one.subscriber.address_key),
            )
            for one in subscribers.page(session, owner, after=after, limit=limit, state=state)
        ]
    show("", ["id", "address", "name", "state", "since", "flag"], rows, as_json=as_json)


@app.command()
def history(address: Address, as_json: AsJson = False) -> None:
    """Every record of somebody's consent: when, how, from where, what they were shown."""
    with reading(mailer().engine) as session:
        subscriber = subscribers.get(session, address)
        records = histories.history(session, subscriber)
    rows = [
        (
            one.at.isoformat(timespec="seconds"),
            one.newsletter,
            one.state.value if one.state else None,
            one.source,
            dict(one.evidence),
        )
        for one in records
    ]
    if as_json:
        show("", ["at", "newsletter", "state", "source", "evidence"], rows, as_json=True)
        return
    for at, newsletter, state, source, evidence in rows:
        say(f"{at}  {newsletter}: {state} ({source})" if state else f"{at}  {source}")
        for line in _lines(evidence):
            say(f"    {line}")


@app.command()
def unsubscribe(address: Address, newsletter: NewsletterSlug, as_json: AsJson = False) -> None:
    """End one subscription on somebody's behalf."""
    with transaction(mailer().engine) as session:
        owner = newsletters.get(session, newsletter)
        now = mailer().clock()
        ended = subscribers.unsubscribe(session, owner, address, by="command", now=now)
    say(
        f"{address} {'is unsubscribed' if ended else 'had unsubscribed already'}.",
        {"address": address, "state": "unsubscribed", "changed": ended},
        as_json=as_json,
    )


def _lines(evidence: Mapping[str, Any], of: str = "") -> Iterator[str]:
    """One fact a line; further lines of what was shown stand under the first."""
    for name, value in evidence.items():
        if isinstance(value, Mapping):
            yield from _lines(value, of=f"{name}, ")
        else:
            yield f"{of}{name}: " + str(value).replace("\n", "\n        ")


def _field(text: str) -> tuple[str, str]:
    name, value = parse_pair(text)
    return name.lower(), value


app.command("show")(persons.show)
app.command("set")(persons.change)
app.command("erase")(persons.erase)
