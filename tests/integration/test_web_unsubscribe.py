"""Readers leave by one button or one click, at once, and nobody leaves by accident."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import Engine, delete, select

from mailer.audience import consent
from mailer.audience.histories import history
from mailer.database.engine import reading, transaction
from mailer.database.tables import Consent, Issue, Subscriber, Subscription, Unsubscribe
from tests.support.factories import add_newsletter
from tests.support.site import BROWSER, Mailed, forms, heading, mail_one, mailer_of, page, visiting

pytestmark = pytest.mark.anyio
AGENT = {"agent": BROWSER["user-agent"]}
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def state_of(engine: Engine, reader: Mailed) -> Consent | None:
    with reading(engine) as session:
        return session.scalar(
            select(Subscription.state).where(Subscription.subscriber_id == reader.subscriber_id)
        )


def records(engine: Engine) -> list[Unsubscribe]:
    with reading(engine) as session:
        return list(session.scalars(select(Unsubscribe).order_by(Unsubscribe.id)))


async def press(client: httpx.AsyncClient, answer: httpx.Response, button: str) -> httpx.Response:
    """Send the form with that button, as a browser does, and follow where it leads."""
    fields = forms(answer)[button]
    path = fields.pop("action")
    return await client.post(path, data=fields, follow_redirects=True)


async def test_get_and_head_change_nothing_and_show_a_button(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    async with visiting(mailer) as client:
        shown = await client.get(f"/u/{ann.token}")
        head = await client.head(f"/u/{ann.token}")

    assert (shown.status_code, head.status_code) == (200, 200)
    assert heading(shown) == "Unsubscribe from River Watch?"
    assert "Unsubscribe" in forms(shown)
    assert state_of(engine, ann) is Consent.CONFIRMED
    assert records(engine) == []


async def test_whoever_left_one_is_told_what_still_comes_and_can_leave_all_at_once(
    sqlite_engine: Engine,
) -> None:
    mailer = mailer_of(sqlite_engine)
    ann = mail_one(mailer)
    with transaction(sqlite_engine) as session:
        for slug, name in (("trees", "Trees"), ("lakes", "Lakes")):
            consent.change(
                session,
                newsletter_id=add_newsletter(session, slug, name=name).id,
                subscriber_id=ann.subscriber_id,
                state=Consent.CONFIRMED,
                now=mailer.clock(),
                source="test",
            )
    async with visiting(mailer) as client:
        left = await press(client, await client.get(f"/u/{ann.token}"), "Unsubscribe")
        assert "You still get: Lakes and Trees." in left.text
        done = await press(client, left, "Unsubscribe from everything")

    assert "unsubscribed from everything" in done.text
    with reading(sqlite_engine) as session:
        assert set(session.scalars(select(Subscription.state))) == {Consent.UNSUBSCRIBED}


async def test_the_button_unsubscribes_and_undo_brings_the_reader_back(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    async with visiting(mailer) as client:
        left = await press(client, await client.get(f"/u/{ann.token}"), "Unsubscribe")
        assert heading(left) == "You are unsubscribed"
        assert left.request.method == "GET", "reloading the page repeats nothing"
        assert state_of(engine, ann) is Consent.UNSUBSCRIBED

        back = await press(client, left, "Undo")
        assert heading(back) == "Welcome back"
        assert state_of(engine, ann) is Consent.CONFIRMED

    [record] = records(engine)
    assert (record.method, record.issue_id) == ("page", ann.issue_id)
    assert record.undone_at is not None
    with reading(engine) as session:
        _joined, gone, returned = history(session, session.get_one(Subscriber, ann.subscriber_id))
    trace = {"form": "unsubscribe", "client": "127.0.0.0/24", **AGENT}
    words = "Unsubscribe from River Watch?\nUnsubscribe"
    assert gone.evidence == {**trace, "wording": words, "issue": ann.issue_id}
    assert returned.evidence == {**trace, "wording": "You are unsubscribed\nUndo"}


async def test_a_reason_is_kept_with_the_unsubscribe(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    async with visiting(mailer) as client:
        left = await press(client, await client.get(f"/u/{ann.token}"), "Unsubscribe")
        path = forms(left)["Send"]["action"]
        words = "Twice\r\na\x00 day <b>" + "x" * 2000
        thanked = await client.post(
            path, data={"reason": "too-many", "words": words}, follow_redirects=True
        )

    assert "Thank you" in thanked.text
    [record] = records(engine)
    assert record.reason is not None
    assert record.reason.startswith("Too many mails: Twice a day <b>xxx")
    assert len(record.reason) <= 1000


@pytest.mark.parametrize("kind", ["urlencoded", "multipart"])
async def test_one_click_takes_effect_at_once_and_says_200_each_time(
    engine: Engine, kind: str
) -> None:
    """RFC 8058: no cookie, no origin, no token but the address; never a redirect; idempotent."""
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    files = {name: (None, value) for name, value in ONE_CLICK.items()}
    body = {"data": ONE_CLICK} if kind == "urlencoded" else {"files": files}
    async with visiting(mailer) as client:
        for _ in range(2):
            answer = await client.post(
                f"/u/{ann.token}",
                headers={"origin": "https://mail.example.com", "sec-fetch-site": "cross-site"},
                **body,
            )
            assert answer.status_code == 200
            assert state_of(engine, ann) is Consent.UNSUBSCRIBED

    [record] = records(engine)
    assert (record.method, record.issue_id) == ("one-click", ann.issue_id)
    with reading(engine) as session:
        gone = history(session, session.get_one(Subscriber, ann.subscriber_id))[-1]
    assert gone.source == "one-click"
    assert gone.evidence.items() >= {"client": "127.0.0.0/24", "issue": ann.issue_id}.items()


async def test_a_link_with_the_end_of_its_sentence_works_and_a_torn_one_says_what_to_do(
    sqlite_engine: Engine,
) -> None:
    """Mail programs take a full stop or a bracket for part of a link, or cut it at a line's end."""
    mailer = mailer_of(sqlite_engine)
    ann = mail_one(mailer)
    async with visiting(mailer) as client:
        for page_of in ("u", "p"):
            for end in (".", ")", "%3E", "=", "%E2%80%9D."):
                meant = await client.get(f"/{page_of}/{ann.token}{end}")
                assert (meant.status_code, meant.headers.get("location")) == (
                    302,
                    f"/{page_of}/{ann.token}",
                ), end
        torn = await client.get(f"/u/{ann.token[:-9]}")
        forged = await client.get(f"/u/{'x' * 32}.", follow_redirects=True)
        posted = await client.post(f"/u/{ann.token}.", data=ONE_CLICK)

    for shown in (torn, forged, posted):
        assert shown.status_code == 404
        assert "copy all of it" in shown.text
        assert page(shown).xpath("//a[@href='/preferences']/text()") == ["Your preferences"]
    assert state_of(sqlite_engine, ann) is Consent.CONFIRMED


