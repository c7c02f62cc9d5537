"""Retention on its page: what is due is told before anything is changed, and who changed it is known."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from mailer.bootstrap import Mailer
from mailer.database.engine import reading
from mailer.database.tables import Role
from mailer.keeping import terms
from mailer.keeping.foreseeing import foresee
from mailer.keeping.retaining import retain
from mailer.keeping.terms import Rule, Terms
from tests.support.factories import NOON
from tests.support.readership import a_sent_issue
from tests.support.sending import SIGNER
from tests.support.site import mailer_of, page, visiting
from tests.support.staff import sign_in

pytestmark = pytest.mark.anyio

PATH = "/settings/retention"
YEAR = timedelta(days=365)
CHOSEN = {"clicks": str(365 * 86400), "unsubscribed": str(30 * 86400), "deliveries": "ever"}


def two_years_later(engine: Engine, **settings: object) -> Mailer:
    a_sent_issue(engine)
    return mailer_of(engine, clock=lambda: NOON + 2 * YEAR, **settings)


def in_force(mailer: Mailer) -> Terms:
    with reading(mailer.engine) as session:
        return terms.in_force(session, mailer.fixed_terms)


async def test_a_choice_is_counted_first_then_kept_to_and_on_record(engine: Engine) -> None:
    mailer = two_years_later(engine)
    async with visiting(mailer) as client:
        me = sign_in(mailer, client)
        before = await client.get(PATH)
        asked = await client.get(PATH, params=CHOSEN)
        assert in_force(mailer) == Terms(), "looking changes nothing"
        after = await client.post(PATH, data=me.form | CHOSEN, follow_redirects=True)

    assert "known for ever" in page(before).text_content()
    confirm = page(asked).xpath("string(//*[@aria-labelledby='confirm'])")
    assert "Clicks and opens: for ever → becomes 1 year" in " ".join(confirm.split())
    assert "Due at once: 5 clicks and opens." in confirm
    assert "Due at once: 1 person." in confirm
    assert "Deliveries" not in confirm, "what stays as it is is not asked about"
    sent = page(asked).xpath("//form[@method='post' and .//button[contains(@class, 'danger')]]")
    assert {one.get("name") for one in sent[0].xpath(".//input")} == {
        "csrf", "clicks", "unsubscribed",
    }  # fmt: skip
    assert in_force(mailer) == Terms(clicks=YEAR, unsubscribed=timedelta(days=30))
    words = " ".join(page(after).text_content().split())
    assert "Clicks and opens: for ever → becomes 1 year owner@river.test" in words


def test_what_is_foreseen_is_what_is_done(engine: Engine) -> None:
    mailer = two_years_later(engine)
    now, kept = mailer.clock(), Terms(clicks=YEAR, deliveries=YEAR, unsubscribed=YEAR)
    with reading(engine) as session:
        found = foresee(session, kept, now=now)
    assert found == {Rule.CLICKS: 5, Rule.DELIVERIES: 4, Rule.UNSUBSCRIBED: 1}

    done = retain(engine, SIGNER, kept, now=now)
    with reading(engine) as session:
        assert set(foresee(session, kept, now=now).values()) == {0}
    assert done["people who left"] == found[Rule.UNSUBSCRIBED]
    assert done["deliveries"] == found[Rule.DELIVERIES]


async def test_editors_see_it_and_owners_change_it_but_for_what_the_machine_says(
    sqlite_engine: Engine,
) -> None:
    mailer = two_years_later(sqlite_engine, keep_clicks="30d")
    async with visiting(mailer) as client:
        editor = sign_in(mailer, client, role=Role.EDITOR, address="ed@river.test")
        seen = await client.get(PATH, params=CHOSEN)
        assert (await client.post(PATH, data=editor.form | CHOSEN)).status_code == 403
        owner = sign_in(mailer, client)
        form = page(await client.get(PATH, params=CHOSEN))
        refused = await client.post(PATH, data=owner.form | CHOSEN)
        wrong = await client.post(PATH, data=owner.form | {"unconfirmed": "ever"})

    assert "Set by MAILER_KEEP_CLICKS where the program runs." in page(seen).text_content()
    assert page(seen).xpath("//main//select") == []
    assert [one.get("name") for one in form.xpath("//main//select")] == [
        "deliveries", "unsubscribed", "unconfirmed",
    ]  # fmt: skip
    for answer, words in ((refused, "comes first"), (wrong, "cannot be kept for ever")):
        assert answer.status_code == 400
        assert words in page(answer).xpath("string(//*[@role='alert'])")
    assert in_force(mailer) == Terms(clicks=timedelta(days=30)), "all of it or nothing"
