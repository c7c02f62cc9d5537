"""Staff find people by part of an address or a name, page by page, and see where they stand."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from mailer.audience import browsing, suppressions
from mailer.audience.browsing import Search
from mailer.database.engine import reading, transaction
from mailer.database.tables import Consent
from tests.support.factories import NOON, add_newsletter, add_subscriber

PEOPLE = (
    ("ann@river.test", "Ann Brook"),
    ("ben_50%@river.test", "Ben Stone"),
    ("carla@hills.test", "Carla O'Brook"),
    ("dora@sea.test", ""),
)


@pytest.fixture
def readers(engine: Engine) -> dict[str, int]:
    """Four people of two newsletters; Ben has left the river, Dora waits for the hills."""
    with transaction(engine) as session:
        river, hills = add_newsletter(session), add_newsletter(session, "hills", name="Hills")
        found = {}
        for (address, name), newsletter, state in zip(
            PEOPLE,
            (river, river, river, hills),
            (Consent.CONFIRMED, Consent.UNSUBSCRIBED, Consent.CONFIRMED, Consent.PENDING),
            strict=True,
        ):
            one = add_subscriber(session, address, newsletter=newsletter, state=state, name=name)
            found[address.partition("@")[0]] = one.id
        return found | {"river": river.id, "hills": hills.id}


def names(engine: Engine, search: Search, **options: int) -> list[str]:
    with reading(engine) as session:
        rows = browsing.people(session, search, **options)
    return [one.address.partition("@")[0] for one in rows]


def test_words_are_looked_for_in_address_and_name_as_they_are(
    engine: Engine, readers: dict[str, int]
) -> None:
    wanted = {
        "": ["dora", "carla", "ben_50%", "ann"],
        "brook": ["carla", "ann"],
        "ann brook": ["ann"],
        "RIVER": ["ben_50%", "ann"],
        "50%": ["ben_50%"],
        "ben_": ["ben_50%"],
        "n_": ["ben_50%"],
        "%": ["ben_50%"],
        "o'b": ["carla"],
        "\\": [],
        "nobody": [],
    }
    assert {words: names(engine, Search(words=words)) for words in wanted} == wanted


def test_pages_follow_each_other_without_gap_or_double(
    engine: Engine, readers: dict[str, int]
) -> None:
    first = names(engine, Search(), limit=2)
    second = names(engine, Search(), limit=2, before=readers[first[-1]])

    assert first + second == ["dora", "carla", "ben_50%", "ann"]


def test_people_are_filtered_by_newsletter_and_state(
    engine: Engine, readers: dict[str, int]
) -> None:
    river, hills = readers["river"], readers["hills"]

    assert names(engine, Search(newsletter_id=river)) == ["carla", "ben_50%", "ann"]
    assert names(engine, Search(newsletter_id=river, state=Consent.UNSUBSCRIBED)) == ["ben_50%"]
    assert names(engine, Search(state=Consent.PENDING)) == ["dora"]
    assert names(engine, Search(newsletter_id=hills, state=Consent.CONFIRMED)) == []


def test_whoever_is_never_mailed_is_shown_with_the_reason(
    engine: Engine, readers: dict[str, int]
) -> None:
    with transaction(engine) as session:
        for target in ("ann@river.test", "hills.test"):
            suppressions.add(session, target, reason="bounced", source="test", now=NOON)

    assert names(engine, Search(suppressed=True)) == ["carla", "ann"]
    with reading(engine) as session:
        rows = browsing.people(session, Search())
    assert [one.suppressed for one in rows] == ["", "bounced", "", "bounced"]


def test_states_are_counted_for_one_newsletter_and_for_all(
    engine: Engine, readers: dict[str, int]
) -> None:
    with reading(engine) as session:
        river, every = browsing.tallies(session, readers["river"]), browsing.tallies(session, None)

    assert (river[Consent.CONFIRMED], river[Consent.UNSUBSCRIBED]) == (2, 1)
    assert every[Consent.PENDING] == 1
