"""Pages while the database is in trouble: why, what to do, when to try again; then all goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text

from mailer.database import engine as engines
from mailer.database.engine import database_file, open_engine
from tests.support.factories import NOON
from tests.support.site import heading, mailer_of, visiting
from tests.support.staff import SignedIn, sign_in

pytestmark = pytest.mark.anyio


@contextmanager
def read_only(engine: Engine) -> Iterator[None]:
    """It can only be read, as with a server in recovery, or a file of others."""
    sqlite = engine.dialect.name == "sqlite"
    setting = "PRAGMA query_only = %s" if sqlite else "SET default_transaction_read_only = %s"
    _tell(engine, setting % "on")
    yield
    _tell(engine, setting % "off")


def _tell(engine: Engine, words: str) -> None:
    """To the one connection that the pool has."""
    connection = engine.raw_connection()
    connection.cursor().execute(words)
    connection.commit()
    connection.close()


@contextmanager
def other_tables(engine: Engine) -> Iterator[None]:
    """Another version of the program has been at work."""
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE tags RENAME TO labels"))
    yield
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE labels RENAME TO tags"))


@contextmanager
def locked(engine: Engine) -> Iterator[None]:
    """Another program writes to the file, and does not come to an end."""
    other = sqlite3.connect(str(database_file(engine)), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.close()


async def assert_told(
    engine: Engine, trouble: Callable[[Engine], AbstractContextManager[None]], words: str
) -> SignedIn:
    """Staff are told in *words* why nothing is written; afterwards the same is done."""
    mailer = mailer_of(engine)
    ana = sign_in(mailer)
    form = ana.form | {"name": "choir"}
    async with visiting(mailer) as client:
        client.cookies.update(ana.cookies)
        with trouble(engine):
            page = await client.post("/subscribers/tags", data=form)
            script = await client.post(
                "/subscribers/tags", data=form, headers={"accept": "application/json"}
            )
        assert (page.status_code, page.headers["retry-after"]) == (503, "60")
        assert heading(page) == "We cannot do this right now"
        assert words in page.text
        assert (script.status_code, script.headers["retry-after"]) == (503, "60")
        assert words in script.json()["error"]
        assert (await client.post("/subscribers/tags", data=form)).status_code == 303
    return ana


async def test_a_database_that_can_only_be_read_is_told(engine: Engine) -> None:
    reason = "cannot be written" if engine.dialect.name == "sqlite" else "can only be read"
    await assert_told(engine, read_only, f"The database {reason}")


async def test_a_database_of_another_version_is_told(engine: Engine) -> None:
    await assert_told(engine, other_tables, "Start the program anew")


async def test_a_database_that_is_busy_is_told_and_can_still_be_read(
    sqlite_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where it is time to note that a session is in use."""
    monkeypatch.setattr(engines, "_BUSY_SECONDS", 0.05)
    engine = open_engine(sqlite_engine.url.render_as_string())
    ana = await assert_told(engine, locked, "The database is busy")
    later = mailer_of(engine, clock=lambda: NOON + timedelta(hours=1))
    async with visiting(later) as client:
        client.cookies.update(ana.cookies)
        with locked(engine):
            assert (await client.get("/subscribers")).status_code == 200
    engine.dispose()


async def test_readers_are_not_told_what_the_database_says(engine: Engine) -> None:
    async with visiting(mailer_of(engine)) as client:
        with other_tables(engine):
            answer = await client.get("/u/AAAACAAAAAAAAagvf4YbsJLotCioO-wx")
    assert "tables" not in answer.text
