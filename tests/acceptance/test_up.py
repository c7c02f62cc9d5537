"""`mailer up` is one thing: what it started never stays behind, however it ends."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

from mailer.base_urls import known
from mailer.database.engine import open_engine
from tests.support.accounting import wait_until
from tests.support.command import free_port, until_answers
from tests.support.processes import Process, installation
from tests.support.sink import Sink, running


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_killed_it_leaves_nothing_behind_and_starts_again_until_ctrl_c(
    sqlite_url: str, tmp_path: Path
) -> None:
    port = free_port()

    def up() -> Process:
        process = site.command("up", "--port", str(port))
        until_answers(f"http://127.0.0.1:{port}/health")
        wait_until(lambda: "started" in process.words)
        return process

    with running(Sink()) as sink, installation(tmp_path, sqlite_url, sink.port) as site:
        up().kill()
        wait_until(lambda: is_free(port))
        assert known(open_engine(sqlite_url)) == f"http://127.0.0.1:{port}", "for other commands"
        assert up().end(signal.SIGINT)[0] == 0
        assert is_free(port)
