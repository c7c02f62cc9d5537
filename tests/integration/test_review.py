"""Testing, reviewing, scheduling and following an issue: what the buttons promise is what happens."""

from __future__ import annotations

from collections import deque
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import pytest
from sqlalchemy import Engine, select

from mailer.audience import segments
from mailer.bootstrap import Mailer
from mailer.composing import editing
from mailer.database.engine import reading, transaction
from mailer.database.tables import Issue, IssueState, Newsletter, Notice, Role
from mailer.delivering.auditing import Counts
from mailer.delivering.troubles import Complaints
from mailer.errors import InvalidInput
from mailer.inbox.reading import open_mail
from mailer.relays import Relay
from mailer.sentences import Sentence
from mailer.web.editor.review.progress import _told
from tests.support.composing import Desk, begin_issue, desk, update, written
from tests.support.factories import NOON, add_readers, add_subscriber
from tests.support.site import heading, mailer_of, page, visiting
from tests.support.staff import sign_in

pytestmark = pytest.mark.anyio

DAY = {"at": "later", "day": "2026-12-01", "hour": "07:00"}


def ready(mailer: Mailer, **newsletter: object) -> int:
    """An issue that may go out to one reader."""
    values = {"postal_address": "3 Ferry Lane", "time_zone": "Europe/Lisbon"} | newsletter
    issue_id = begin_issue(mailer, **values)
    button = {"label": "Sign", "url": "https://act.test/sign"}
    with transaction(mailer.engine) as session:
        document = written(update("News", button=button))
        editing.save(session, issue_id, document, version=1, by="Ana", now=NOON)
    return issue_id


def issue_of(mailer: Mailer, issue_id: int) -> Issue:
    with reading(mailer.engine) as session:
        issue = session.get_one(Issue, issue_id)
        assert issue.newsletter.name
        return issue


async def press(who: Desk, what: str, **fields: str) -> httpx.Response:
    """A form's button: what a browser sends without a script."""
    return await who.client.post(
        f"/issues/{who.issue_id}/{what}",
        data={"csrf": who.proof["x-csrf-token"], **fields},
        headers={"cookie": who.proof["cookie"]},
    )


async def look(who: Desk) -> httpx.Response:
    return await who.client.get(
        f"/issues/{who.issue_id}/review", headers={"cookie": who.proof["cookie"]}
    )


def words(answer: httpx.Response) -> str:
    return " ".join(page(answer).text_content().split())


async def test_a_test_is_the_message_that_readers_get(engine: Engine) -> None:
    mailer = mailer_of(engine)
    issue_id = ready(mailer)
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id, address="ana@river.test", name="Ana Costa")
        before = words(await look(ana))
        answer = await ana.post("test")
        after = words(await look(ana))
        await ana.save(written(update("Changed")), 2)
        changed = words(await look(ana))

    assert answer.json()["detail"] == "A test is on its way to ana@river.test."
    with reading(engine) as session:
        notice = session.scalars(select(Notice)).one()
        assert (notice.recipient, notice.subject) == ("ana@river.test", "The river is back")
        assert notice.message is not None
        mail = open_mail(notice.message)
        headers = notice.message.partition(b"\r\n\r\n")[0]
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in headers
    assert mail.html is not None
    assert "https://act.test/sign?utm_source=river" in mail.html
    assert "News" in (mail.text or "")
    assert "Nobody has looked at a test of this version." in before
    assert "Ana Costa has got a test of this version" in after
    assert "Nobody has looked at a test of this version." in changed


async def test_no_link_of_a_test_unsubscribes_anybody(sqlite_engine: Engine) -> None:
    mailer = mailer_of(sqlite_engine)
    issue_id = ready(mailer)
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id, address="ann@readers.test", name="Ann")
        await ana.post("test")
        with reading(sqlite_engine) as session:
            message = session.scalars(select(Notice.message)).one()
        assert message is not None
        link = open_mail(message).unsubscribe
        assert link is not None
        answer = await client.get(link)
    assert heading(answer) == "This is the link of a test"


