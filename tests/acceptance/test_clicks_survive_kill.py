"""A click that was answered is in the database, once, whatever becomes of the web server."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.support.clicking import CONNECTIONS, KEY, clicking, serving, stored
from tests.support.processes import installation
from tests.support.site import mail_one, mailer_of

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "moments",
    [(1500,), pytest.param((1, 300, 700, 1100, 2500, 4000, 7000), marks=pytest.mark.slow)],
)
async def test_kill_9_loses_no_click_that_was_answered(
    engine: Engine, database_url: str, tmp_path: Path, moments: tuple[int, ...]
) -> None:
    issue_id = mail_one(mailer_of(engine, secret_key=KEY)).issue_id
    with installation(tmp_path, database_url, smtp_port=1) as site:
        for moment in moments:
            before = stored(engine)
            process, port = serving(site)
            async with clicking(port, issue_id) as crowd:
                await crowd.more(moment)
                await asyncio.to_thread(process.kill)

            kept = stored(engine) - before
            assert crowd.answered.total() >= moment
            assert crowd.answered - kept == {}
            # What was stored and not answered any more: at most one click of each connection.
            assert (kept - crowd.answered).total() <= CONNECTIONS
            assert set(kept.values()) == {1}


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
async def test_an_orderly_end_answers_and_stores_what_was_begun(
    engine: Engine, database_url: str, tmp_path: Path, number: signal.Signals
) -> None:
    issue_id = mail_one(mailer_of(engine, secret_key=KEY)).issue_id
    with installation(tmp_path, database_url, smtp_port=1) as site:
        process, port = serving(site)
        async with clicking(port, issue_id) as crowd:
            await crowd.more(400)
            status, _ = await asyncio.to_thread(process.end, number)

    assert status == 0
    assert stored(engine) == crowd.answered
