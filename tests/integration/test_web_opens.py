"""The tracking picture is sent and counted only where that was switched on, and says who fetched."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine, select

from mailer.blocks import Content, Text
from mailer.composing import issues
from mailer.database.engine import reading, transaction
from mailer.database.tables import Issue, Open
from mailer.tracking.opens import OpenFigures, open_figures
from tests.support.factories import NOON, add_newsletter
from tests.support.site import mail_one, mailer_of, visiting

pytestmark = pytest.mark.anyio

APPLE = "Mozilla/5.0"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
AHEAD = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0"
)


def published(engine: Engine, **settings: Any) -> str:
    mailer = mailer_of(engine, **settings)
    with transaction(engine) as session:
        newsletter = add_newsletter(session)
        content = Content(subject="Hello", blocks=(Text(body="<p>Words</p>"),))
        issue = issues.create(session, newsletter.id, content, now=NOON)
        return mailer.publisher.publish(session, issue, now=NOON).rendered.html


async def test_mails_hold_the_picture_only_where_opens_are_counted(engine: Engine) -> None:
    assert "/o/" not in published(engine)


async def test_the_picture_is_the_last_thing_of_the_mail(engine: Engine) -> None:
    html = published(engine, track_opens=True)
    assert html.count("http://127.0.0.1:8000/o/[[token]].gif") == 1
    assert html.index("/o/[[token]].gif") > html.index("Words")


async def test_a_fetch_is_stored_before_it_is_answered(engine: Engine) -> None:
    mailer = mailer_of(engine, track_opens=True)
    mailed = mail_one(mailer)
    async with visiting(mailer) as client:
        for agent in (None, GMAIL, APPLE, AHEAD, "curl/8"):
            headers = {"user-agent": agent} if agent else {}
            answer = await client.get(f"/o/{mailed.token}.gif", headers=headers)
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "image/gif"
            assert answer.headers["cache-control"] == "no-store"
            assert answer.content.startswith(b"GIF89a")
        with reading(engine) as session:
            rows = session.scalars(select(Open).order_by(Open.id)).all()
            assert [one.machine for one in rows] == [
                None, None, "Apple Mail Privacy Protection", "Gmail, ahead of the reader",
                "agent curl",
            ]  # fmt: skip
            assert {(one.issue_id, one.subscriber_id, one.at) for one in rows} == {
                (mailed.issue_id, mailed.subscriber_id, NOON)
            }
            assert open_figures(session, mailed.issue_id) == OpenFigures(1, 2, 3)


async def test_a_picture_comes_for_every_address_and_nothing_is_stored_for_a_wrong_one(
    engine: Engine,
) -> None:
    mailer = mailer_of(engine, track_opens=True)
    mailed = mail_one(mailer)
    with transaction(engine) as session:
        gone = mailer.signer.sign(99, mailed.subscriber_id)
    async with visiting(mailer) as client:
        for token in ("public", "x", mailed.token[:-1] + "!", gone):
            answer = await client.get(f"/o/{token}.gif")
            assert (answer.status_code, len(answer.content)) == (200, 42)
    with reading(engine) as session:
        assert session.scalars(select(Open)).all() == []


async def test_nothing_is_stored_where_opens_are_not_counted(engine: Engine) -> None:
    """Also for mails that were sent while they were."""
    mailer = mailer_of(engine)
    mailed = mail_one(mailer)
    async with visiting(mailer) as client:
        assert (await client.get(f"/o/{mailed.token}.gif")).status_code == 200
    with reading(engine) as session:
        assert session.scalars(select(Open)).all() == []
        assert session.scalars(select(Issue)).one().id == mailed.issue_id