async def test_the_page_names_people_time_and_zone(engine: Engine) -> None:
    mailer = mailer_of(engine)
    issue_id = ready(mailer)
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id)
        seen = await look(ana)
        told = (await ana.ask("GET", f"/issues/{issue_id}/when?day=2026-11-03&hour=13:30")).json()
        over = (await ana.ask("GET", f"/issues/{issue_id}/when?day=2026-11-01&hour=13:30")).json()
    assert "Schedule for 1 person" in words(seen)
    assert "(Lisbon)" in words(seen)
    assert told == {"when": "Tuesday 3 November, 13:30", "until": "in 1 day and 1 hour"}
    assert over == {"problem": "That time is over."}


async def test_an_issue_is_scheduled_in_the_newsletters_zone_and_taken_back(
    engine: Engine,
) -> None:
    mailer = mailer_of(engine)
    issue_id = ready(mailer, time_zone="Asia/Tokyo")
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id, time_zone="Europe/Lisbon")
        done = await press(ana, "schedule", version="2", **DAY)
        scheduled = issue_of(mailer, issue_id)
        seen = words(await look(ana))
        await press(ana, "cancel")
    assert done.status_code == 303
    assert scheduled.state is IssueState.SCHEDULED
    assert scheduled.scheduled_at == datetime.fromisoformat("2026-11-30T22:00:00+00:00")
    assert "It goes out on Tuesday 1 December, 07:00 (Tokyo)" in seen
    assert "For you: Mon, 30 Nov 2026, 22:00 (Lisbon)" in seen
    assert issue_of(mailer, issue_id).state is IssueState.DRAFT


async def test_right_away_leaves_half_a_minute_to_take_it_back(engine: Engine) -> None:
    mailer = mailer_of(engine)
    issue_id = ready(mailer)
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id)
        await press(ana, "schedule", version="2", at="now")
        seen = words(await look(ana))
    assert mailer.starter.start_due(NOON + timedelta(seconds=29)) == []
    assert "in 30 seconds" in seen
    assert "Take it back" in seen
    assert mailer.starter.start_due(NOON + timedelta(seconds=30)) == [issue_id]


async def test_nothing_goes_out_that_was_not_seen(engine: Engine) -> None:
    mailer = mailer_of(engine)
    issue_id = ready(mailer)
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id)
        await ana.save(written(update("Changed since")), 2)
        late = await press(ana, "schedule", version="2", at="now")
        past = await press(ana, "schedule", version="3", **DAY | {"day": "2026-11-01"})
        nonsense = await press(ana, "schedule", version="3", **DAY | {"day": "soon"})
    assert (late.status_code, past.status_code, nonsense.status_code) == (409, 422, 422)
    assert "was changed since" in words(late)
    assert "That time is over" in words(past)
    assert issue_of(mailer, issue_id).state is IssueState.DRAFT


async def test_what_stands_in_the_way_leads_to_its_field(engine: Engine) -> None:
    mailer = mailer_of(engine)
    issue_id = ready(mailer)
    half = update("News", button={"label": "Sign", "url": "half an address"})
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id)
        await ana.save(written(half), 2)
        seen = page(await look(ana))
        refused = await press(ana, "schedule", version="3", at="now")
    assert seen.xpath("//a[contains(., 'Fix it')]/@href") == [
        f"/issues/{issue_id}#blocks.0.button.url"
    ]
    assert seen.xpath("//button[contains(@class, 'big')]/@disabled")
    assert refused.status_code == 422
    assert issue_of(mailer, issue_id).state is IssueState.DRAFT


async def test_an_issue_for_nobody_is_refused(engine: Engine) -> None:
    mailer = mailer_of(engine)
    with transaction(engine) as session:
        session.add(
            Newsletter(
                slug="empty",
                name="Empty",
                from_name="Empty",
                from_address="a@b.test",
                created_at=NOON,
            )
        )
        session.flush()
        empty = session.scalars(select(Newsletter)).one()
        issue_id = editing.begin(session, empty, by="Ana", now=NOON).id
        editing.save(session, issue_id, written(update("News")), version=1, by="Ana", now=NOON)
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id)
        refused = await press(ana, "schedule", version="2", at="now")
        seen = words(await look(ana))
    assert refused.status_code == 422
    assert "There is nobody to send it to." in seen


