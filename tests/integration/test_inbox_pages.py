"""The inbox shows mails as a mail program does, and nothing in a mail can act on it."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from mailer.inbox.mails import Mail, add_mails
from mailer.inbox.reading import open_mail, snippet
from tests.support.factories import NOON
from tests.support.site import HOST, forms, heading, mail_one, mailer_of, page, visiting

pytestmark = pytest.mark.anyio
HTML = (
    "<html><head><title>x</title><style>p{color:red}</style></head><body>"
    '<div style="display:none">The weir falls.&#847;&zwnj;&nbsp;&#847;&zwnj;&nbsp;</div>'
    '<p>Hello</p><script>alert(1)</script><a href="https://a.test/">Act</a></body></html>'
)


def source(
    subject: str = "The weir", *headers: str, html: str = HTML, text: str = "Hi https://a.test/x."
) -> bytes:
    lines = [f"From: River <news@river.test>\r\nSubject: {subject}", *headers, "MIME-Version: 1.0"]
    lines.append('Content-Type: multipart/alternative; boundary="b"\r\n')
    lines += ["--b\r\nContent-Type: text/plain; charset=utf-8\r\n", text]
    lines += ["--b\r\nContent-Type: text/html; charset=utf-8\r\n", html, "--b--\r\n"]
    return "\r\n".join(lines).encode()


def keep(engine: Engine, *sources: bytes, recipient: str = "ann@readers.test") -> None:
    with engine.begin() as connection:
        add_mails(
            connection,
            [
                Mail(NOON, "bounces@river.test", recipient, f"mail {n}", data)
                for n, data in enumerate(sources, 1)
            ],
        )


async def test_the_list_shows_the_newest_first_with_the_preheader(engine: Engine) -> None:
    keep(engine, source(), source())
    async with visiting(mailer_of(engine)) as client:
        shown = page(await client.get("/inbox"))

    rows = [" ".join(row.text_content().split()) for row in shown.xpath("//li")]
    assert [row.split(" – ")[0].split()[-1] for row in rows] == ["2", "1"]
    assert all("The weir falls." in row and "Hello" not in row for row in rows)


async def test_search_and_pages_find_every_mail_once(engine: Engine) -> None:
    keep(engine, *([source()] * 120))
    keep(engine, source(), recipient="100%_ben@readers.test")
    async with visiting(mailer_of(engine)) as client:
        found: list[str] = []
        path = "/inbox"
        while path:
            shown = page(await client.get(path))
            found += [str(href) for href in shown.xpath("//li/a/@href")]
            path = str((shown.xpath("//a[text()='Older']/@href") or [""])[0])
        one = page(await client.get("/inbox", params={"q": "%_BEN readers"}))
        none = await client.get("/inbox", params={"q": "<b>nobody"})

    assert len(found) == len(set(found)) == 121
    assert len(one.xpath("//li")) == 1, "% and _ are letters like others"
    assert "Nothing found" in none.text
    assert "<b>nobody" not in none.text


async def test_a_mail_has_four_views(engine: Engine) -> None:
    keep(engine, source("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "X-Long: a\r\n b"))
    async with visiting(mailer_of(engine)) as client:
        html = page(await client.get("/inbox/1"))
        text = page(await client.get("/inbox/1?view=text"))
        headers = page(await client.get("/inbox/1?view=headers"))
        raw = page(await client.get("/inbox/1?view=source"))
        download = await client.get("/inbox/1/source")

    assert html.xpath("string(//iframe/@src)") == "/inbox/1/html"
    assert text.xpath("//pre/a/@href") == ["https://a.test/x"]
    table = {row.xpath("string(th)"): row.xpath("string(td)") for row in headers.xpath("//tr")}
    assert (table["Subject"], table["X-Long"]) == ("Grüße", "a b")
    assert "<script>alert(1)</script>" in raw.xpath("string(//pre)")
    assert download.content == source("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "X-Long: a\r\n b")


async def test_a_mails_html_cannot_run_or_reach_anything(sqlite_engine: Engine) -> None:
    keep(sqlite_engine, source())
    async with visiting(mailer_of(sqlite_engine)) as client:
        frame = page(await client.get("/inbox/1")).xpath("//iframe")[0]
        inside = await client.get("/inbox/1/html")

    assert frame.get("sandbox") == "allow-popups allow-popups-to-escape-sandbox"
    policy = inside.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups" in policy
    assert "script-src" not in policy
    assert "allow-scripts" not in policy
    assert page(inside).xpath("string(//base/@target)") == "_blank", "links open beside the inbox"


async def test_one_click_unsubscribes_as_a_mail_program_does(engine: Engine) -> None:
    mailer = mailer_of(engine)
    ann = mail_one(mailer)
    link = f"List-Unsubscribe: <mailto:x@river.test>, <{HOST}/u/{ann.token}>"
    keep(
        engine,
        source("s", link, "List-Unsubscribe-Post: List-Unsubscribe=One-Click"),
        source("s", link),
    )
    async with visiting(mailer) as client:
        shown = await client.get("/inbox/1")
        [form] = forms(shown).values()
        assert form == {"action": f"{HOST}/u/{ann.token}", "List-Unsubscribe": "One-Click"}
        assert f"form-action 'self' {HOST}" in shown.headers["content-security-policy"]
        answer = await client.post(form.pop("action"), data=form)
        without = await client.get("/inbox/2")

    assert heading(answer) == "You are unsubscribed"
    assert forms(without) == {}, "no button where RFC 8058 is not offered"


async def test_a_header_cannot_widen_the_policy(sqlite_engine: Engine) -> None:
    post = "List-Unsubscribe-Post: List-Unsubscribe=One-Click"
    keep(sqlite_engine, source("s", "List-Unsubscribe: <https://a.test;script-src/x>", post))
    async with visiting(mailer_of(sqlite_engine)) as client:
        policy = (await client.get("/inbox/1")).headers["content-security-policy"]
    assert "a.test" not in policy


async def test_clearing_forgets_all_mails(engine: Engine) -> None:
    keep(engine, source())
    async with visiting(mailer_of(engine)) as client:
        cleared = await client.post("/inbox/clear", follow_redirects=True)
        assert (await client.get("/inbox/1")).status_code == 404
        assert (await client.get("/inbox/99999999999999999999999")).status_code == 404
    assert "No mail yet" in cleared.text


async def test_with_a_relay_there_is_no_inbox(sqlite_engine: Engine) -> None:
    mailer = mailer_of(sqlite_engine, smtp_url="smtp://relay.test:25")
    async with visiting(mailer) as client:
        assert (await client.get("/inbox")).status_code == 404
        assert "/inbox" not in (await client.get("/")).text
    async with visiting(mailer, inbox=True) as client:
        assert (await client.get("/inbox")).status_code == 200


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n",
        b"Subject: =?x-unknown?q?a?= =?utf-8?b?//?=\r\nContent-Type: text/html; charset=klingon\r\n\r\n<p>\xff",
        b"Content-Type: multipart/mixed\r\n\r\n--no boundary",
        b"Content-Type: text/html\r\n\r\n<!-- only a comment -->",
        b"Content-Type: text/html\r\n\r\n",
        b": odd\r\nFrom: \x80\x81\r\nContent-Transfer-Encoding: base64\r\nContent-Type: text/plain\r\n\r\n!!!",
        b"Content-Type: message/rfc822\r\n\r\nContent-Type: text/html\r\n\r\n<b>inner</b>",
    ],
)
async def test_broken_mails_are_shown_as_far_as_they_can_be_read(
    sqlite_engine: Engine, data: bytes
) -> None:
    assert isinstance(snippet(data), str)
    open_mail(data)
    keep(sqlite_engine, data)
    async with visiting(mailer_of(sqlite_engine)) as client:
        for path in (
            "/inbox",
            *(f"/inbox/1?view={view}" for view in ("html", "text", "headers", "source")),
        ):
            assert (await client.get(path)).status_code == 200, path
