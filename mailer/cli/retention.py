"""`mailer retention …`: what is kept for how long."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Annotated, Any

import typer

from mailer.cli.context import mailer
from mailer.cli.output import AsJson, say
from mailer.database.engine import reading, transaction
from mailer.errors import InvalidInput
from mailer.joining.lapsing import remove_unconfirmed, unconfirmed
from mailer.keeping import terms
from mailer.keeping.foreseeing import foresee
from mailer.keeping.retaining import retain
from mailer.keeping.terms import Rule
from mailer.settings import parse_duration

app = typer.Typer(no_args_is_help=True)
_EVER = "ever"


@app.command("show")
def show_rules(as_json: AsJson = False) -> None:
    """How long what is kept, who says so, and how much is due; nothing is removed."""
    installation = mailer()
    now, fixed = installation.clock(), installation.fixed_terms
    with reading(installation.engine) as session:
        kept = terms.in_force(session, fixed)
        sign_ups = unconfirmed(session, now - kept.unconfirmed)
        due = {**foresee(session, kept, now=now), Rule.UNCONFIRMED: sign_ups}
        last = {one.rule: one for one in reversed(terms.changes(session, most=sys.maxsize))}
    told: dict[str, dict[str, Any]] = {}
    for rule in Rule:
        by = f"MAILER_{rule.setting.upper()}" if rule in fixed else ""
        if not by and rule in last:
            by = last[rule].by
        told[rule.value] = {
            "kept": _written(kept.of(rule)), "set_by": by or None, "due": due.get(rule, 0)
        }  # fmt: skip
    lines = [
        f"{name}: {one['kept']}, due: {one['due']:,}"
        + (f" (set by {one['set_by']})" if one["set_by"] else "")
        for name, one in told.items()
    ]
    say("\n".join(lines), told, as_json=as_json)


@app.command("set")
def set_rule(
    rule: Annotated[Rule, typer.Argument(help="What is kept.")],
    kept: Annotated[str, typer.Argument(help="For how long: 90d, 365d, …, or ever.")],
    as_json: AsJson = False,
) -> None:
    """Keep something for so long from now on; what is due goes within the hour."""
    installation = mailer()
    with transaction(installation.engine) as session:
        changed = terms.change(
            session,
            rule,
            _read(kept),
            fixed=installation.fixed_terms,
            by="command",
            now=installation.clock(),
        )
    words = f"{rule.value}: {kept}." if changed else f"{rule.value}: {kept}, as it was before."
    say(words, {"rule": rule.value, "kept": kept, "changed": changed}, as_json=as_json)


@app.command()
def run(as_json: AsJson = False) -> None:
    """Do now, and to the end, what the scheduler does every hour; prints what was done."""
    installation = mailer()
    now = installation.clock()
    with transaction(installation.engine) as session:
        kept = terms.in_force(session, installation.fixed_terms)
        sign_ups = remove_unconfirmed(session, now - kept.unconfirmed)
    done = retain(installation.engine, installation.signer, kept, now=now, most=sys.maxsize)
    if sign_ups:
        done["sign-ups without confirmation"] = sign_ups
    words = [f"{name}: {count:,}" for name, count in done.items()]
    say("\n".join(words) or "There was nothing to do.", dict(done), as_json=as_json)


def _read(kept: str) -> timedelta | None:
    if kept == _EVER:
        return None
    try:
        return parse_duration(kept)
    except ValueError as error:
        raise InvalidInput(f"{error}, or ever.") from error


def _written(kept: timedelta | None) -> str:
    if kept is None:
        return _EVER
    days = kept / timedelta(days=1)
    return f"{days:g}d" if days == int(days) else f"{kept.total_seconds():g}s"