async def test_where_it_is_asked_for_a_second_person_approves_the_version_that_goes_out(
    engine: Engine,
) -> None:
    mailer = mailer_of(engine)
    issue_id = ready(mailer, needs_approval=True)
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id, address="ana@river.test", name="Ana")
        ben = desk(mailer, client, issue_id, role=Role.EDITOR, address="ben@river.test", name="Ben")
        await ben.save(written(update("Better")), 2)
        alone = await press(ana, "schedule", version="3", at="now")
        own = await press(ben, "approve", version="3")
        seen = words(await look(ben))
        with pytest.raises(InvalidInput, match="second person"):
            mailer.starter.require_ready(issue_id, now=NOON)
        await press(ana, "approve", version="3")
        together = await press(ana, "schedule", version="3", **DAY)
        await ben.save(written(update("Once more")), 3)

    assert [one.status_code for one in (alone, own, together)] == [422, 422, 303]
    assert "You wrote this version: somebody else has to approve it." in seen
    assert "Approve this version" not in seen
    # Changed after it was approved: it does not go out, and says why.
    assert mailer.starter.start_due(NOON + timedelta(days=40)) == []
    assert "second person" in issue_of(mailer, issue_id).state_reason


async def test_where_nobody_knows_who_wrote_it_somebody_else_than_the_sender_approves(
    engine: Engine,
) -> None:
    """As after an import: it was nobody's account that wrote it."""
    mailer = mailer_of(engine)
    issue_id = ready(mailer, needs_approval=True)
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id, address="ana@river.test", name="Ana")
        ben = desk(mailer, client, issue_id, role=Role.EDITOR, address="ben@river.test", name="Ben")
        await press(ana, "approve", version="2")
        herself = await press(ana, "schedule", version="2", at="now")
        await press(ben, "approve", version="2")
        together = await press(ana, "schedule", version="2", at="now")
    assert [one.status_code for one in (herself, together)] == [422, 303]


async def test_sending_is_paused_resumed_stopped_and_followed(engine: Engine) -> None:
    mailer = mailer_of(engine)
    issue_id = ready(mailer)
    mailer.starter.start(issue_id, now=NOON)
    states = []
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id)
        for step in ("pause", "resume", "cancel"):
            await press(ana, step)
            states.append(issue_of(mailer, issue_id).state.value)
        seen = words(await look(ana))
        late = await press(ana, "pause")
    assert states == ["paused", "sending", "cancelled"]
    assert "It was stopped" in seen
    assert late.status_code == 409


async def test_what_an_issue_waits_for_is_said_on_its_page_and_on_the_first_one(
    engine: Engine,
) -> None:
    mailer = mailer_of(engine)
    issue_id = ready(mailer, sending_hours="20:00-22:00")
    mailer.starter.start(issue_id, now=NOON)
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id)
        first = await client.get("/", headers={"cookie": ana.proof["cookie"]})
        for answer in (await look(ana), first):
            assert "waits for the newsletter's sending hours, 20:00-22:00 in" in words(answer)
            assert "until Mon, 2 Nov 2026, 20:00" in words(answer)

        with transaction(engine) as session:
            session.scalars(select(Newsletter)).one().sending_hours = None
            away = Sentence("{relay} is away.", relay="smtp://relay.test:25")
            Complaints("one").tell(session, {"smtp://relay.test:25": away}, alone=True, now=NOON)
        first = await client.get("/", headers={"cookie": ana.proof["cookie"]})
        for answer in (await look(ana), first):
            assert "waits for the relay, since Mon, 2 Nov 2026" in words(answer)
            assert "smtp://relay.test:25 is away. It is tried again" in words(answer)


