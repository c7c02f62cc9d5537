"""`mailer user …`: accounts of those who write and send, also when nobody can sign in any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from mailer.bootstrap import Mailer
from mailer.cli.context import mailer
from mailer.cli.output import AsJson, say, show
from mailer.database.engine import reading, transaction
from mailer.database.tables import LinkPurpose, Role, User
from mailer.errors import InvalidInput
from mailer.staffing import links, second_factor, sessions, users

_BY_HAND = timedelta(days=1)  # a link that is printed is passed on by a person

app = typer.Typer(no_args_is_help=True)
Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="The account's e-mail address.")]


@app.command()
def add(
    address: Address,
    role: Annotated[
        Role, typer.Option("--role", help="What the person may do: docs/accounts.md.")
    ] = Role.EDITOR,
    name: Annotated[str, typer.Option("--name", help="What the person is called.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make an account, and print the address at which the person chooses a password."""
    installation = mailer()
    with transaction(installation.engine) as session:
        now = installation.clock()
        user = users.add(session, address, now=now, role=role, name=name)
        link = _link(installation, session, LinkPurpose.INVITATION, user)
    _say_link(
        f"{user.address} is {role.value}. Pass this address on, it works once:", link, as_json
    )


@app.command("list")
def list_users(as_json: AsJson = False) -> None:
    """All accounts, and when each was last used."""
    with reading(mailer().engine) as session:
        rows = [
            (
                one.address,
                one.name,
                one.role.value,
                "yes" if one.totp_secret else "no",
                one.seen_at.isoformat(timespec="seconds") if one.seen_at else "never",
            )
            for one in users.listed(session)
        ]
    show("", ["address", "name", "role", "codes", "last seen"], rows, as_json=as_json)


@app.command("set")
def change(
    address: Address,
    role: Annotated[Role | None, typer.Option("--role", help="What the person may do.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="What the person is called.")] = None,
    without_codes: Annotated[
        bool,
        typer.Option("--without-codes", help="Ask for no one-time codes: the phone is lost."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Change an account."""
    with transaction(mailer().engine) as session:
        user = users.get(session, address)
        if role is not None:
            users.set_role(session, user, role)
        if name is not None:
            users.rename(user, name)
        if without_codes:
            second_factor.turn_off(session, user)
    data = {"address": user.address, "name": user.name, "role": user.role.value}
    say(f"{user.address}: {user.name or '(no name)'}, {user.role.value}.", data, as_json=as_json)


@app.command()
def remove(address: Address, as_json: AsJson = False) -> None:
    """End an account and everything it is signed in with; issues it wrote stay."""
    with transaction(mailer().engine) as session:
        user = users.get(session, address)
        users.remove(session, user)
    say(f"{user.address} has no account any more.", {"address": user.address}, as_json=as_json)


@app.command()
def link(
    address: Annotated[
        str,
        typer.Argument(metavar="ADDRESS", help="Whose; none: for the first account of all."),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Print a fresh address that signs in once: for a forgotten password, or the first visit."""
    installation = mailer()
    with transaction(installation.engine) as session:
        if not address:
            if users.is_anybody(session):
                raise InvalidInput("Say for whom: `mailer user link ADDRESS`.")
            token = links.make_welcome(session, now=installation.clock())
            words = "Open this address to make the first account:"
            made = installation.settings.base_url + links.path_of(LinkPurpose.WELCOME, token)
        else:
            user = users.get(session, address)
            invited = user.seen_at is None
            purpose = LinkPurpose.INVITATION if invited else LinkPurpose.SIGN_IN
            made = _link(installation, session, purpose, user)
            words = f"This address signs {user.address} in once, within a day:"
    _say_link(words, made, as_json)


@app.command("sign-out")
def sign_out(address: Address, as_json: AsJson = False) -> None:
    """End all sessions of an account."""
    with transaction(mailer().engine) as session:
        user = users.get(session, address)
        sessions.end_all(session, user.id)
    say(f"{user.address} is signed out everywhere.", {"address": user.address}, as_json=as_json)


def _link(installation: Mailer, session: Session, purpose: LinkPurpose, user: User) -> str:
    token = links.make(session, purpose, user, now=installation.clock(), lifetime=_BY_HAND)
    return installation.settings.base_url + links.path_of(purpose, token)


def _say_link(words: str, made: str, as_json: bool) -> None:
    say(f"{words}\n\n    {made}\n", {"link": made}, as_json=as_json)
