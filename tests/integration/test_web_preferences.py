"""Readers decide what they are called and what they get, without an account or a script."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, select

from mailer.audience import consent
from mailer.database.engine import reading, transaction
from mailer.database.tables import Consent, ConsentChange, Subscriber, Subscription, Unsubscribe
from tests.support.factories import NOON, add_newsletter
from tests.support.site import Mailed, heading, mail_one, mailer_of, page, visiting

pytestmark = pytest.mark.anyio


def join(engine: Engine, ann: Mailed, slug: str, state: Consent) -> int:
    with transaction(engine) as session:
        newsletter = add_newsletter(session, slug, name=slug.title())
        consent.change(
            session,
            newsletter_id=newsletter.id,
            subscriber_id=ann.subscriber_id,
            state=state,
            now=NOON,
            source="test",
        )
        return newsletter.id


def states(engine: Engine) -> dict[int, Consent]:
    with reading(engine) as session:
        return {row.newsletter_id: row.state for row in session.scalars(select(Subscription))}


async def test_saving_keeps_names_and_ends_and_begins_subscriptions(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    trees = join(engine, ann, "trees", Consent.UNSUBSCRIBED)
    async with visiting(mailer) as client:
        saved = await client.post(
            f"/p/{ann.token}",
            data={
                "name": "  Ann\r\nBcc: x@y.test ",
                "language": "pt",
                "time_zone": "Europe/Lisbon",
                "shown": [str(ann.newsletter_id), str(trees)],
                "newsletter": [str(trees)],
            },
            follow_redirects=True,
        )

    assert "Saved." in saved.text
    assert states(engine) == {ann.newsletter_id: Consent.UNSUBSCRIBED, trees: Consent.CONFIRMED}
    with reading(engine) as session:
        subscriber = session.get_one(Subscriber, ann.subscriber_id)
        left = session.scalars(select(Unsubscribe)).one()
        changes = {
            (change.newsletter_id, change.state, change.source)
            for change in session.scalars(select(ConsentChange))
        }
    assert subscriber.name == "Ann Bcc: x@y.test", "no line break reaches a header"
    assert (subscriber.language, subscriber.time_zone) == ("pt", "Europe/Lisbon")
    assert (left.method, left.issue_id) == ("preferences", ann.issue_id)
    assert (trees, Consent.CONFIRMED, "preferences") in changes


async def test_newsletters_that_were_not_on_the_form_stay_as_they_are(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    other = join(engine, ann, "trees", Consent.CONFIRMED)
    async with visiting(mailer) as client:
        await client.post(f"/p/{ann.token}", data={"shown": str(ann.newsletter_id)})

    assert states(engine) == {ann.newsletter_id: Consent.UNSUBSCRIBED, other: Consent.CONFIRMED}


async def test_nobody_joins_a_newsletter_they_were_never_offered(sqlite_engine: Engine) -> None:
    mailer = mailer_of(sqlite_engine)
    ann = mail_one(mailer)
    with transaction(sqlite_engine) as session:
        hidden = add_newsletter(session, "staff", name="Staff only").id
    async with visiting(mailer) as client:
        shown = await client.get(f"/p/{ann.token}")
        await client.post(f"/p/{ann.token}", data={"shown": str(hidden), "newsletter": str(hidden)})

    assert "Staff only" not in shown.text
    assert hidden not in states(sqlite_engine)


async def test_one_button_ends_everything(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    join(engine, ann, "trees", Consent.CONFIRMED)
    async with visiting(mailer) as client:
        left = await client.post(f"/p/{ann.token}/leave", follow_redirects=True)

    assert "unsubscribed from everything" in left.text
    assert set(states(engine).values()) == {Consent.UNSUBSCRIBED}
    assert page(left).xpath("//input[@type='checkbox' and @checked]") == []


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [("time_zone", "Mars/Olympus", "time zone"), ("language", "klingon", "language")],
)
async def test_what_cannot_be_kept_is_said_and_changes_nothing(
    sqlite_engine: Engine, field: str, value: str, words: str
) -> None:
    mailer = mailer_of(sqlite_engine)
    ann = mail_one(mailer)
    async with visiting(mailer) as client:
        answer = await client.post(
            f"/p/{ann.token}", data={"shown": str(ann.newsletter_id), field: value}
        )

    assert answer.status_code == 422
    assert words in page(answer).xpath("string(//*[@role='alert'])")
    assert heading(answer) == "Your preferences"
    assert states(sqlite_engine) == {ann.newsletter_id: Consent.CONFIRMED}
