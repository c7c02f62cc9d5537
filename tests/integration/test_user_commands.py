"""Accounts from the command line: also for whoever cannot sign in any more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer.cli import context
from mailer.database.engine import reading, transaction
from mailer.database.tables import StaffSession, User
from mailer.staffing import sessions
from tests.support.command_line import CommandLine
from tests.support.factories import NOON
from tests.support.staff import FIREFOX

LINK = re.compile(r"http://127\.0\.0\.1:8000/(welcome|sign-in)/[\w-]{43}")


@pytest.fixture
def mailer(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CommandLine]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MAILER_DATABASE_URL", sqlite_url)
    context.mailer.cache_clear()
    yield CommandLine()
    context.mailer().engine.dispose()
    context.mailer.cache_clear()


def has_come(address: str) -> None:
    """As if the person had signed in."""
    with transaction(context.mailer().engine) as session:
        user = session.query(User).filter_by(address=address).one()
        sessions.begin(session, user, FIREFOX, now=NOON)


def test_the_first_address_is_printed_as_long_as_nobody_has_an_account(
    mailer: CommandLine,
) -> None:
    printed = LINK.search(mailer.run("user", "link").stdout)
    assert printed
    assert printed[1] == "welcome"
    mailer.run("user", "add", "ana@river.test", "--role", "owner")
    assert "for whom" in mailer.run("user", "link", status=2).stderr


def test_accounts_are_added_listed_changed_and_removed(mailer: CommandLine) -> None:
    for address, role in (("ana@river.test", "owner"), ("ben@river.test", "editor")):
        assert LINK.fullmatch(mailer.json("user", "add", address, "--role", role)["link"])
    mailer.run("user", "add", "BEN@river.test", status=4)
    changed = mailer.json("user", "set", "ben@river.test", "--role", "sender", "--name", "Ben")
    assert changed == {"address": "ben@river.test", "name": "Ben", "role": "sender"}
    listed = {one["address"]: one["role"] for one in mailer.json("user", "list")}
    assert listed == {"ana@river.test": "owner", "ben@river.test": "sender"}
    mailer.run("user", "remove", "ben@river.test")
    mailer.run("user", "remove", "ben@river.test", status=3)
    assert [one["address"] for one in mailer.json("user", "list")] == ["ana@river.test"]


def test_the_last_owner_stays(mailer: CommandLine) -> None:
    mailer.run("user", "add", "ana@river.test", "--role", "owner")
    mailer.run("user", "add", "ben@river.test", "--role", "owner")
    has_come("ana@river.test")
    for words in (("remove", "ana@river.test"), ("set", "ana@river.test", "--role", "viewer")):
        assert "only owner" in mailer.run("user", *words, status=4).stderr
    has_come("ben@river.test")
    mailer.run("user", "remove", "ana@river.test")


def test_whoever_is_locked_out_gets_in_by_an_address_and_others_are_signed_out(
    mailer: CommandLine,
) -> None:
    mailer.run("user", "add", "ana@river.test", "--role", "owner")
    has_come("ana@river.test")
    link = mailer.json("user", "link", "ana@river.test")["link"]
    assert "/sign-in/" in link
    mailer.run("user", "sign-out", "ana@river.test")
    with reading(context.mailer().engine) as session:
        assert session.query(StaffSession).count() == 0
