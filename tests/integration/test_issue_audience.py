"""An issue goes to the confirmed people of its segments, as they were when it started."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mailer.audience import segments, tags, targeting
from mailer.audience.consent import unsubscribe
from mailer.composing import issues, versions
from mailer.database.engine import reading, transaction
from mailer.database.tables import (
    Batch,
    Consent,
    Fate,
    Issue,
    IssueSegment,
    IssueState,
    Newsletter,
    Subscriber,
)
from mailer.delivering import lifecycle, recording
from mailer.delivering.packing import unpack
from mailer.errors import Conflict, InvalidInput, NotFound
from tests.support.command_line import command_line
from tests.support.factories import NOON, add_issue, add_newsletter, add_subscriber


def a_newsletter(session: Session) -> Newsletter:
    """Six people: en1, en2 (a volunteer), de1, de2 (a volunteer), one who waits, one who left."""
    river = add_newsletter(session)
    for name, language in (("en1", "en"), ("en2", "en-GB"), ("de1", "de"), ("de2", "de")):
        one = add_subscriber(session, f"{name}@x.test", newsletter=river, language=language,
                             time_zone="Europe/Berlin" if name.endswith("1") else None)  # fmt: skip
        if name.endswith("2"):
            tags.mark(session, one.id, ["volunteer"], now=NOON)
    for state in (Consent.PENDING, Consent.UNSUBSCRIBED):
        add_subscriber(session, f"{state}@x.test", newsletter=river, state=state, language="en")
    segments.add(session, "English", 'language is "en"', now=NOON)
    segments.add(session, "German", 'language is "de"', now=NOON)
    segments.add(session, "Volunteers", 'tag is "volunteer"', now=NOON)
    return river


def planned(engine: Engine, issue_id: int) -> list[str]:
    with reading(engine) as session:
        packed = session.scalars(select(Batch.subscriber_ids).where(Batch.issue_id == issue_id))
        ids = [one for batch in packed for one in unpack(batch)]
        assert len(ids) == len(set(ids))
        names = session.scalars(select(Subscriber.address).where(Subscriber.id.in_(ids)))
        return sorted(name.partition("@")[0] for name in names)


def started(engine: Engine, issue_id: int) -> int:
    with transaction(engine) as session:
        version = issues.get(session, issue_id).version
        return lifecycle.start(session, issue_id, version=version, batch_size=3, now=NOON)


@pytest.mark.parametrize(
    "manner",
    [{}, {"local_time": True, "scheduled_at": NOON}, {"canary_percent": 50.0}],
    ids=["at once", "local time", "canary"],
)
def test_any_of_the_included_none_of_the_excluded_and_only_who_agreed(
    engine: Engine, manner: dict[str, object]
) -> None:
    audiences: list[tuple[list[str], list[str], list[str]]] = [
        ([], [], ["de1", "de2", "en1", "en2"]),
        (["English"], [], ["en1", "en2"]),
        (["English", "Volunteers"], [], ["de2", "en1", "en2"]),
        ([], ["Volunteers"], ["de1", "en1"]),
        (["English", "German"], ["Volunteers"], ["de1", "en1"]),
        (["German"], ["Volunteers", "English"], ["de1"]),
    ]
    with transaction(engine) as session:
        river = a_newsletter(session)
    for include, exclude, names in audiences:
        with transaction(engine) as session:
            issue = add_issue(session, river, **manner)
            targeting.choose(session, issue.id, include=include, exclude=exclude, now=NOON)
            assert targeting.size(session, issue, now=NOON) == len(names), (include, exclude)

        assert started(engine, issue.id) == len(names), (include, exclude)
        assert planned(engine, issue.id) == names, (include, exclude)


def test_the_audience_is_frozen_with_the_rules_it_had(engine: Engine) -> None:
    with transaction(engine) as session:
        issue = add_issue(session, a_newsletter(session))
        segments.add(session, "Both", 'segment "English" and segment "Volunteers"', now=NOON)
        targeting.choose(session, issue.id, include=["Both"], now=NOON)
    assert started(engine, issue.id) == 1

    with transaction(engine) as session:
        segments.change_rule(session, "English", 'language is "fr"', now=NOON)
        row = session.scalars(select(IssueSegment)).one()
        assert row.rule == 'language is "en" and tag is "volunteer"'
        with pytest.raises(Conflict, match="cannot be changed any more"):
            targeting.choose(session, issue.id, now=NOON)
    assert planned(engine, issue.id) == ["en2"]


def test_whoever_is_missing_gets_it_by_the_frozen_rule_even_without_the_segment(
    engine: Engine,
) -> None:
    with transaction(engine) as session:
        river = a_newsletter(session)
        issue = add_issue(session, river)
        targeting.choose(session, issue.id, include=["English"], exclude=["Volunteers"], now=NOON)
    assert started(engine, issue.id) == 1
    with transaction(engine) as session:
        (batch,) = session.scalars(select(Batch))
        (one,) = unpack(batch.subscriber_ids)
        recording.add_deliveries(
            session, issue.id, Fate.ACCEPTED, {one: "250 ok"}, attempts=1, now=NOON
        )
        batch.open = False
        session.get_one(Issue, issue.id).state = IssueState.SENT
    with transaction(engine) as session:
        segments.remove(session, "English")
        add_subscriber(session, "en3@x.test", newsletter=river, language="en")
        add_subscriber(session, "de3@x.test", newsletter=river, language="de")
    with transaction(engine) as session:
        assert targeting.audience_of(session, issue.id).include == ("English",)
        assert lifecycle.send_to_missing(session, issue.id, batch_size=10, now=NOON) == 1
    assert planned(engine, issue.id) == ["en1", "en3"]


def test_an_issue_is_not_among_the_last_ones_for_its_own_audience(engine: Engine) -> None:
    """ "Not received in last 1 issues" speaks of the one before, also for those sent to later."""
    with transaction(engine) as session:
        river = a_newsletter(session)
        before = add_issue(
            session, river, started_at=NOON - timedelta(days=1), state=IssueState.SENT
        )
        got = session.scalars(select(Subscriber.id).where(Subscriber.address == "en1@x.test")).one()
        recording.add_deliveries(
            session, before.id, Fate.ACCEPTED, {got: "250 ok"}, attempts=1, now=NOON
        )
        segments.add(session, "Rested", "not received in last 1 issues", now=NOON)
        issue = add_issue(session, river)
        targeting.choose(session, issue.id, include=["Rested"], now=NOON)
    assert started(engine, issue.id) == 3
    assert planned(engine, issue.id) == ["de1", "de2", "en2"]


def test_choosing_counts_the_version_up_so_that_nothing_stale_starts(engine: Engine) -> None:
    with transaction(engine) as session:
        issue = add_issue(session, a_newsletter(session))
        targeting.choose(session, issue.id, exclude=["English"], now=NOON)
    with transaction(engine) as session, pytest.raises(Conflict, match="was changed"):
        lifecycle.start(session, issue.id, version=1, batch_size=3, now=NOON)
    with reading(engine) as session:
        assert str(targeting.audience_of(session, issue.id)) == "everybody, but not English"


def test_what_was_written_moves_on_with_the_version(engine: Engine) -> None:
    """Also what an editor left unfinished, which the checks look up by the issue's version."""
    with transaction(engine) as session:
        issue = add_issue(session, a_newsletter(session))
        versions.keep(session, issue.id, 1, {"half": "done"}, by="Ann", now=NOON)
        targeting.choose(session, issue.id, exclude=["English"], now=NOON)
        assert [one.number for one in versions.listing(session, issue.id)] == [2]
        assert versions.get(session, issue.id, 2).doc == {"half": "done"}


