"""Issues can be read in the browser: by their reader, and by anybody without a reader's data."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, delete

from mailer.database.engine import transaction
from mailer.database.tables import Issue, Rendition, Subscriber
from tests.support.site import DESTINATION, HOST, heading, mail_one, mailer_of, page, visiting

pytestmark = pytest.mark.anyio
HTML = f"""<html><body><h1>Hello [[first_name|friend]]</h1><p>[[city|Bonn &amp; you]] [[pet]]</p>
<a id="c" href="{HOST}/c/[[token]]/1">Act</a><a id="u" href="{HOST}/u/[[token]]">Unsubscribe</a>
</body></html>"""


def href(answer: object, name: str) -> str:
    return str(page(answer).xpath(f"//a[@id='{name}']/@href")[0])  # type: ignore[arg-type]


async def test_readers_see_their_own_copy_escaped(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer, name="<i>Ann</i> & Co", html=HTML)
    async with visiting(mailer) as client:
        shown = await client.get(f"/v/{ann.token}")

    assert heading(shown) == "Hello <i>Ann</i>"
    assert "Bonn & you" in page(shown).text_content()
    assert href(shown, "c") == f"{HOST}/c/{ann.token}/1"
    assert href(shown, "u") == f"{HOST}/u/{ann.token}"
    assert "noindex" in shown.headers["x-robots-tag"]
    assert "script-src" not in shown.headers["content-security-policy"]
    assert "default-src 'none'" in shown.headers["content-security-policy"]


@pytest.mark.parametrize("form", ["{}", "{}-the-river-is-back", "{}-whatever"])
async def test_the_public_copy_holds_no_reader(engine: Engine, form: str) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer, html=HTML)
    async with visiting(mailer) as client:
        shown = await client.get(f"/i/{form.format(ann.issue_id)}")
        unsubscribe = await client.get(href(shown, "u"))

    assert heading(shown) == "Hello friend"
    assert "[[" not in shown.text
    assert href(shown, "c") == DESTINATION, "straight there, byte for byte"
    assert ann.token not in shown.text
    assert heading(unsubscribe) == "That link belongs to your own mail"


async def test_an_erased_reader_sees_the_public_copy(sqlite_engine: Engine) -> None:
    mailer = mailer_of(sqlite_engine)
    ann = mail_one(mailer, html=HTML)
    with transaction(sqlite_engine) as session:
        session.execute(delete(Subscriber))
    async with visiting(mailer) as client:
        shown = await client.get(f"/v/{ann.token}")

    assert heading(shown) == "Hello friend"
    assert ann.token not in shown.text


async def test_issues_not_sent_or_removed_get_a_friendly_page(sqlite_engine: Engine) -> None:
    mailer = mailer_of(sqlite_engine)
    ann = mail_one(mailer)
    paths = (f"/v/{ann.token}", f"/i/{ann.issue_id}")
    async with visiting(mailer) as client:
        with transaction(sqlite_engine) as session:
            session.execute(delete(Rendition))
        for path in paths:
            assert heading(await client.get(path)) == "This issue is not out yet"
        with transaction(sqlite_engine) as session:
            session.execute(delete(Issue))
        for path in paths:
            gone = await client.get(path)
            assert (gone.status_code, heading(gone)) == (410, "This page is no longer here")
        assert (await client.get("/i/99999999999999999999")).status_code == 410
        assert (await client.get("/i/about")).status_code == 410
