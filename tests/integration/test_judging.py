"""Scanners that pose as browsers are told from people by their haste, and people are left alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from mailer.database.engine import reading, transaction
from mailer.database.tables import Click, Delivery, Fate, IssueLink, Open
from mailer.tracking import judging, reports
from tests.support.factories import NOON, add_issue, add_newsletter

SENT = NOON
LATER = NOON + timedelta(hours=1)
BURST, AT_ONCE = "3 links within 3 seconds", "within 2 seconds of sending"


@pytest.fixture
def issue_id(engine: Engine) -> int:
    """An issue with six links that reader 7 got at noon."""
    with transaction(engine) as session:
        issue = add_issue(session, add_newsletter(session))
        session.add_all(
            IssueLink(
                issue_id=issue.id,
                number=number,
                url=f"https://river.test/{number}",
                label=f"Link {number}",
                role="action",
                block="b-1",
                block_position=1,
            )
            for number in range(6)
        )
        session.add(
            Delivery(
                issue_id=issue.id,
                subscriber_id=7,
                fate=int(Fate.ACCEPTED),
                attempts=1,
                at=SENT,
                reply="250 Ok",
            )
        )
        return issue.id


def follow(
    engine: Engine,
    issue_id: int,
    links: Sequence[tuple[int, float]],
    *,
    reader: int = 7,
    start: datetime = LATER,
) -> None:
    """Clicks on links, each so many seconds after *start*."""
    with transaction(engine) as session:
        session.add_all(
            Click(
                issue_id=issue_id,
                subscriber_id=reader,
                link_number=number,
                at=start + timedelta(seconds=seconds),
                machine=None,
            )
            for number, seconds in links
        )
        session.flush()


def judged(
    engine: Engine, *, now: datetime = LATER + timedelta(hours=1), at_hand: bool = False
) -> list[str | None]:
    with transaction(engine) as session:
        judging.judge(session, now=now, at_hand=at_hand)
    with reading(engine) as session:
        return list(session.scalars(select(Click.machine).order_by(Click.id)))


def test_whoever_follows_three_links_in_three_seconds_is_a_machine(
    engine: Engine, issue_id: int
) -> None:
    follow(engine, issue_id, [(0, 0), (1, 0.4), (2, 0.9), (3, 2.5)])

    assert judged(engine) == [BURST] * 4


def test_a_person_who_reads_on_is_none(engine: Engine, issue_id: int) -> None:
    follow(engine, issue_id, [(0, 0), (1, 1.5), (2, 3.5), (3, 60)])
    follow(engine, issue_id, [(4, 0), (4, 0.2), (4, 0.4)], reader=8)  # one link, impatiently

    assert judged(engine) == [None] * 7


def test_readers_and_issues_are_judged_apart(engine: Engine, issue_id: int) -> None:
    for reader, number in ((7, 0), (8, 1), (9, 2)):
        follow(engine, issue_id, [(number, 0)], reader=reader)

    assert judged(engine) == [None] * 3


def test_a_click_before_the_mail_can_have_arrived_is_a_machines(
    engine: Engine, issue_id: int
) -> None:
    follow(engine, issue_id, [(0, 1.0)], start=SENT)
    follow(engine, issue_id, [(0, 40.0)], start=SENT)

    assert judged(engine) == [AT_ONCE, None]


def test_what_a_click_said_of_itself_is_kept(engine: Engine, issue_id: int) -> None:
    follow(engine, issue_id, [(0, 0), (1, 1)])
    with transaction(engine) as session:
        session.add(
            Click(
                issue_id=issue_id, subscriber_id=7, link_number=2, at=LATER, machine="HEAD request"
            )
        )

    assert judged(engine) == [None, None, "HEAD request"]


def test_clicks_that_may_still_get_neighbours_wait_and_none_is_judged_twice(
    engine: Engine, issue_id: int
) -> None:
    follow(engine, issue_id, [(0, 0), (1, 0.5)])
    assert judged(engine, now=LATER + timedelta(seconds=1)) == [None, None]
    follow(engine, issue_id, [(2, 1.0)])

    assert judged(engine) == [BURST] * 3
    with reading(engine) as session:
        assert not judging.pending(session, now=LATER + timedelta(hours=1))
    assert judged(engine) == [BURST] * 3


def test_people_and_machines_are_counted_apart(engine: Engine, issue_id: int) -> None:
    follow(engine, issue_id, [(0, 0), (1, 0.4), (2, 0.9)])
    follow(engine, issue_id, [(0, 0)], reader=8)
    judged(engine)

    with reading(engine) as session:
        figures = reports.calls(session, issue_id)
    assert [(one.people, one.machine_clicks) for one in figures[:3]] == [(1, 1), (0, 1), (0, 1)]


def test_haste_is_no_sign_where_the_mail_had_no_way_to_go(engine: Engine, issue_id: int) -> None:
    """Whoever tries the sample in the built-in inbox sees the mail, and can click, at once."""
    follow(engine, issue_id, [(0, 0.5), (1, 1.5)], start=SENT)

    assert judged(engine, at_hand=True) == [None, None]


def test_an_open_at_the_moment_of_sending_is_a_machine_and_later_ones_are_people(
    engine: Engine, issue_id: int
) -> None:
    """However many there are: pictures are fetched again as often as a mail is looked at."""
    with transaction(engine) as session:
        for seconds in (0.5, 60, 61, 62, 63):
            at = SENT + timedelta(seconds=seconds)
            session.add(Open(issue_id=issue_id, subscriber_id=7, at=at))
    with transaction(engine) as session:
        assert judging.pending(session, now=LATER)
        assert judging.judge(session, now=LATER) == 1
        assert not judging.pending(session, now=LATER)
    with reading(engine) as session:
        marks = session.scalars(select(Open.machine).order_by(Open.id)).all()
    assert marks == [AT_ONCE, None, None, None, None]
