"""The command line: every command by name; what one needs is loaded when it is called."""

from __future__ import annotations

import gc
import sys
from importlib.metadata import version
from pkgutil import resolve_name
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from mailer.cli.output import complain, write
from mailer.errors import MailerError

# Where a command stands in this folder, and what is said of it.
_COMMANDS = {
    "up": (
        "up:up",
        "Start everything: web, scheduler, sending and, without a relay, the built-in inbox.",
    ),
    "web": (
        "web:web",
        "Serve the pages, tracked links and unsubscribes; without a relay set, the inbox, too.",
    ),
    "schedule": (
        "schedule:schedule",
        "Start issues at their time and send them, until SIGTERM or Ctrl-C.",
    ),
    "worker": ("worker:worker", "Send only: any number of these share one database."),
    "incoming": (
        "incoming:incoming",
        "Take in bounces, complaints and unsubscribes that a mail server hands over (SMTP or LMTP).",
    ),
    "upgrade": (
        "upgrade:upgrade",
        "Bring the database to this version's schema; it also happens at first start.",
    ),
    "import": (
        "importing:import_file",
        "Import subscribers from exports and lists; whoever left is never brought back.",
    ),
    "export": (
        "exports:export",
        "Write a newsletter's subscribers to a file, which `import` reads back.",
    ),
    "archive": (
        "archives:archive",
        "Write the whole account into one file, while everything goes on; `restore` reads it back.",
    ),
    "restore": (
        "archives:restore",
        "Read an archive into an empty database, of either engine: all of it, or nothing.",
    ),
    "newsletter": (
        "newsletters:app",
        "Add and list newsletters, and set how they are subscribed to.",
    ),
    "subscriber": (
        "subscribers:app",
        "Add, list, show, change, unsubscribe and erase subscribers.",
    ),
    "suppression": ("suppressions:app", "Addresses and domains that are never mailed."),
    "field": ("fields:app", "Define the fields that you keep of people."),
    "tag": ("tags:app", "Mark people with tags."),
    "segment": ("segments:app", "Say whom you mean by a rule, and count them."),
    "retention": ("retention:app", "What is kept for how long."),
    "issue": ("issues:app", "Import, check, schedule, send and audit issues."),
    "bounces": ("bounces:app", "Take in and list bounces, complaints and unsubscribes by mail."),
    "notice": ("notices:app", "Mails to single people: confirmations, sign-in links, tests."),
    "dkim": ("dkim:app", "Sign mails with DKIM: keys and DNS records."),
    "user": (
        "users:app",
        "Accounts of those who write and send: add, list, change, remove, let in again.",
    ),
}


class Later(TyperCommand):
    """Stands for a command, or a group of them, in the list of all until it is called."""

    def __init__(self, name: str, place: str, words: str) -> None:
        super().__init__(name, help=words)
        self._place = f"{__package__}.{place}"

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **extra: Any) -> Any:
        """The context of what this stands for: it is that which runs."""
        return self.loaded().make_context(info_name, args, *more, **extra)

    def loaded(self) -> Any:
        """What this stands for; imports its module."""
        shelf = typer.Typer()
        found = _import(self._place)
        if isinstance(found, typer.Typer):
            shelf.add_typer(found, name=self.name, help=self.help)
        else:
            shelf.command(self.name, help=self.help)(found)
        return get_group(shelf).commands[str(self.name)]


def _import(place: str) -> Any:
    # What is loaded stays: to look through it again and again was a fifth of every command's start.
    gc.disable()
    try:
        return resolve_name(place)
    finally:
        gc.freeze()
        gc.enable()


class _Commands(TyperGroup):
    """All commands, each loaded later."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        for name, (place, words) in _COMMANDS.items():
            self.add_command(Later(name, place, words))


app = typer.Typer(
    cls=_Commands,
    help="Newsletters: compose issues from blocks, send each exactly once, count honestly.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _say_version(wanted: bool) -> None:
    if wanted:
        write(f"mailer {version('mailer')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_say_version, is_eager=True, help="Print the version, and end."
        ),
    ] = False,
) -> None:
    """What may stand before a command."""


def main() -> None:
    """Run the command line; an expected error is one sentence and its own exit status."""
    try:
        app()
    except MailerError as error:
        complain(str(error))
        sys.exit(error.exit_status)
