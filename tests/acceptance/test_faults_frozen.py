"""The database is frozen, which no connection notices: who is asked to end does, and says so."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mailer.database.engine import open_engine
from mailer.database.upgrading import upgrade
from mailer.errors import Unavailable
from tests.support.accounting import wait_until
from tests.support.clicking import KEY, serving
from tests.support.command import free_port, until_answers
from tests.support.postgresql import Server
from tests.support.processes import installation
from tests.support.site import mail_one, mailer_of

pytestmark = pytest.mark.slow


@pytest.fixture
def thawing(server: Server) -> Iterator[Server]:
    """One that can be stopped when the test is over."""
    engine = open_engine(server.url)
    upgrade(engine)
    engine.dispose()
    yield server
    server.thaw()


def test_everything_at_once_ends(thawing: Server, tmp_path: Path) -> None:
    port = free_port()
    with installation(tmp_path, thawing.url, smtp_port=1) as site:
        process = site.command("up", "--port", str(port))
        until_answers(f"http://127.0.0.1:{port}/health")
        wait_until(lambda: "started" in process.words)
        thawing.freeze()
        with pytest.raises(httpx.TimeoutException):
            httpx.get(f"http://127.0.0.1:{port}/health", timeout=2)
        assert process.end(signal.SIGINT)[0] == 0, process.words


def test_the_web_server_ends_and_leaves_clicks_that_nobody_takes(
    thawing: Server, tmp_path: Path
) -> None:
    engine = open_engine(thawing.url)
    ann = mail_one(mailer_of(engine, secret_key=KEY))
    engine.dispose()
    with installation(tmp_path, thawing.url, smtp_port=1) as site:
        process, port = serving(site)
        click = f"http://127.0.0.1:{port}/c/{ann.token}/1"
        assert httpx.get(click, timeout=60).status_code == 302
        thawing.freeze()
        assert httpx.get(click, timeout=60).status_code == 302, "nobody is kept waiting"
        assert process.end()[0] == Unavailable.exit_status, process.words

    assert "did not end within 8 seconds" in process.words
