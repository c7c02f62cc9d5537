"""Newsletters: added once each, found by slug, counted."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from mailer.audience import newsletters
from mailer.database.engine import reading, transaction
from mailer.database.tables import Consent
from mailer.errors import Conflict, InvalidAddress, InvalidInput, NotFound
from tests.support.factories import NOON, add_subscriber


def test_a_newsletter_is_found_by_its_slug_and_counted(engine: Engine) -> None:
    with transaction(engine) as session:
        river = newsletters.add(session, "river", "River Watch", "News@River.test", now=NOON)
        newsletters.add(session, "air", "Air", "air@river.test", now=NOON, language="pt-BR")
        add_subscriber(session, newsletter=river)
        add_subscriber(session, "bo@x.test", newsletter=river, state=Consent.PENDING)
        add_subscriber(session, "cy@x.test", newsletter=river, state=Consent.UNSUBSCRIBED)
        add_subscriber(session, "di@x.test", newsletter=river)
    with reading(engine) as session:
        assert newsletters.get(session, "river").from_address == "News@River.test"
        assert [
            (one.newsletter.slug, one.confirmed, one.pending, one.unsubscribed)
            for one in newsletters.counted(session)
        ] == [("air", 0, 0, 0), ("river", 2, 1, 1)]


def test_a_slug_not_found_is_told_with_what_there_is(sqlite_engine: Engine) -> None:
    with transaction(sqlite_engine) as session:
        with pytest.raises(NotFound, match="none at all yet"):
            newsletters.get(session, "river")
        newsletters.add(session, "river", "River Watch", "news@river.test", now=NOON)
        with pytest.raises(NotFound, match="did you mean 'river'"):
            newsletters.get(session, "rivr")
        with pytest.raises(NotFound, match="there are: river"):
            newsletters.get(session, "zzz")


def test_a_slug_is_taken_once(engine: Engine) -> None:
    with transaction(engine) as session:
        newsletters.add(session, "river", "River Watch", "news@river.test", now=NOON)
    with pytest.raises(Conflict, match="choose another slug"), transaction(engine) as session:
        newsletters.add(session, "river", "Other", "news@river.test", now=NOON)


@pytest.mark.parametrize(
    "slug", ["", "River", "river_watch", "-river", "a--b", "ä", "a" * 61, "a/b"]
)
def test_a_slug_that_does_not_fit_an_address_is_refused(sqlite_engine: Engine, slug: str) -> None:
    with transaction(sqlite_engine) as session, pytest.raises(InvalidInput, match="small letters"):
        newsletters.add(session, slug, "River Watch", "news@river.test", now=NOON)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": "A\r\nBcc: b@x.test"}, "one line"),
        ({"name": " "}, "needs a name"),
        ({"from_name": "A\nB"}, "one line"),
        ({"from_address": "news"}, "not an address"),
        ({"reply_to": "a b@x.test"}, "not an address"),
        ({"language": "English!"}, "no language tag"),
        ({"time_zone": "Mars/Olympus"}, "no time zone"),
    ],
)
def test_what_would_break_a_mail_is_refused_in_one_sentence(
    sqlite_engine: Engine, wrong: dict[str, str], sentence: str
) -> None:
    given = {"name": "River Watch", "from_address": "news@river.test"} | wrong
    with (
        transaction(sqlite_engine) as session,
        pytest.raises((InvalidInput, InvalidAddress), match=sentence),
    ):
        newsletters.add(session, "river", now=NOON, **given)


def test_a_return_path_leaves_room_for_a_readers_token(sqlite_engine: Engine) -> None:
    with transaction(sqlite_engine) as session:
        with pytest.raises(InvalidInput, match="15 plain letters at most"):
            newsletters.add(
                session, "a", "A", "a@b.test", now=NOON, return_path="our-bounces-here@b.test"
            )
        added = newsletters.add(
            session, "a", "A", "a@b.test", now=NOON, return_path="our-bounces-are@b.test"
        )
        assert added.return_path == "our-bounces-are@b.test"
