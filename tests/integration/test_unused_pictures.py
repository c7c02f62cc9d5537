"""Uploaded pictures stay as long as anything shows them, and a month more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from mailer.composing import picturing
from mailer.composing.picturing import Prepared
from mailer.database.engine import reading, transaction
from mailer.database.tables import (
    IssueBlock,
    IssueVersion,
    Newsletter,
    Picture,
    Rendition,
    SavedBlock,
)
from mailer.keeping.retaining import retain
from mailer.keeping.terms import Terms
from tests.support.command_line import command_line
from tests.support.factories import NOON, add_issue, add_newsletter
from tests.support.sending import SIGNER

DAY = timedelta(days=1)
PICTURE = Prepared(b"a picture's bytes", "png", 600, 400)
URL = f"https://news.river.test/pictures/{PICTURE.digest}.png"


def upload(engine: Engine, now: datetime = NOON) -> None:
    with transaction(engine) as session:
        picturing.keep(session, PICTURE, by="Ann", now=now)


def removed(engine: Engine, days: int) -> int:
    return retain(engine, SIGNER, Terms(), now=NOON + days * DAY)["unused pictures"]


def is_kept(engine: Engine) -> bool:
    with reading(engine) as session:
        return session.scalar(select(Picture.digest)) is not None


def in_a_version(session: Session) -> type[IssueVersion]:
    issue = add_issue(session, add_newsletter(session))
    doc = {"blocks": [{"id": "a", "image": URL}]}
    session.add(
        IssueVersion(issue_id=issue.id, number=99, by="Ann", at=NOON, begun_at=NOON, doc=doc)
    )
    return IssueVersion


def in_a_saved_block(session: Session) -> type[SavedBlock]:
    session.add(SavedBlock(block={"kind": "media", "image": URL}, by="Ann", at=NOON))
    return SavedBlock


def in_an_issue(session: Session) -> type[IssueBlock]:
    issue = add_issue(session, add_newsletter(session))
    session.add(IssueBlock(issue_id=issue.id, position=9, kind="media", content={"image": URL}))
    return IssueBlock


def in_what_was_sent(session: Session) -> type[Rendition]:
    issue = add_issue(session, add_newsletter(session))
    session.get_one(Rendition, issue.id).html = f'<img src="{URL}">'
    return Rendition


def in_a_look(session: Session) -> type[Newsletter]:
    add_newsletter(session).look = {"logo": URL}
    return Newsletter


PLACES = [in_a_version, in_a_saved_block, in_an_issue, in_what_was_sent, in_a_look]


@pytest.mark.parametrize("place", PLACES)
def test_a_picture_goes_a_month_after_the_last_thing_that_showed_it(
    engine: Engine, place: Callable[[Session], type]
) -> None:
    upload(engine)
    with transaction(engine) as session:
        table = place(session)
    assert removed(engine, 400) == 0  # shown all the while

    with transaction(engine) as session:
        session.execute(delete(table))
    assert removed(engine, 401) == 0  # noticed
    assert removed(engine, 430) == 0
    assert is_kept(engine)
    assert removed(engine, 432) == 1
    assert not is_kept(engine)
    assert removed(engine, 433) == 0


def test_what_is_shown_or_uploaded_again_begins_anew(engine: Engine) -> None:
    upload(engine)
    assert removed(engine, 1) == 0
    with transaction(engine) as session:
        in_a_saved_block(session)
    assert removed(engine, 35) == 0
    with transaction(engine) as session:
        session.execute(delete(SavedBlock))
    assert removed(engine, 36) == 0
    upload(engine, NOON + 60 * DAY)
    assert removed(engine, 67) == 0

    assert is_kept(engine)


def test_the_command_says_how_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_engine: Engine
) -> None:
    upload(sqlite_engine)
    with transaction(sqlite_engine) as session:
        session.get_one(Picture, PICTURE.digest).unused_since = NOON - 1000 * DAY
    mailer = command_line(monkeypatch, tmp_path, str(sqlite_engine.url))

    assert mailer.run("retention", "run").stdout == "unused pictures: 1\n"
