"""Who left is counted per issue, per way and per reason, and stays counted."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Engine

from mailer.audience import consent, newsletters, subscribers
from mailer.database.engine import reading, transaction
from mailer.keeping.erasing import erase
from mailer.tracking.departures import Departures, departures
from tests.support.command_line import command_line
from tests.support.factories import NOON
from tests.support.readership import a_sent_issue, address_of
from tests.support.sending import SIGNER


def of_river(engine: Engine) -> Departures:
    with reading(engine) as session:
        return departures(session, newsletters.get(session, "river").id)


def test_ways_reasons_and_issues_are_counted(engine: Engine) -> None:
    issue_id = a_sent_issue(engine)  # Ann left by it: too many mails
    with transaction(engine) as session:
        river = newsletters.get(session, "river")
        leave = partial(subscribers.unsubscribe, session, river, by="tess", now=NOON)
        leave(address_of("bo"), reason="asked by phone")
        leave(address_of("cy"))
        cy = subscribers.get(session, address_of("cy"))
        assert consent.undo_unsubscribe(
            session, newsletter_id=river.id, subscriber_id=cy.id, now=NOON, source="undo"
        )

    found = of_river(engine)

    assert (found.left, found.came_back) == (3, 1)
    assert found.methods == {"editor": 2, "page": 1}
    assert found.reasons == {"Too many mails": 1, "in their own words": 1, "": 1}
    assert found.words[0][1] == "asked by phone"
    assert [(one.issue_id, one.left, one.came_back) for one in found.issues] == [(issue_id, 1, 0)]


def test_counts_survive_an_erasure_words_do_not(engine: Engine) -> None:
    a_sent_issue(engine)
    before = of_river(engine)
    with transaction(engine) as session:
        erase(session, address_of("ann"), SIGNER, source="t", now=NOON)
    after = of_river(engine)
    assert (after.left, after.methods, after.reasons) == (1, before.methods, before.reasons)
    assert after.issues == before.issues
    assert [reason for _, reason in after.words] == ["Too many mails"]


def test_the_commands_say_it(
    sqlite_url: str, sqlite_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_sent_issue(sqlite_engine)
    mailer = command_line(monkeypatch, tmp_path, sqlite_url)
    said = mailer.json("newsletter", "leaving", "river")
    assert (said["left"], said["reasons"]) == (1, {"Too many mails": 1})
    assert said["issues"][0]["left"] == 1
    assert mailer.json("issue", "status", "1")["left"] == 1
    assert "1 have left river" in mailer.run("newsletter", "leaving", "river").stdout
