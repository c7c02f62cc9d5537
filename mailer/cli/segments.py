"""`mailer segment …`: rules that say whom you mean, counted live."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from mailer.audience import segments, targeting
from mailer.audience.selecting import doubts, understood
from mailer.audience.selecting.describing import describe
from mailer.cli.context import mailer
from mailer.cli.output import AsJson, complain, many, say, show, write
from mailer.database.engine import reading, transaction, zone_of
from mailer.database.tables import Segment
from mailer.errors import InvalidRule
from mailer.rules import reread, to_json
from mailer.rules.syntax import asks_for_days

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The segment; capitals do not matter.")]
RuleText = Annotated[
    str, typer.Option("--rule", metavar="RULE", help='tag is "volunteer" and language is "de".')
]
OfNewsletter = Annotated[
    str | None,
    typer.Option("--newsletter", "-n", metavar="SLUG", help="Only its confirmed subscribers."),
]


@app.command()
def add(name: Name, rule: RuleText, as_json: AsJson = False) -> None:
    """Save a rule under a name."""
    now = mailer().clock()
    with transaction(mailer().engine) as session:
        segment = segments.add(session, name, rule, now=now)
        data = _data(session, segment)
    _tell(data, as_json=as_json)


@app.command("set")
def set_rule(name: Name, rule: RuleText, as_json: AsJson = False) -> None:
    """Give a segment another rule; issues that have started keep the one they started with."""
    with transaction(mailer().engine) as session:
        segment = segments.change_rule(session, name, rule, now=mailer().clock())
        data = _data(session, segment)
    _tell(data, as_json=as_json)


@app.command("list")
def list_segments(as_json: AsJson = False) -> None:
    """All segments with their rules."""
    with reading(mailer().engine) as session:
        rows = [(one.name, one.rule) for one in segments.every(session)]
    show("", ["name", "rule"], rows, as_json=as_json)


@app.command("show")
def show_segment(name: Name, as_json: AsJson = False) -> None:
    """One segment: its rule, and how many people it means now."""
    with reading(mailer().engine) as session:
        data = _data(session, segments.get(session, name))
    _tell(data, as_json=as_json)


@app.command()
def count(name: Name, newsletter: OfNewsletter = None, as_json: AsJson = False) -> None:
    """How many people a segment means now."""
    with reading(mailer().engine) as session:
        segment = segments.get(session, name)
        selected = segments.selection(session, name, now=mailer().clock())
        people = (
            targeting.confirmed(session, newsletter, selected)
            if newsletter
            else segments.count(session, selected)
        )
    say(
        f"{segment.name}: {many(people, 'person', 'people')}.",
        {"name": segment.name, "newsletter": newsletter, "people": people},
        as_json=as_json,
    )


@app.command()
def members(
    name: Name,
    after: Annotated[int, typer.Option("--after", help="Only numbers beyond this one.")] = 0,
    limit: Annotated[int, typer.Option("--limit", help="At most so many.", min=1)] = 100,
    as_json: AsJson = False,
) -> None:
    """Who they are, by number; `--after` the last one shows the next page."""
    with reading(mailer().engine) as session:
        selected = segments.selection(session, name, now=mailer().clock())
        people = segments.members(session, selected, after=after, limit=limit)
        rows = [(one.id, one.address, one.name) for one in people]
    show("", ["id", "address", "name"], rows, as_json=as_json)


@app.command()
def remove(name: Name, as_json: AsJson = False) -> None:
    """Forget a segment; nobody is removed with it."""
    with transaction(mailer().engine) as session:
        segments.remove(session, name)
    say(f"The segment {name} is gone.", {"name": name, "removed": True}, as_json=as_json)


@app.command()
def check(rule: RuleText, as_json: AsJson = False) -> None:
    """Read a rule without saving it: how it is understood, how many it means; status 2 if wrong."""
    now = mailer().clock()
    with reading(mailer().engine) as session:
        try:
            parsed, selected = understood(session, rule, now=now)
        except InvalidRule as error:
            _point_at(rule, error, as_json=as_json)
            raise typer.Exit(error.exit_status) from error
        people = segments.count(session, selected)
        doubted = [str(one.words) for one in doubts(session, parsed, now=now)]
        zone = str(zone_of(session)) if asks_for_days(parsed) else None
    days = [f"Days begin at midnight in {zone} (MAILER_TIME_ZONE)."] if zone else []
    say(
        "\n".join((str(parsed), f"{many(people, 'person', 'people')}.", *days, *doubted)),
        {
            "rule": str(parsed),
            "people": people,
            "time_zone": zone,
            "doubts": doubted,
            "json": to_json(parsed),
        },
        as_json=as_json,
    )


@app.command()
def words(as_json: AsJson = False) -> None:
    """What rules can speak of here: fields, tags, newsletters, what people did, and how."""
    with reading(mailer().engine) as session:
        known = describe(session)
    if as_json:
        say("", known, as_json=True)
        return
    rows = [
        (
            f"field {one['field']}" if "field" in one else one["subject"],
            one["label"],
            ", ".join(operator["operator"] for operator in one["operators"]),
            ", ".join(one["options"][:10]),
        )
        for one in known["subjects"]
    ]
    rows += [(one, "Newsletter", "", _names(known["newsletters"])) for one in known["standings"]]
    rows += [(one["verb"], "Issues", _WINDOWS, ", ".join(one["targets"])) for one in known["deeds"]]
    rows.append(("segment", "Another segment", "", ", ".join(known["segments"][:10])))
    show("", ["word", "means", "compared by", "values"], rows, as_json=False)


_WINDOWS = "in last 3 issues, in issue 7, in last 30 days"


def _names(newsletters: list[dict[str, str]]) -> str:
    return ", ".join(one["slug"] for one in newsletters[:10])


def _data(session: Session, segment: Segment) -> dict[str, Any]:
    selected = segments.selection(session, segment.name, now=mailer().clock())
    return {
        "name": segment.name,
        "rule": segment.rule,
        "people": segments.count(session, selected),
        "json": to_json(reread(segment.rule)),
    }


def _tell(data: dict[str, Any], *, as_json: bool) -> None:
    people = many(data["people"], "person", "people")
    say(f"{data['name']}: {data['rule']}\n{people}.", data, as_json=as_json)


def _point_at(rule: str, error: InvalidRule, *, as_json: bool) -> None:
    if as_json:
        fault = {
            "error": str(error),
            "position": error.position,
            "expected": list(error.expected),
        }
        say("", fault, as_json=True)
        return
    line = rule.replace("\n", " ").replace("\t", " ")
    write(f"{line}\n{' ' * error.position}^")
    complain(str(error))
