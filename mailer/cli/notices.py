"""`mailer notice …`: mails to single people, such as confirmations, and what became of them."""

from __future__ import annotations

import enum
from typing import Annotated

import typer

from mailer.cli.context import mailer
from mailer.cli.output import AsJson, say, show
from mailer.database.engine import reading, transaction
from mailer.database.tables import Fate
from mailer.notifying import notices

app = typer.Typer(no_args_is_help=True)


class Standing(enum.StrEnum):
    """What became of a notice."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    SKIPPED = "skipped"

    @property
    def fate(self) -> Fate | None:
        """As it is stored."""
        return None if self is Standing.WAITING else Fate[self.name]


@app.command("list")
def list_notices(
    state: Annotated[
        Standing | None, typer.Option("--state", help="Only those in this state.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="At most so many.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """The newest notices, with the relay's last words."""
    with reading(mailer().engine) as session:
        found = notices.page(session, fates=None if state is None else [state.fate], limit=limit)
        rows = [
            (
                one.id,
                one.created_at.isoformat(timespec="seconds"),
                one.kind,
                one.recipient,
                "waiting" if one.fate is None else Fate(one.fate).name.lower(),
                one.attempts,
                one.reply,
            )
            for one in found
        ]
    show("", ["id", "at", "kind", "to", "state", "attempts", "reply"], rows, as_json=as_json)


@app.command("test")
def send_test(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Who gets the mail.")],
    language: Annotated[
        str | None, typer.Option("--language", help="Language tag, like en or pt-BR.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Queue a mail that shows whether mail goes out; `mailer schedule` sends it."""
    installation = mailer()
    with transaction(installation.engine) as session:
        notice = installation.notifier.notify(
            session, "test", to=address, values={}, language=language, now=installation.clock()
        )
    say(
        f"A test mail to {address} waits to be sent; `mailer notice list` says what became of it.",
        {"id": notice.id, "to": notice.recipient},
        as_json=as_json,
    )