async def test_a_reader_whose_data_were_erased_is_told_so(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    with transaction(engine) as session:
        session.execute(delete(Subscriber))
    async with visiting(mailer) as client:
        shown = await client.get(f"/u/{ann.token}")
        clicked = await client.post(f"/u/{ann.token}", data=ONE_CLICK)
        preferences = await client.get(f"/p/{ann.token}")

    assert (shown.status_code, preferences.status_code) == (410, 410)
    assert heading(shown) == "You are no longer on our list"
    assert clicked.status_code == 200, "what was asked for is so already"


async def test_when_the_issue_was_removed_its_links_still_unsubscribe(engine: Engine) -> None:
    """Which newsletter it was is not known any more: all of that reader's end."""
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    with transaction(engine) as session:
        session.execute(delete(Issue))
    async with visiting(mailer) as client:
        assert (await client.get(f"/u/{ann.token}")).status_code == 200
        assert (await client.post(f"/u/{ann.token}", data=ONE_CLICK)).status_code == 200

    assert state_of(engine, ann) is Consent.UNSUBSCRIBED


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_foreign_and_damaged_links_get_a_friendly_page(
    sqlite_engine: Engine, method: str
) -> None:
    mailer = mailer_of(sqlite_engine)
    ann = mail_one(mailer)
    damaged = ann.token[:-1] + ("A" if ann.token[-1] != "A" else "B")
    async with visiting(mailer) as client:
        for token in (damaged, "x", "%00", "é" * 32, ann.token + "A"):
            for room in ("u", "p"):
                answer = await client.request(method, f"/{room}/{token}")
                assert answer.status_code == 404
                assert heading(answer) == "This link does not work"
    assert state_of(sqlite_engine, ann) is Consent.CONFIRMED


async def test_one_newsletter_is_left_and_no_other(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    with transaction(engine) as session:
        trees = add_newsletter(session, "trees", name="Trees")
        session.add(
            Subscription(
                newsletter_id=trees.id,
                subscriber_id=ann.subscriber_id,
                state=Consent.CONFIRMED,
                changed_at=trees.created_at,
            )
        )
    async with visiting(mailer) as client:
        await client.post(f"/u/{ann.token}", data=ONE_CLICK)

    with reading(engine) as session:
        states = {row.newsletter_id: row.state for row in session.scalars(select(Subscription))}
    assert states == {ann.newsletter_id: Consent.UNSUBSCRIBED, trees.id: Consent.CONFIRMED}


async def test_names_cannot_bring_markup_into_the_pages(sqlite_engine: Engine) -> None:
    mailer = mailer_of(sqlite_engine)
    ann = mail_one(mailer, name='"><script>alert(1)</script>')
    with transaction(sqlite_engine) as session:
        session.get_one(Subscriber, ann.subscriber_id).address = "<img/src=x>@readers.test"
    async with visiting(mailer) as client:
        for path in (f"/u/{ann.token}", f"/p/{ann.token}"):
            answer = await client.get(path)
            assert page(answer).xpath("//script | //img") == []
            assert "<img/src=x>@readers.test" in page(answer).text_content()