async def test_how_long_it_still_takes_is_told_by_the_speed_of_the_last_seconds() -> None:
    told = [
        _told(Counts(1000, done, 0, 0), deque(samples))["left"]
        for done, samples in ((100, [100]), (100, [100, 100]), (120, [100, 110, 120]))
    ]
    assert told == ["", "", "about 1 minute left"]  # 880 at ten a second


async def test_only_those_who_send_may_send(sqlite_engine: Engine) -> None:
    mailer = mailer_of(sqlite_engine)
    issue_id = ready(mailer)
    async with visiting(mailer) as client:
        ben = desk(mailer, client, issue_id, role=Role.EDITOR)
        assert (await press(ben, "schedule", version="2", at="now")).status_code == 403
        assert "scheduling is for those who send" in words(await look(ben))
        assert (await look(desk(mailer, client, issue_id, role=Role.VIEWER))).status_code == 200


async def test_a_part_of_the_readers_is_chosen_and_counted(engine: Engine) -> None:
    mailer = mailer_of(engine)
    issue_id = ready(mailer)
    with transaction(engine) as session:
        river = session.scalars(select(Newsletter)).one()
        add_subscriber(session, "ben@lakes.test", newsletter=river)
        segments.add(session, "Lake people", 'address contains "lakes.test"', now=NOON)
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id)
        both = words(await look(ana))
        await press(ana, "audience", **{"segment.Lake people": "in"})
        some = words(await look(ana))
        await press(ana, "audience", **{"segment.Lake people": "out"})
        others = words(await look(ana))
    assert "Schedule for 2 people" in both
    assert "and are in Lake people" in some
    assert "Schedule for 1 person" in some
    assert "but not in Lake people" in others


async def test_more_readers_are_counted_as_they_come(engine: Engine) -> None:
    mailer = mailer_of(engine)
    issue_id = ready(mailer)
    with transaction(engine) as session:
        river = session.scalars(select(Newsletter)).one()
        add_readers(session, river, 1233)
    async with visiting(mailer) as client:
        assert "Schedule for 1,234 people" in words(await look(desk(mailer, client, issue_id)))


async def test_who_may_only_look_reads_the_draft_its_state_and_its_checks(engine: Engine) -> None:
    mailer = mailer_of(engine)
    issue_id = ready(mailer)
    async with visiting(mailer) as client:
        sign_in(mailer, client, role=Role.VIEWER)
        led = await client.get(f"/issues/{issue_id}")
        assert led.headers["location"] == f"/issues/{issue_id}/review"
        shown = page(await client.get(f"/issues/{issue_id}/review"))
        source = shown.xpath("string(//iframe/@src)")
        mail = await client.get(source)
        missing = await client.get("/issues/999/mail")
    assert not shown.xpath("//main//form")
    assert "Draft" in shown.xpath("string(//main//*[contains(@class, 'chip')])")
    assert "Before it goes out" in shown.text_content()
    assert "News" in page(mail).text_content()
    assert "sandbox" in mail.headers["content-security-policy"]
    assert missing.status_code == 404


@pytest.mark.parametrize(
    ("base_url", "relay", "stranded"),
    [
        ("http://127.0.0.1:8000", "mx.test", True),
        ("http://[::1]:8000", "mx.test", True),
        ("http://news.localhost:8000", "mx.test", True),
        ("http://127.0.0.1:8000", "localhost", False),
        ("https://news.test", "mx.test", False),
    ],
)
def test_no_mail_leaves_whose_links_lead_to_the_readers_own_machine(
    sqlite_engine: Engine, base_url: str, relay: str, stranded: bool
) -> None:
    mailer = replace(mailer_of(sqlite_engine, base_url=base_url), relays=(Relay(relay, 25),))
    issue_id = ready(mailer)
    refused = (
        pytest.raises(InvalidInput, match="Set MAILER_BASE_URL to where they reach this one")
        if stranded
        else nullcontext()
    )

    with refused:
        mailer.starter.require_ready(issue_id, now=NOON)
    mailer.starter.require_ready(issue_id, now=NOON, anyway=True)
