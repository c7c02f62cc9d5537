"""The first page: what is being sent, three numbers, all issues, and what can be done with them."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import Engine

from mailer.bootstrap import Mailer
from mailer.composing import issues
from mailer.database.engine import reading, transaction
from mailer.database.tables import Batch, Click, Consent, Issue, IssueState, Role
from mailer.delivering import lifecycle
from tests.support.factories import NOON, add_issue, add_newsletter, add_subscriber
from tests.support.site import heading, mail_one, mailer_of, page, visiting
from tests.support.staff import SignedIn, sign_in

pytestmark = pytest.mark.anyio


@pytest.fixture
def mailer(engine: Engine) -> Mailer:
    return mailer_of(engine)


def begin_sending(mailer: Mailer, issue_id: int) -> None:
    with transaction(mailer.engine) as session:
        issue = session.get_one(Issue, issue_id)
        issue.state, issue.planned = IssueState.SENDING, 4812
        issue.started_at = NOON - timedelta(minutes=10)
        session.add(
            Batch(
                issue_id=issue_id,
                subscriber_ids="1",
                size=4812,
                due_at=NOON,
                accepted=2400,
                refused=6,
            )
        )


def state_of(mailer: Mailer, issue_id: int) -> IssueState:
    with reading(mailer.engine) as session:
        return issues.get(session, issue_id).state


async def press(
    client: httpx.AsyncClient, me: SignedIn, path: str, **fields: str
) -> httpx.Response:
    return await client.post(path, data=me.form | fields)


def words(answer: httpx.Response) -> str:
    return " ".join(" ".join(page(answer).itertext()).split())


async def test_it_shows_what_is_being_sent_and_three_numbers(mailer: Mailer) -> None:
    ann = mail_one(mailer)
    begin_sending(mailer, ann.issue_id)
    with transaction(mailer.engine) as session:
        session.get_one(Issue, ann.issue_id).subject = "<script>alert(1)</script>"
        newsletter = issues.get(session, ann.issue_id).newsletter
        add_subscriber(session, "b@x.test", newsletter=newsletter, state=Consent.PENDING)
        done = add_issue(session, newsletter, subject="They blinked", state=IssueState.SENT)
        done.finished_at = NOON
        session.add(
            Batch(issue_id=done.id, subscriber_ids="1", size=4, due_at=NOON, accepted=4, open=False)
        )
        add_issue(
            session,
            newsletter,
            subject="Next one",
            state=IssueState.SCHEDULED,
            scheduled_at=NOON + timedelta(days=3),
        )
    async with visiting(mailer) as client:
        sign_in(mailer, client)
        shown = await client.get("/")
    text = words(shown)
    for said in (
        "2,406 of 4,812 done 6 refused",
        "<script>alert(1)</script>",
        "People 1 1 not confirmed yet, 0 have left",
        "Acted on the last issue 0%",
        "The next one goes out in 3 days.",
    ):
        assert said in text, said
    assert page(shown).xpath("//script[not(@src)]") == []


async def test_people_who_acted_are_counted_once_and_machines_not_at_all(mailer: Mailer) -> None:
    ann = mail_one(mailer)
    with transaction(mailer.engine) as session:
        issue = session.get_one(Issue, ann.issue_id)
        issue.state, issue.planned, issue.finished_at = IssueState.SENT, 8, NOON
        session.add(
            Batch(
                issue_id=issue.id, subscriber_ids="1", size=8, due_at=NOON, accepted=8, open=False
            )
        )
        session.add_all(
            Click(issue_id=issue.id, subscriber_id=reader, link_number=1, at=NOON, machine=machine)
            for reader, machine in ((1, None), (1, None), (2, None), (3, "HEAD request"))
        )
    async with visiting(mailer) as client:
        sign_in(mailer, client)
        assert "25% 2 people followed a call to action" in words(await client.get("/"))


async def test_an_issue_is_paused_resumed_and_cancelled(mailer: Mailer) -> None:
    ann = mail_one(mailer)
    begin_sending(mailer, ann.issue_id)
    async with visiting(mailer) as client:
        me = sign_in(mailer, client, role=Role.SENDER)
        for action, state in (
            ("pause", IssueState.PAUSED),
            ("resume", IssueState.SENDING),
            ("cancel", IssueState.CANCELLED),
        ):
            done = await press(client, me, f"/issues/{ann.issue_id}/{action}", back="home")
            assert (done.status_code, done.headers["location"]) == (303, "/")
            assert state_of(mailer, ann.issue_id) is state
        assert page(await client.get("/")).xpath("//*[@role='status']")
        assert page(await client.get("/")).xpath("//*[@role='status']") == [], "said once"


async def test_a_draft_is_begun_copied_thrown_away_and_brought_back(mailer: Mailer) -> None:
    with transaction(mailer.engine) as session:
        add_newsletter(session, language="pt")
    async with visiting(mailer) as client:
        me = sign_in(mailer, client, role=Role.EDITOR)
        begun = await press(client, me, "/issues", newsletter="river")
        assert begun.headers["location"] == "/issues/1"
        copied = await press(client, me, "/issues/1/double")
        assert copied.headers["location"] == "/issues/2"
        with reading(mailer.engine) as session:
            assert issues.get(session, 2).language == "pt"
        await press(client, me, "/issues/1/discard")
        shown = await client.get("/")
        assert len(page(shown).xpath("//tbody/tr")) == 1
        undo = page(shown).xpath("string(//*[@role='status']//form/@action)")
        assert undo == "/issues/1/bring-back"
        await press(client, me, undo)
        assert len(page(await client.get("/")).xpath("//tbody/tr")) == 2
        assert state_of(mailer, 1) is IssueState.DRAFT


async def test_what_was_thrown_away_goes_for_good_after_a_month(mailer: Mailer) -> None:
    with transaction(mailer.engine) as session:
        newsletter = add_newsletter(session)
        old, new = (add_issue(session, newsletter).id for _ in range(2))
        lifecycle.discard(session, old, now=NOON)
    with transaction(mailer.engine) as session:
        lifecycle.discard(session, new, now=NOON + timedelta(days=31))
        assert session.get(Issue, old) is None
        assert session.get(Issue, new) is not None


async def test_a_file_becomes_a_draft_or_says_why_not(mailer: Mailer) -> None:
    text = "---\nsubject: The bridge stays\n---\n# Heard\n\nDear all, the **old bridge stays**.\n"
    async with visiting(mailer) as client:
        me = sign_in(mailer, client, role=Role.EDITOR)
        with transaction(mailer.engine) as session:
            add_newsletter(session)
        for content, location in (
            (text.encode(), "/issues/1"),
            (b"{ not json }", "/"),
        ):
            name = "hello.md" if location != "/" else "hello.json"
            brought = await client.post(
                "/issues/file",
                data=me.form | {"newsletter": "river"},
                files={"file": (name, content)},
            )
            assert brought.headers["location"] == location
        assert len(page(await client.get("/")).xpath("//tbody/tr")) == 1


async def test_each_newsletter_has_its_own_view_which_is_remembered(mailer: Mailer) -> None:
    with transaction(mailer.engine) as session:
        for slug, name in (("river", "River Watch"), ("sea", "Sea Watch")):
            add_issue(
                session, add_newsletter(session, slug, name=name), subject=f"About the {slug}"
            )
    async with visiting(mailer) as client:
        sign_in(mailer, client)
        assert "About the river" in words(await client.get("/"))
        await client.get("/?newsletter=sea")
        later = words(await client.get("/"))
        assert "About the sea" in later
        assert "About the river" not in later
        await client.get("/?newsletter=")
        assert "About the river" in words(await client.get("/"))


async def test_more_issues_than_fit_are_a_page_further(mailer: Mailer) -> None:
    with transaction(mailer.engine) as session:
        newsletter = add_newsletter(session)
        for number in range(30):
            add_issue(session, newsletter, subject=f"Issue number {number}.")
    async with visiting(mailer) as client:
        sign_in(mailer, client)
        first = page(await client.get("/"))
        assert len(first.xpath("//tbody/tr")) == 25
        older = page(await client.get(first.xpath("string(//nav[@class='pages']//a/@href)")))
        assert len(older.xpath("//tbody/tr")) == 5


async def test_viewers_see_no_buttons_that_they_may_not_press(mailer: Mailer) -> None:
    ann = mail_one(mailer)
    begin_sending(mailer, ann.issue_id)
    async with visiting(mailer) as client:
        sign_in(mailer, client, role=Role.VIEWER)
        shown = page(await client.get("/"))
    assert shown.xpath("//main//form") == []
    assert heading(await _get(mailer, "/")) == "Sign in"


async def _get(mailer: Mailer, path: str) -> httpx.Response:
    async with visiting(mailer) as client:
        return await client.get(path, follow_redirects=True)
