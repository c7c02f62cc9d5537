"""The database goes away or its disk is full while readers click: every one of them gets there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from mailer.database.engine import database_file, open_engine
from mailer.database.upgrading import upgrade
from tests.support.clicking import CONNECTIONS, clicking, serving, stored
from tests.support.postgresql import Server
from tests.support.processes import Process, installation
from tests.support.site import mail_one, mailer_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture
def its_engine(server: Server) -> Iterator[Engine]:
    made = open_engine(server.url)
    upgrade(made)
    yield made
    made.dispose()


@pytest.mark.parametrize("times", [1, 4])
async def test_postgresql_is_restarted_and_every_click_is_kept_for_it(
    server: Server, its_engine: Engine, tmp_path: Path, times: int
) -> None:
    issue_id = mail_one(mailer_of(its_engine)).issue_id
    its_engine.dispose()  # what it holds would be cut off
    with installation(tmp_path, server.url, smtp_port=1) as site:
        process, port = serving(site)
        async with clicking(port, issue_id) as crowd:
            for _ in range(times):
                await crowd.more(1500)
                await asyncio.to_thread(server.stop_in_order)
                await crowd.more(CONNECTIONS)  # all of them are let go
                await asyncio.to_thread(server.start)
            await crowd.more(1500)
        assert (await asyncio.to_thread(process.end))[0] == 0

    assert lost(process) == 0, process.words
    assert stored(its_engine) == crowd.answered


@pytest.mark.parametrize("times", [1, 4])
async def test_kill_9_of_postgresql_leaves_clicks_stored_or_counted_as_lost(
    server: Server, its_engine: Engine, tmp_path: Path, times: int
) -> None:
    issue_id = mail_one(mailer_of(its_engine)).issue_id
    its_engine.dispose()  # what it holds would be cut off
    with installation(tmp_path, server.url, smtp_port=1) as site:
        process, port = serving(site)
        async with clicking(port, issue_id) as crowd:
            for _ in range(times):
                await crowd.more(1500)
                await asyncio.to_thread(server.kill)
                await crowd.more(CONNECTIONS)
                await asyncio.to_thread(server.start)
            await crowd.more(1500)
        assert (await asyncio.to_thread(process.end))[0] == 0

    kept = stored(its_engine)
    assert set(kept.values()) == {1}
    assert kept - crowd.answered == {}
    # At each kill one group of clicks was under way; it may be stored or not.
    assert (crowd.answered - kept).total() <= lost(process) <= times * CONNECTIONS


async def test_a_full_disk_stops_no_reader_and_what_is_lost_is_counted(
    sqlite_engine: Engine, sqlite_url: str, tmp_path: Path
) -> None:
    issue_id = mail_one(mailer_of(sqlite_engine)).issue_id
    with installation(tmp_path, sqlite_url, smtp_port=1) as site:
        process, port = serving(site)
        async with clicking(port, issue_id) as crowd:
            await crowd.more(500)
            file = database_file(sqlite_engine)
            assert file is not None
            process.limit_files(file.with_name(f"{file.name}-wal").stat().st_size)
            while "items are lost" not in process.words:
                await crowd.more(500)
            process.limit_files(None)
            await crowd.more(1000)
        assert (await asyncio.to_thread(process.end))[0] == 0

    kept = stored(sqlite_engine)
    assert kept - crowd.answered == {}
    assert (crowd.answered - kept).total() == lost(process) > 0


def lost(process: Process) -> int:
    """How many clicks it says it has lost, at the last."""
    counts = re.findall(r"clicks: items are lost, (\d+) since the start", process.words)
    return int(counts[-1]) if counts else 0
