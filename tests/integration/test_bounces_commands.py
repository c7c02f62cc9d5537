"""`mailer bounces …` reads mails without changing anything, takes them from a pipe, and lists."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mailer.bootstrap import bootstrap
from mailer.database.engine import transaction
from mailer.settings import load_settings
from mailer.tokens import Signer
from tests.support.command import Installation, an_installation
from tests.support.factories import add_issue, add_newsletter, add_subscriber
from tests.support.returned import complaint, dsn, mail, recipient, vacation, verp

KEY = "a key for tests of commands only"


@pytest.fixture
def house(tmp_path: Path, sqlite_url: str) -> Installation:
    engine = bootstrap(load_settings(database_url=sqlite_url, secret_key=KEY)).engine
    with transaction(engine) as session:
        newsletter = add_newsletter(session, return_path="bounces@river.test")
        add_subscriber(session, newsletter=newsletter)
        add_issue(session, newsletter)
    engine.dispose()
    return an_installation(tmp_path, sqlite_url, secret_key=KEY)


def taken(
    house: Installation, source: bytes, *arguments: str, status: int = 0, **more: str
) -> None:
    replace(house, environment=house.environment | more).run(
        *("bounces", "take", *arguments), standard_input=source, status=status
    )


def to_ann() -> str:
    return verp(1, 1, Signer(KEY.encode()))


def test_reading_says_what_is_recognised_and_makes_no_database(tmp_path: Path) -> None:
    house = an_installation(tmp_path, f"sqlite:///{tmp_path}/none.db", secret_key=KEY)
    (tmp_path / "gone.eml").write_bytes(dsn(to=to_ann()))
    (tmp_path / "away.eml").write_bytes(vacation())

    gone, away = house.json("bounces", "read", "gone.eml", "away.eml")

    assert gone["file"] == "gone.eml"
    assert gone["reader"] == {"issue_id": 1, "subscriber_id": 1}
    [finding] = gone["findings"]
    assert finding["recipient"] == "ann@readers.test"
    assert (finding["kind"], finding["status"]) == ("bounce-permanent", "5.1.1")
    assert finding["reason"] == "user unknown"
    assert "User unknown" in finding["words"]
    assert [one["kind"] for one in away["findings"]] == ["auto-reply"]
    said = house.run("bounces", "read", "gone.eml").stdout
    assert said.startswith("gone.eml: bounce-permanent: ann@readers.test 5.1.1 user unknown:")
    assert not (tmp_path / "none.db").exists()
    assert house.run("bounces", "read", "missing.eml", status=2).stdout == ""


def test_a_pipe_records_a_mail_and_says_so_by_its_status(house: Installation) -> None:
    taken(house, dsn(to="hidden@x.test"), "--recipient", to_ann())
    taken(house, complaint("Subject: x\n"), ORIGINAL_RECIPIENT="bounces@river.test")

    complained, bounced = house.json("bounces", "list")
    assert (bounced["kind"], bounced["address"]) == ("bounce-permanent", "ann@readers.test")
    assert (bounced["outcome"], bounced["issue"]) == ("suppressed", 1)
    assert complained["outcome"] == "unidentified: it names no address"
    assert [one["id"] for one in house.json("bounces", "list", "--unidentified")] == [2]
    assert [one["id"] for one in house.json("bounces", "list", "--issue", "1")] == [1]
    assert [one["id"] for one in house.json("bounces", "list", "--before", "2")] == [1]
    assert house.json("bounces", "count") == [
        {"kind": "bounce-permanent", "outcome": "suppressed", "count": 1},
        {"kind": "complaint", "outcome": "unidentified: it names no address", "count": 1},
    ]
    assert house.json("issue", "audit", "1")["came_back"] == {"bounce-permanent": 1}


@pytest.mark.slow
def test_a_pipe_asks_the_mail_server_to_try_again_whatever_went_wrong(
    house: Installation, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.db"
    broken.write_text("no database")

    taken(house, dsn(), MAILER_DATABASE_URL=f"sqlite:///{broken}", status=75)
    taken(house, dsn(), MAILER_SECRET_KEY="another key than before", status=75)
    taken(house, dsn(), MAILER_BOUNCE_LIMIT="none", status=75)
    assert house.json("bounces", "list") == []


def test_letters_and_several_recipients_are_listed_one_by_one(house: Installation) -> None:
    two = dsn(recipient("a@gone.test"), recipient("b@gone.test"))
    letter = mail("Hello", sender="ann@readers.test", Subject="Hi", Return_Path="")

    taken(house, two)
    taken(house, letter)

    listed = house.json("bounces", "list")
    assert [one["address"] for one in listed] == ["", "b@gone.test", "a@gone.test"]
    assert listed[0]["kind"] == "other"


def test_fetching_needs_a_mailbox(house: Installation) -> None:
    assert "MAILER_BOUNCE_MAILBOX" in house.run("bounces", "fetch", status=3).stderr
