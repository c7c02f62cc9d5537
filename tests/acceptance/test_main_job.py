"""From a file to the inbox, to a click, to leaving: driven by commands and HTTP alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import Engine, select

from mailer.database.engine import reading
from mailer.database.tables import Click, IssueLink, Subscriber, Unsubscribe
from mailer.sample import sample_text
from tests.support.accounting import wait_until_sent
from tests.support.command import Installation, an_installation, free_port, until_answers
from tests.support.sink import Sink, running

READERS = ["ana@readers.test", "ben@readers.test", "chiara@readers.test"]


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running(Sink()) as server:
        yield server


@pytest.fixture
def installation(database_url: str, tmp_path: Path, sink: Sink) -> Installation:
    return an_installation(
        tmp_path,
        database_url,
        smtp_url=f"smtp://127.0.0.1:{sink.port}?starttls=no",
        base_url=f"http://127.0.0.1:{free_port()}",
        secret_key="only-for-this-test-0123456789",
        retry_schedule="1s,1s",
    )


def parts(message: EmailMessage) -> tuple[str, str]:
    text, html = (part.get_content() for part in message.iter_parts())
    return text, html


def test_an_issue_goes_out_is_clicked_and_unsubscribed_from_and_the_next_one_skips_who_left(
    installation: Installation, engine: Engine, sink: Sink, tmp_path: Path
) -> None:
    base = installation.environment["MAILER_BASE_URL"]
    (tmp_path / "issue.json").write_text(sample_text())
    (tmp_path / "readers.csv").write_text(
        "Email,Name\n" + "".join(f"{one},{one[:3].title()}\n" for one in READERS)
    )
    installation.run("newsletter", "add", "river", "--name", "River", "--from", "news@river.test")
    report = installation.json("import", "readers.csv", "--newsletter", "river")
    assert report["counts"] == {"added": 3}
    issue_id = installation.json("issue", "import", "issue.json", "--newsletter", "river")["id"]
    assert installation.json("issue", "check", str(issue_id))["recipients"] == 3
    scheduler_file = Path(__file__).parents[2] / "scheduler.py"

    with ExitStack() as stack:
        stack.enter_context(
            installation.running("-m", "mailer", "web", "--port", base.rpartition(":")[2])
        )
        until_answers(base)
        # Scheduled while nothing runs: it is sent once the scheduler does.
        installation.run("issue", "schedule", str(issue_id), "--at", "+1s")
        assert installation.json("issue", "status", str(issue_id))["state"] == "scheduled"
        with installation.running(str(scheduler_file)):
            wait_until_sent(engine, issue_id)

        assert sink.counts == dict.fromkeys(READERS, 1)
        with httpx.Client(timeout=60) as client:
            assert_every_link_leads_to_its_tagged_destination(client, engine, issue_id, sink)
            assert_leaving_works_by_page_and_by_one_click(
                client, installation, engine, issue_id, sink
            )

    second = installation.json("issue", "import", "issue.json", "--newsletter", "river")["id"]
    result = installation.json("issue", "send", str(second))
    assert (result["planned"], result["accepted"]) == (1, 1)
    assert sink.counts[READERS[2]] == 2
    assert sum(sink.counts.values()) == 4
    for one in (issue_id, second):
        audit = installation.json("issue", "audit", str(one))
        assert audit["planned"] == sum(
            audit[name] for name in ("accepted", "refused", "skipped", "waiting")
        )


def assert_every_link_leads_to_its_tagged_destination(
    client: httpx.Client, engine: Engine, issue_id: int, sink: Sink
) -> None:
    with reading(engine) as session:
        links = {
            link.number: link
            for link in session.scalars(select(IssueLink).where(IssueLink.issue_id == issue_id))
        }
        ids = {one.address: one.id for one in session.scalars(select(Subscriber))}
    written = {
        block["button"]["url"]
        for block in json.loads(sample_text())["blocks"]
        if block.get("button")
    }
    followed: dict[str, set[int]] = {}
    for address in READERS:
        text, html = parts(sink.message(address))
        tracked = set(re.findall(r'http://[^\s"<>]+/c/[^\s"<>]+', unescape(html)))
        assert tracked == set(re.findall(r"http://\S+/c/\S+", text))
        assert len(tracked) == len(links)
        for url in tracked:
            number = int(url.rpartition("/")[2])
            answer = client.get(url)
            assert answer.status_code == 302
            assert answer.headers["location"] == links[number].url
            followed.setdefault(address, set()).add(number)
    destinations = {link.url for link in links.values() if "utm_source" in link.url}
    assert {re.sub(r"[?&]utm_[^&#]*", "", url) for url in destinations} >= written
    for url in destinations:
        tags = parse_qs(urlsplit(url).query)
        assert tags["utm_source"] == ["river"]
        assert tags["utm_medium"] == ["email"]
        assert len(tags["utm_campaign"]) == len(tags["utm_content"]) == 1
    with reading(engine) as session:
        stored = session.execute(select(Click.subscriber_id, Click.link_number)).all()
    assert sorted(stored) == sorted(
        (ids[address], number) for address, numbers in followed.items() for number in numbers
    )


def assert_leaving_works_by_page_and_by_one_click(
    client: httpx.Client, installation: Installation, engine: Engine, issue_id: int, sink: Sink
) -> None:
    by_page, by_click = (sink.message(address) for address in READERS[:2])
    url = by_page["List-Unsubscribe"].strip("<>")
    assert url in parts(by_page)[0]
    page = client.get(url)
    assert page.status_code == 200
    assert "<form" in page.text
    assert len(installation.json("subscriber", "list", "-n", "river", "--state", "confirmed")) == 3

    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', page.text))
    assert client.post(url, data=hidden).status_code in {200, 303}
    one_click = client.post(
        by_click["List-Unsubscribe"].strip("<>"),
        data={"List-Unsubscribe": "One-Click"},
    )
    assert one_click.status_code == 200

    confirmed = installation.json("subscriber", "list", "-n", "river", "--state", "confirmed")
    assert [one["address"] for one in confirmed] == READERS[2:]
    with reading(engine) as session:
        left = session.execute(select(Unsubscribe.issue_id, Unsubscribe.method)).all()
    assert sorted(left) == [(issue_id, "one-click"), (issue_id, "page")]
