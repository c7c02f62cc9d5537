"""`mailer tag …`: mark people with words, one by one or a whole segment."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy.orm import Session

from mailer.audience import segments, subscribers, tags
from mailer.audience.selecting import Selection, understood
from mailer.cli.context import mailer
from mailer.cli.output import AsJson, many, say, show
from mailer.database.engine import reading, transaction
from mailer.errors import InvalidInput
from mailer.rules.syntax import quoted

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="TAG", help="The tag; capitals do not matter.")]
Address = Annotated[
    str | None, typer.Option("--address", metavar="ADDRESS", help="The person at this address.")
]
Segment = Annotated[
    str | None, typer.Option("--segment", metavar="NAME", help="Everybody in this segment.")
]
Rule = Annotated[
    str | None, typer.Option("--rule", metavar="RULE", help="Everybody whom this rule means.")
]


@app.command("list")
def list_tags(as_json: AsJson = False) -> None:
    """All tags, with their people counted."""
    with reading(mailer().engine) as session:
        rows = [(one.name, one.people) for one in tags.counted(session)]
    show("", ["tag", "people"], rows, as_json=as_json)


@app.command()
def add(
    name: Name,
    address: Address = None,
    segment: Segment = None,
    rule: Rule = None,
    as_json: AsJson = False,
) -> None:
    """Give a tag to people; alone, only make the tag."""
    now = mailer().clock()
    with transaction(mailer().engine) as session:
        changed = 0
        tags.ensure(session, [name], now=now)
        if address or segment or rule:
            chosen = _chosen(session, address, segment, rule)
            changed = tags.tag(session, name, chosen, now=now)
    say(f"{name}: given to {changed:,} more.", {"tag": name, "changed": changed}, as_json=as_json)


@app.command()
def take(
    name: Name,
    address: Address = None,
    segment: Segment = None,
    rule: Rule = None,
    as_json: AsJson = False,
) -> None:
    """Take a tag from people."""
    with transaction(mailer().engine) as session:
        changed = tags.untag(session, name, _chosen(session, address, segment, rule))
    say(f"{name}: taken from {changed:,}.", {"tag": name, "changed": changed}, as_json=as_json)


@app.command()
def rename(
    name: Name,
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its name from now on.")],
    as_json: AsJson = False,
) -> None:
    """Call a tag otherwise; whoever has it keeps it, and rules that name it follow."""
    with transaction(mailer().engine) as session:
        renamed = tags.rename(session, name, new).name
    say(f"{name} is called {renamed}.", {"tag": renamed}, as_json=as_json)


@app.command()
def merge(
    name: Name,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The tag that stays.")],
    as_json: AsJson = False,
) -> None:
    """Make two tags one: whoever has the first has the second instead, also in rules."""
    with transaction(mailer().engine) as session:
        changed = tags.merge(session, name, into)
        kept = tags.get(session, into).name
    say(
        f"{name} is {kept} now: given to {changed:,} more.",
        {"tag": kept, "changed": changed},
        as_json=as_json,
    )


@app.command()
def remove(name: Name, as_json: AsJson = False) -> None:
    """Take a tag from everybody and forget it."""
    with transaction(mailer().engine) as session:
        changed = tags.remove(session, name)
    say(
        f"{name} is gone; {many(changed, 'person', 'people')} had it.",
        {"tag": name, "changed": changed},
        as_json=as_json,
    )


def _chosen(
    session: Session, address: str | None, segment: str | None, rule: str | None
) -> Selection:
    if sum(map(bool, (address, segment, rule))) != 1:
        raise InvalidInput("Say who: --address, --segment or --rule, one of them.")
    now = mailer().clock()
    if segment:
        return segments.selection(session, segment, now=now)
    if address:
        found = subscribers.get(session, address)
        rule = f"address is {quoted(found.address)}"
    return understood(session, rule or "", now=now)[1]
