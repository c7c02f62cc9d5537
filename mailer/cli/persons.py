"""`mailer subscriber show`, `set` and `erase`: what is known of one person, and its end."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from mailer.audience import details, subscribers
from mailer.audience.details import Details
from mailer.cli.context import mailer, parse_pair
from mailer.cli.output import AsJson, many, say, write
from mailer.database.engine import reading, transaction
from mailer.keeping import disclosing, erasing

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The e-mail address.")]


def show(address: Address, as_json: AsJson = False) -> None:
    """Everything that is known of one person; `--json` is what to give whoever asks for their data."""
    with reading(mailer().engine) as session:
        known = disclosing.everything(session, address, mailer().signer, now=mailer().clock())
    if as_json:
        write(json.dumps(known, ensure_ascii=False, indent=2))
    else:
        say("\n".join(_lines(known)))


def change(
    address: Address,
    name: Annotated[str | None, typer.Option("--name", help="What the person is called.")] = None,
    language: Annotated[
        str | None, typer.Option("--language", help="Language tag; empty: the newsletter's.")
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option("--time-zone", help="Like Europe/Lisbon; empty: the newsletter's.")
    ] = None,
    field: Annotated[
        list[str] | None, typer.Option("--field", help="city=Lisbon; city= takes it out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change what is kept of one person, consent apart; the record says that a command did it."""
    with transaction(mailer().engine) as session:
        person = subscribers.get(session, address)
        wanted = Details(
            name=person.name if name is None else name,
            language=person.language if language is None else language or None,
            time_zone=person.time_zone if time_zone is None else time_zone or None,
            fields={key.lower(): value for key, value in map(parse_pair, field or [])},
        )
        changed = details.change(session, person, wanted, by="command", now=mailer().clock())
        shown = person.address
    words = f"changed: {', '.join(changed)}." if changed else "nothing was changed."
    say(f"{shown}: {words}", {"address": shown, "changed": changed}, as_json=as_json)


def erase(
    address: Address,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase one person for ever; what was counted stays counted, without a name."""
    if not yes:
        typer.confirm(f"Erase everything known of {address}? It cannot be undone.", abort=True)
    with transaction(mailer().engine) as session:
        done = erasing.erase(
            session, address, mailer().signer, source="command", now=mailer().clock()
        )
    words = f"{address} is erased; an import will not bring them back."
    if done.under_way:
        words += (
            f" In {many(done.under_way, 'issue', 'issues')} under way, or just ended, their number goes "
            "an hour after the end (`mailer schedule` or `mailer retention run`)."
        )
    say(
        words,
        {"address": address, "subscriber": done.subscriber, "issues_under_way": done.under_way},
        as_json=as_json,
    )


def _lines(known: dict[str, Any]) -> list[str]:
    person = known["subscriber"]
    lines = [f"{person['name']} <{person['address']}>".strip(), f"  number {person['id']}"]
    for name, value in person.items():
        if name not in ("id", "name", "address", "fields") and value:
            lines.append(f"  {name.replace('_', ' ')}: {value}")
    lines += [f"  {name}: {value}" for name, value in person["fields"].items()]
    if known["suppression"]:
        lines.append(f"  never mailed: {known['suppression']['reason']}")
    for one in known["subscriptions"]:
        lines.append(f"{one['newsletter']}: {one['state']} since {one['changed_at'][:16]}")
    for name, entries in known.items():
        if isinstance(entries, list) and name != "subscriptions" and entries:
            lines.append(f"{name.replace('_', ' ')}: {len(entries):,}")
    return lines
