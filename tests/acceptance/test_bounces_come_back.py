"""An issue goes out, things come back through the receiver, and the next issue minds them all."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from mailer.database.engine import transaction
from tests.support.command import Installation, an_installation, free_port
from tests.support.factories import add_newsletter, add_subscriber
from tests.support.patience import SECONDS
from tests.support.receiving import Client
from tests.support.returned import complaint, dsn, leaving, recipient, vacation
from tests.support.sink import Sink, running

READERS = ("gone", "full", "angry", "away", "tired", "happy")


def address(name: str) -> str:
    return f"{name}@readers.test"


def prepare(house: Installation, engine: Engine) -> None:
    with transaction(engine) as session:
        newsletter = add_newsletter(
            session, return_path="bounces@back.river.test", postal_address="1 Quay, Bonn"
        )
        for name in READERS:
            add_subscriber(session, address(name), newsletter=newsletter)
    for number in (1, 2):
        (house.folder / f"{number}.md").write_text(
            f"---\nsubject: News {number}\n---\n# News\n\nOh.\n"
        )
        house.run("issue", "import", f"{number}.md", "--newsletter", "river")


def envelopes(sink: Sink) -> dict[str, tuple[str, str]]:
    """By recipient: the return path of their mail, and the envelope's identifier."""
    found = {}
    for mail, rcpt in zip(sink.envelopes[::2], sink.envelopes[1::2], strict=True):
        path, envid = re.findall(r"FROM:<([^>]+)> RET=HDRS ENVID=(\w+)", mail)[0]
        found[re.findall(r"TO:<([^>]+)>", rcpt)[0]] = (path, envid)
    return found


@contextmanager
def incoming(house: Installation, port: int) -> Iterator[Client]:
    with house.running("-m", "mailer", "incoming", "--port", str(port)):
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            try:
                client = Client(port)
            except ConnectionRefusedError:
                time.sleep(0.1)
            else:
                with client:
                    yield client
                return
        raise AssertionError("nothing takes what comes back")


def come_back(client: Client, sink: Sink) -> None:
    """What a relay, a provider and people's machines send after they had accepted everything."""
    paths = envelopes(sink)
    gone, envid = paths[address("gone")]
    reports = {
        gone: dsn(recipient(address("gone")), to=gone, envid=envid, Message_ID="<1@mx.test>"),
        paths[address("full")][0]: dsn(
            recipient(address("full"), status="4.2.2", words="smtp; 452 4.2.2 over quota"),
            Message_ID="<2@mx.test>",
        ),
        paths[address("away")][0]: vacation(),
    }
    for path, source in reports.items():
        assert client.hand_over(source, path).startswith("250")
    original = str(sink.message(address("angry"))).replace(address("angry"), "redacted")
    assert client.hand_over(complaint(original), "bounces@back.river.test").startswith("250")
    offered = sink.message(address("tired"))["List-Unsubscribe"]
    to = re.findall(r"mailto:([^?>]+)", str(offered))[0]
    assert client.hand_over(leaving(to), to).startswith("250")


@pytest.mark.slow
def test_the_next_issue_goes_to_whom_it_may(
    tmp_path: Path, sqlite_url: str, sqlite_engine: Engine
) -> None:
    with running(Sink(dsn=True)) as sink:
        house = an_installation(
            tmp_path,
            sqlite_url,
            smtp_url=f"smtp://127.0.0.1:{sink.port}?starttls=no",
            base_url="https://news.river.test",
        )
        prepare(house, sqlite_engine)
        house.run("issue", "send", "1")
        assert set(sink.counts) == {address(name) for name in READERS}
        with incoming(house, free_port()) as client:
            come_back(client, sink)
        house.run("issue", "send", "2")

    assert {one for one, count in sink.counts.items() if count == 2} == {
        address("full"),
        address("away"),
        address("happy"),
    }
    first, second = house.json("issue", "audit", "1"), house.json("issue", "audit", "2")
    assert first["came_back"] == {
        "auto-reply": 1,
        "bounce-permanent": 1,
        "bounce-transient": 1,
        "complaint": 1,
        "unsubscribe": 1,
    }
    assert second["planned"] == second["accepted"] + second["skipped"]
    listed = {one["address"] or "?": one["outcome"] for one in house.json("bounces", "list")}
    assert listed[address("gone")] == "suppressed"
    assert listed[address("full")] == "counted: 1 in a row"
    said = house.run("issue", "status", "1").stdout
    assert "2 bounced later, 1 complained" in said
