"""A click leads to exactly the stored destination, and is stored before it is answered."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest
from sqlalchemy import Engine, delete, event, select, update

from mailer.database.engine import reading, transaction
from mailer.database.tables import Click, Issue, IssueLink
from mailer.errors import Unavailable
from mailer.tokens import Reader
from mailer.tracking.clicks import ClickRecorder
from mailer.tracking.destinations import Destinations, location
from tests.support.accounting import wait_until
from tests.support.factories import NOON
from tests.support.site import DESTINATION, heading, mail_one, mailer_of, visiting

pytestmark = pytest.mark.anyio


def clicks(engine: Engine) -> list[Click]:
    with reading(engine) as session:
        return list(session.scalars(select(Click).order_by(Click.id)))


async def test_a_click_is_stored_and_leads_to_the_exact_destination(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    async with visiting(mailer) as client:
        answer = await client.get(f"/c/{ann.token}/1?fbclid=abc&url=https://evil.test")

        assert answer.status_code == 302
        assert answer.headers["location"] == DESTINATION
        assert answer.headers["cache-control"] == "no-store"
        [click] = clicks(engine)

    assert (click.issue_id, click.subscriber_id, click.link_number) == (
        ann.issue_id,
        ann.subscriber_id,
        1,
    )
    assert (click.at, click.machine) == (NOON, None)


async def test_a_crowd_of_clicks_is_stored_in_few_transactions(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    recorder = ClickRecorder(engine, mailer.clock)
    reader = Reader(ann.issue_id, ann.subscriber_id)
    commits = 0

    def count(_connection: Any) -> None:
        nonlocal commits
        commits += 1

    await recorder.record(reader, 1)
    event.listen(engine, "commit", count)
    await asyncio.gather(*(recorder.record(reader, 1) for _ in range(200)))
    event.remove(engine, "commit", count)
    if engine.dialect.name == "postgresql":  # whose transactions are numbered, and left to no one
        with engine.connect() as connection:
            query = "SELECT count(DISTINCT xmin::text) FROM clicks"
            commits = connection.exec_driver_sql(query).scalar_one() - 1
    await recorder.close()

    assert len(clicks(engine)) == 201
    assert commits == 1


async def test_a_crowd_larger_than_a_socket_takes_at_once_is_stored(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    recorder = ClickRecorder(engine, mailer.clock, patience=300)
    await recorder.record(Reader(ann.issue_id, 0), 1)
    crowd = range(1, 15_001)  # some 700 KB in one statement
    await asyncio.gather(*(recorder.record(Reader(ann.issue_id, one), 1) for one in crowd))
    await recorder.close()

    assert [click.subscriber_id for click in clicks(engine)] == [0, *crowd]


@pytest.mark.parametrize("reason", ['say "hi"', "back\\slash", "a,b", "{}", "NULL", "", "ü", None])
async def test_a_reason_is_stored_letter_by_letter(engine: Engine, reason: str | None) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    recorder = ClickRecorder(engine, mailer.clock)
    for _ in range(2):  # the first goes by the thread, which connects
        await recorder.record(Reader(ann.issue_id, ann.subscriber_id), 1, reason)
    await recorder.close()

    assert [click.machine for click in clicks(engine)] == [reason, reason]


@pytest.mark.parametrize(
    ("method", "headers", "reason"),
    [
        ("HEAD", {}, "HEAD request"),
        ("GET", {"sec-purpose": "prefetch;prerender"}, "prefetch"),
        ("GET", {"x-purpose": "preview"}, "prefetch"),
        ("GET", {"user-agent": "Mozilla/5.0 (compatible; bingbot/2.0)"}, "agent bot"),
        ("GET", {"user-agent": "BarracudaCentral"}, "agent barracuda"),
        ("GET", {"user-agent": "curl/8.1"}, "agent curl"),
        ("GET", {"user-agent": ""}, "no user agent"),
        ("GET", {"purpose": "reading"}, None),
    ],
)
async def test_machines_are_redirected_and_told_apart(
    sqlite_engine: Engine, method: str, headers: dict[str, str], reason: str | None
) -> None:
    mailer = mailer_of(sqlite_engine)
    ann = mail_one(mailer)
    async with visiting(mailer) as client:
        answer = await client.request(method, f"/c/{ann.token}/1", headers=headers)

    assert answer.status_code == 302
    assert [click.machine for click in clicks(sqlite_engine)] == [reason]


@pytest.mark.parametrize("debris", [".", ")", ">", "%22", ".)", "%20"])
async def test_debris_of_the_sentence_around_a_link_does_no_harm(
    sqlite_engine: Engine, debris: str
) -> None:
    mailer = mailer_of(sqlite_engine)
    ann = mail_one(mailer)
    async with visiting(mailer) as client:
        answer = await client.get(f"/c/{ann.token}/1{debris}")

    assert answer.headers["location"] == DESTINATION


async def test_links_that_lead_nowhere_get_a_friendly_page_and_store_nothing(
    engine: Engine,
) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    async with visiting(mailer) as client:
        for path in (
            "/c/x/1",
            "/c/",
            "/c//",
            f"/c/{ann.token}",
            f"/c/{ann.token}/",
            f"/c/{ann.token}/x",
            f"/c/{ann.token}/\u0661",
        ):
            answer = await client.get(path)
            assert answer.status_code in {404, 410}, path
            assert "text/html" in answer.headers["content-type"]
            assert "nosniff" in answer.headers["x-content-type-options"]
        unknown = await client.get(f"/c/{ann.token}/2")
        assert (unknown.status_code, heading(unknown)) == (410, "This link leads nowhere now")
        foreign = await client.get(f"/c/{mailer_of(engine).signer.sign(999, 1)}/1")
        assert (foreign.status_code, heading(foreign)) == (410, "This page is no longer here")
        assert (await client.post(f"/c/{ann.token}/1")).status_code == 405
    assert clicks(engine) == []


async def test_a_reader_gets_there_even_when_the_click_cannot_be_stored(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """The loss is counted and logged; the next click is stored again."""
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    async with visiting(mailer) as client:
        await client.get(f"/c/{ann.token}/1")
        rename(engine, "clicks", "elsewhere")
        answers = await asyncio.gather(*(client.get(f"/c/{ann.token}/1") for _ in range(5)))
        rename(engine, "elsewhere", "clicks")
        await client.get(f"/c/{ann.token}/1")

    assert {answer.headers["location"] for answer in answers} == {DESTINATION}
    assert "clicks: items are lost" in caplog.text
    assert len(clicks(engine)) == 2


async def test_a_hanging_database_keeps_no_reader_waiting(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    """They are let go after a while; their clicks are stored when the database goes on."""
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    recorder = ClickRecorder(engine, mailer.clock, patience=2.0)
    reader = Reader(ann.issue_id, ann.subscriber_id)
    await recorder.record(reader, 1)
    with engine.connect() as hog, hog.begin():
        if engine.dialect.name == "postgresql":
            hog.exec_driver_sql("LOCK TABLE clicks")
        first = recorder.record(reader, 1)
        await asyncio.sleep(0.05)
        second = recorder.record(reader, 1)
        for stored in (first, second):
            with pytest.raises(Unavailable):
                await asyncio.wait_for(stored, 60)
    while len(clicks(engine)) < 3:  # noqa: ASYNC110  # until then, nobody is waited for long
        await asyncio.sleep(0.01)
    await recorder.record(reader, 1)
    await recorder.close()

    assert len(clicks(engine)) == 4
    assert "keeps us waiting; 2 answered" in caplog.text


@pytest.mark.parametrize("anyio_backend", [("asyncio", {"use_uvloop": True})])
async def test_a_connection_ended_over_an_unread_click_keeps_nobody_waiting(
    postgresql_engine: Engine,
) -> None:
    """The socket has an error then, of which uvloop tells once, and never again."""
    mailer = mailer_of(postgresql_engine)
    ann = mail_one(mailer)
    recorder = ClickRecorder(postgresql_engine, mailer.clock, patience=300)
    reader = Reader(ann.issue_id, ann.subscriber_id)
    for _ in range(2):  # the first goes by the thread, which connects
        await recorder.record(reader, 1)
    with postgresql_engine.connect() as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'INSERT INTO clicks%%'"
        [pid] = connection.exec_driver_sql(f"{query} AND datname = current_database()").scalars()
    os.kill(pid, signal.SIGSTOP)
    os.kill(pid, signal.SIGTERM)
    ended_by_server = recorder.record(reader, 1)
    await asyncio.sleep(0.05)  # it is on its way
    os.kill(pid, signal.SIGCONT)
    wait_until(lambda: not exists(pid))  # what it says and that it ends come together
    await asyncio.wait_for(ended_by_server, 60)
    await asyncio.wait_for(recorder.record(reader, 1), 60)
    await recorder.close()

    assert recorder.lost == 0
    assert len(clicks(postgresql_engine)) == 4


async def test_a_click_whose_commit_fails_is_not_taken_for_stored(
    postgresql_engine: Engine,
) -> None:
    """PostgreSQL says that the rows are in before it commits them; then it may end after all."""
    mailer = mailer_of(postgresql_engine)
    ann = mail_one(mailer)
    recorder = ClickRecorder(postgresql_engine, mailer.clock, patience=300)
    reader = Reader(ann.issue_id, ann.subscriber_id)
    await recorder.record(reader, 1)
    with postgresql_engine.begin() as connection:
        connection.exec_driver_sql(_END_AT_FIRST_COMMIT)
    await asyncio.wait_for(recorder.record(reader, 1), 240)
    await recorder.close()

    assert recorder.lost == 0
    assert len(clicks(postgresql_engine)) == 2


_END_AT_FIRST_COMMIT = """
CREATE SEQUENCE commits;
CREATE FUNCTION end_at_first() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF nextval('commits') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER end_at_first AFTER INSERT ON clicks DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION end_at_first();
"""


async def test_a_removed_issue_takes_no_other_click_with_it(engine: Engine) -> None:
    """Its links are still known for half a minute; its clicks cannot be stored."""
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    with transaction(engine) as session:
        other = Issue(
            newsletter_id=ann.newsletter_id, subject="Other", created_at=NOON, changed_at=NOON
        )
        session.add(other)
        session.flush()
        session.add(
            IssueLink(
                issue_id=other.id,
                number=1,
                url=DESTINATION,
                label="",
                role="text",
                block="",
                block_position=1,
            )
        )
    removed = mailer.signer.sign(other.id, ann.subscriber_id)
    async with visiting(mailer) as client:
        await client.get(f"/c/{removed}/1")
        with transaction(engine) as session:
            session.execute(delete(Issue).where(Issue.id == other.id))
        answers = await asyncio.gather(
            *(client.get(f"/c/{token}/1") for token in (ann.token, removed, ann.token))
        )

    assert {answer.status_code for answer in answers} == {302}
    assert [click.issue_id for click in clicks(engine)] == [ann.issue_id, ann.issue_id]


async def test_a_repaired_destination_takes_effect_after_the_time_it_is_kept(
    engine: Engine,
) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    kept, forgetful = Destinations(engine), Destinations(engine, seconds=0)
    assert await kept.find(ann.issue_id) == {1: DESTINATION.encode()}
    with transaction(engine) as session:
        session.execute(update(IssueLink).values(url="https://repaired.test/"))

    assert await kept.find(ann.issue_id) == {1: DESTINATION.encode()}
    assert await forgetful.find(ann.issue_id) == {1: b"https://repaired.test/"}
    assert await forgetful.find(999) is None


async def test_many_readers_at_once_ask_the_database_once(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    asked = 0

    def count(*_arguments: Any) -> None:
        nonlocal asked
        asked += 1

    destinations = Destinations(engine)
    event.listen(engine, "before_cursor_execute", count)
    await asyncio.gather(*(destinations.find(ann.issue_id) for _ in range(50)))
    event.remove(engine, "before_cursor_execute", count)
    assert asked <= 2  # SQLite's BEGIN is one


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (DESTINATION, DESTINATION.encode()),
        ("https://a.test/ü?q=ß", b"https://a.test/%C3%BC?q=%C3%9F"),
        ("https://a.test/\r\nSet-Cookie: x=1", b"https://a.test/%0D%0ASet-Cookie:%20x=1"),
    ],
)
def test_a_location_is_the_stored_address_and_one_line_of_ascii(url: str, expected: bytes) -> None:
    assert location(url) == expected


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def rename(engine: Engine, old: str, new: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")
