"""What an issue came to is counted by people who acted, call by call, machines apart."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from mailer.audience import consent
from mailer.bootstrap import Mailer
from mailer.database.engine import reading, transaction
from mailer.database.tables import (
    Batch,
    Bounce,
    Click,
    Consent,
    Delivery,
    Fate,
    Issue,
    IssueLink,
    IssueState,
    Open,
    Role,
    User,
)
from mailer.reports import Kind
from mailer.tracking import comparisons, reports
from tests.support.factories import NOON, add_issue, add_newsletter, add_readers, add_subscriber
from tests.support.site import heading, mailer_of, page, visiting
from tests.support.staff import sign_in

pytestmark = pytest.mark.anyio
LINKS = (
    (1, "Sign now", "action", 1, "https://act.test/sign?utm_source=river"),
    (2, "=cmd|' /C calc'!A0", "item", 2, "https://act.test/letter"),
    (3, "the decision", "text", 1, "https://act.test/decision"),
)


@pytest.fixture
def mailer(engine: Engine) -> Mailer:
    return mailer_of(engine)


@pytest.fixture
def issue_id(engine: Engine) -> int:
    """An issue that reached ten people at noon: two signed, a scanner followed all."""
    with transaction(engine) as session:
        newsletter = add_newsletter(session)
        add_readers(session, newsletter, 10)
        return send(session, newsletter, clicks=[(1, 1, 1), (1, 1, 2), (2, 1, 5), (2, 3, 5)]).id


def send(session, newsletter, *, days: int = 0, clicks) -> Issue:  # type: ignore[no-untyped-def]
    """*clicks*: (reader, link, hours later); reader 9 is a scanner."""
    issue = add_issue(session, newsletter)
    issue.state, issue.planned = IssueState.SENT, 10
    issue.started_at = issue.finished_at = NOON + timedelta(days=days)
    session.add_all(
        IssueLink(
            issue_id=issue.id,
            number=n,
            label=label,
            role=role,
            url=url,
            block=f"b-{at}",
            block_position=at,
        )
        for n, label, role, at, url in LINKS
    )
    session.add(
        Batch(
            issue_id=issue.id,
            subscriber_ids="",
            size=10,
            due_at=NOON,
            open=False,
            accepted=8,
            refused=1,
            skipped=1,
        )
    )
    session.add_all(
        Delivery(
            issue_id=issue.id,
            subscriber_id=one,
            fate=fate,
            attempts=1,
            at=NOON,
            reply="unsubscribed",
        )
        for one, fate in enumerate([1] * 8 + [int(Fate.REFUSED), int(Fate.SKIPPED)], start=1)
    )
    session.add_all(
        Click(
            issue_id=issue.id,
            subscriber_id=who,
            link_number=link,
            at=issue.started_at + timedelta(hours=later),
            machine=None,
        )
        for who, link, later in clicks
    )
    session.add_all(
        Click(
            issue_id=issue.id,
            subscriber_id=9,
            link_number=link,
            at=issue.started_at,
            machine="HEAD request",
        )
        for link in (1, 2, 3)
    )
    session.flush()
    return issue


def test_people_are_counted_once_and_machines_apart(engine: Engine, issue_id: int) -> None:
    with reading(engine) as session:
        calls = reports.calls(session, issue_id)
        came_to = reports.engagement(session, [issue_id])[issue_id]

    assert [(one.people, one.clicks, one.machine_clicks, one.everybody) for one in calls] == [
        (2, 3, 1, 3),
        (0, 0, 1, 1),
        (1, 1, 1, 2),
    ]
    assert came_to == reports.Engagement(acted=2, everybody=3, clicks=4, machine_clicks=3)


def test_a_link_in_running_text_is_no_call_to_action(engine: Engine) -> None:
    with transaction(engine) as session:
        issue = send(session, add_newsletter(session), clicks=[(1, 3, 1)])
        came_to = reports.engagement(session, [issue.id])[issue.id]

    assert (came_to.acted, came_to.clicks) == (0, 1)


def test_hours_have_no_gaps(engine: Engine, issue_id: int) -> None:
    with reading(engine) as session:
        hours = reports.hours(session, issue_id)

    assert [(one.clicks, one.machine_clicks) for one in hours] == [
        (0, 3),
        (1, 0),
        (1, 0),
        (0, 0),
        (0, 0),
        (2, 0),
    ]
    assert hours[0].at == NOON


def test_issues_are_compared_with_earlier_ones_of_their_newsletter(engine: Engine) -> None:
    with transaction(engine) as session:
        river, hills = add_newsletter(session), add_newsletter(session, "hills")
        first = send(session, river, days=-14, clicks=[(1, 1, 1)])
        send(session, hills, days=-13, clicks=[(n, 1, 1) for n in range(1, 9)])
        second = send(session, river, days=-7, clicks=[(1, 1, 1), (2, 2, 1)])
        session.add(
            Bounce(
                report="r",
                position=0,
                issue_id=second.id,
                subscriber_id=3,
                signed=True,
                address="a@b.test",
                kind=Kind.PERMANENT,
                status="5.1.1",
                reason="user unknown",
                diagnostic="",
                outcome="",
                at=NOON,
            )
        )
        session.flush()
        found = comparisons.sent_issues(session, newsletter_id=river.id, before=NOON, most=10)

    assert [(one.id, one.share, one.bounced) for one in found] == [
        (second.id, 0.25, 1),
        (first.id, 0.125, 0),
    ]


def test_months_show_who_joined_and_who_left(engine: Engine) -> None:
    with transaction(engine) as session:
        newsletter = add_newsletter(session)
        ann = add_subscriber(session, newsletter=newsletter)
        ben = add_subscriber(session, "ben@readers.test")
        for who, state, days in (
            (ben, Consent.CONFIRMED, -30),
            (ann, Consent.UNSUBSCRIBED, 0),
        ):
            consent.change(
                session,
                newsletter_id=newsletter.id,
                subscriber_id=who.id,
                state=state,
                now=NOON + timedelta(days=days),
                source="page",
            )
        # A pause is no joining.
        consent.note(session, subscriber_id=ben.id, now=NOON, source=consent.PAUSE, evidence={})
        months = comparisons.months(session, newsletter.id, now=NOON, most=3)

    assert [(one.year, one.month) for one in months] == [(2026, 9), (2026, 10), (2026, 11)]
    assert [(one.joined, one.left) for one in months] == [(0, 0), (1, 0), (1, 1)]


async def test_the_page_tells_people_from_machines_and_can_show_all(
    mailer: Mailer, issue_id: int
) -> None:
    async with visiting(mailer) as client:
        sign_in(mailer, client, role=Role.VIEWER)
        people = page(await client.get(f"/issues/{issue_id}/statistics"))
        everybody = page(await client.get(f"/issues/{issue_id}/statistics?machines"))

    assert people.xpath("string(//p[@class='figure'])") == "25%"
    assert everybody.xpath("string(//p[@class='figure'])") == "37.5%"
    assert people.xpath("//*[@role='switch']/@aria-checked") == ["true"]
    assert "HEAD request" in people.text_content()


async def test_each_table_comes_as_csv_that_no_spreadsheet_runs(
    mailer: Mailer, issue_id: int
) -> None:
    async with visiting(mailer) as client:
        sign_in(mailer, client, role=Role.VIEWER)
        links = await client.get(f"/issues/{issue_id}/links.csv")
        hours = await client.get(f"/issues/{issue_id}/hours.csv")
        issues = await client.get("/statistics.csv")

    rows = list(csv.DictReader(io.StringIO(links.text)))
    assert [(row["people"], row["clicks"], row["machine_clicks"]) for row in rows] == [
        ("2", "3", "1"),
        ("0", "0", "1"),
        ("1", "1", "1"),
    ]
    assert rows[1]["label"].startswith("'=cmd")
    assert len(hours.text.splitlines()) == 7
    assert next(csv.DictReader(io.StringIO(issues.text)))["acted"] == "2"
    assert "attachment" in links.headers["content-disposition"]


async def test_everybody_planned_is_in_one_place_and_each_reason_is_told(
    mailer: Mailer, issue_id: int
) -> None:
    with transaction(mailer.engine) as session:
        issue = session.get_one(Issue, issue_id)
        issue.planned, issue.suppressed = 11, 1
        session.add(
            Delivery(
                issue_id=issue_id,
                subscriber_id=11,
                fate=int(Fate.SKIPPED),
                attempts=1,
                at=NOON,
                reply="suppressed: complaint",
            )
        )
    async with visiting(mailer) as client:
        me = sign_in(mailer, client, role=Role.VIEWER)
        shown = page(await client.get(f"/issues/{issue_id}/statistics"))
        file = await client.get(f"/issues/{issue_id}/recipients.csv")
        with transaction(mailer.engine) as session:
            session.get_one(User, me.user.id).language = "ja"
        japanese = page(await client.get(f"/issues/{issue_id}/statistics"))

    table = "//section[@aria-labelledby = 'ledger']//tr[td and not(ancestor::tfoot)]"
    places = [[cell.text_content() for cell in row.xpath("td")] for row in shown.xpath(table)]
    gone = "1 of them is suppressed from now on: the address is gone"
    assert places == [
        ["Accepted by the relay", "8"],
        [f"Refused by the relay{gone}", "1"],
        ["Skipped: suppressed (complaint)", "1"],
        ["Skipped: unsubscribed", "1"],
    ]
    assert shown.xpath("string(//tfoot/tr/td[2])") == "11"
    assert "do not add up" not in shown.text_content()
    assert "スキップ：購読解除" in japanese.text_content()
    rows = {(row["where"], row["reason"]): row["people"] for row in _rows(file.text)}
    assert rows["planned", ""] == "11"
    assert rows["skipped", "suppressed: complaint"] == rows["skipped", "unsubscribed"] == "1"
    assert rows["suppressed", "of those refused: the address is gone"] == "1"


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


async def test_opens_are_shown_where_they_are_counted_with_what_they_can_mean(
    engine: Engine, issue_id: int
) -> None:
    path = f"/issues/{issue_id}/statistics"
    async with visiting(mailer_of(engine)) as client:
        sign_in(mailer_of(engine), client, role=Role.VIEWER)
        assert not page(await client.get(path)).xpath("//section[@aria-labelledby = 'opens']")
        with transaction(engine) as session:
            fetches = [(1, None), (1, None), (2, None), (3, "Apple Mail Privacy Protection")]
            session.add_all(
                Open(issue_id=issue_id, subscriber_id=who, at=NOON, machine=machine)
                for who, machine in fetches
            )
        shown = page(await client.get(path))
        issues = _rows((await client.get("/statistics.csv")).text)

    opens = shown.xpath("string(//section[@aria-labelledby = 'opens'])")
    assert "fetched for 2 people" in opens
    assert "fetched it 1 time more" in opens
    assert "says little" in opens
    assert (issues[0]["opened"], issues[0]["machine_opens"]) == ("2", "1")
    assert (issues[0]["refused"], issues[0]["skipped"]) == ("1", "1")


async def test_a_newsletter_is_chosen_in_one_place_and_remembered(mailer: Mailer) -> None:
    with transaction(mailer.engine) as session:
        add_newsletter(session)
        add_newsletter(session, slug="other-river", name="Other River")
    chooser = "//details[contains(@class, 'switcher')]"
    async with visiting(mailer) as client:
        sign_in(mailer, client)
        chosen = page(await client.get("/statistics?newsletter=other-river"))
        there = chosen.xpath(f"{chooser}//a/@href")
        for path in ("/", "/subscribers", "/subscribers/import", "/statistics"):
            shown = page(await client.get(path))
            assert "Other River" in shown.xpath(f"string({chooser}/summary)"), path
            assert not shown.xpath("//nav[@class = 'segments']"), path
    assert {href.partition("?")[0] for href in there} == {"/statistics"}


async def test_what_was_not_sent_says_what_will_be_here_and_leads_back(mailer: Mailer) -> None:
    with transaction(mailer.engine) as session:
        river = add_newsletter(session)
        draft = add_issue(session, river).id
        planned = add_issue(session, river, state=IssueState.SCHEDULED, scheduled_at=NOON).id
    async with visiting(mailer) as client:
        sign_in(mailer, client)
        shown = await client.get(f"/issues/{draft}/statistics")
        later = await client.get(f"/issues/{planned}/statistics")
        assert (await client.get("/issues/999/statistics")).status_code == 404
        assert (await client.get(f"/issues/{draft}/links.csv")).status_code == 404
        assert (await client.get("/issues/999/links.csv")).status_code == 404
        assert (await client.get("/statistics")).status_code == 200
    assert (shown.status_code, heading(shown)) == (200, "No figures yet")
    assert "has not been scheduled yet" in page(shown).text_content()
    assert f"/issues/{draft}" in page(shown).xpath("//main//a/@href")
    assert "It goes out" in page(later).text_content()


async def test_strangers_see_no_figures(mailer: Mailer, issue_id: int) -> None:
    async with visiting(mailer) as client:
        for path in (f"/issues/{issue_id}/statistics", "/statistics", "/statistics.csv"):
            assert (await client.get(path)).status_code == 303
