"""Who gets an issue is read as it is stored, however their names are written and their numbers lie."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from mailer.database.engine import transaction
from mailer.delivering.recipients import load
from tests.support.factories import NOON, add_newsletter, add_subscriber

_NAMES = ['Ann "Ox" O\'Neil', "back\\slash", "Zoë 🌊", "", "{'a': [1]}"]


@pytest.mark.parametrize("apart", [0, 7], ids=["as one range", "one by one"])
def test_names_and_fields_arrive_as_they_were_written(engine: Engine, apart: int) -> None:
    with transaction(engine) as session:
        newsletter = add_newsletter(session)
        people = []
        for number, name in enumerate(_NAMES):
            people.append(
                add_subscriber(
                    session,
                    f"reader{number}@readers.test",
                    newsletter=newsletter,
                    name=name,
                    fields={"town": name, "visits": number},
                )
            )
            for other in range(apart):
                add_subscriber(session, f"other{number}-{other}@readers.test")
        ids = [one.id for one in people]

        loaded = load(session, newsletter.id, ids, with_fields=True, now=NOON)
        bare = load(session, newsletter.id, ids, with_fields=False, now=NOON)

    assert [loaded.recipients[one].name for one in ids] == _NAMES
    assert [loaded.recipients[one].fields for one in ids] == [
        {"town": name, "visits": number} for number, name in enumerate(_NAMES)
    ]
    assert bare.recipients.keys() == loaded.recipients.keys() == set(ids)
    assert not loaded.skipped


def test_of_nobody_nobody_is_read(engine: Engine) -> None:
    with transaction(engine) as session:
        newsletter = add_newsletter(session)
        assert not load(session, newsletter.id, [], with_fields=False, now=NOON).recipients