def test_who_left_after_choosing_is_not_planned(engine: Engine) -> None:
    with transaction(engine) as session:
        river = a_newsletter(session)
        issue = add_issue(session, river)
        targeting.choose(session, issue.id, include=["English"], now=NOON)
        gone = session.scalars(
            select(Subscriber.id).where(Subscriber.address == "en1@x.test")
        ).one()
        unsubscribe(session, newsletter_id=river.id, subscriber_id=gone, now=NOON, method="page")
    assert started(engine, issue.id) == 1


def test_what_is_no_segment_cannot_be_chosen(engine: Engine) -> None:
    with transaction(engine) as session:
        issue = add_issue(session, a_newsletter(session))
        with pytest.raises(NotFound, match="there are: English, German, Volunteers"):
            targeting.choose(session, issue.id, include=["French"], now=NOON)
        with pytest.raises(InvalidInput, match="both in and out"):
            targeting.choose(session, issue.id, include=["English"], exclude=["english"], now=NOON)
        with pytest.raises(NotFound, match="no issue 99"):
            targeting.choose(session, 99, now=NOON)


def test_a_draft_is_not_audited_but_said_to_have_no_audience(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_engine: Engine
) -> None:
    with transaction(sqlite_engine) as session:
        add_issue(session, add_newsletter(session))
    mailer = command_line(monkeypatch, tmp_path, str(sqlite_engine.url))

    assert "has no audience yet" in mailer.run("issue", "audit", "1").stdout
    assert mailer.json("issue", "audit", "1")["planned"] == 0
