"""What holds for every page: safe headers, any base path, friendly words when something fails."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from sqlalchemy import Engine

from mailer.database.engine import open_engine, transaction
from mailer.errors import ConfigurationError
from mailer.rendering import inlining
from mailer.web.pages import STATIC, Pages
from mailer.web.preparing import prepare
from mailer.web.serving import bind
from mailer.web.site import Site
from tests.support.factories import add_newsletter
from tests.support.site import HOST, forms, heading, mail_one, mailer_of, page, visiting
from tests.support.staff import sign_in

pytestmark = pytest.mark.anyio


async def test_every_answer_carries_the_security_headers(sqlite_engine: Engine) -> None:
    mailer = mailer_of(sqlite_engine)
    ann = mail_one(mailer)
    async with visiting(mailer) as client:
        sign_in(mailer, client)
        for path in (
            "/",
            "/sign-in",
            "/inbox",
            "/health",
            "/nowhere",
            "/static/site.css",
            f"/u/{ann.token}",
            f"/i/{ann.issue_id}",
        ):
            headers = (await client.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff", path
            assert headers["referrer-policy"] in {"no-referrer", "same-origin"}, path
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "script-src 'self'" in policy or "script-src" not in policy


async def test_pages_need_nothing_from_elsewhere(sqlite_engine: Engine) -> None:
    """Every stylesheet, script and picture is our own, and is there."""
    mailer = mailer_of(sqlite_engine)
    ann = mail_one(mailer)
    async with visiting(mailer) as client:
        sign_in(mailer, client)
        for path in ("/", "/inbox", f"/u/{ann.token}", f"/p/{ann.token}", "/nowhere"):
            for address in page(await client.get(path)).xpath("//link/@href | //@src"):
                assert str(address).startswith(("/static/", "/look/")), address
                asset = await client.get(str(address))
                assert asset.status_code == 200
                assert "immutable" in asset.headers["cache-control"]


async def test_scripts_and_styles_travel_small(sqlite_engine: Engine) -> None:
    async with visiting(mailer_of(sqlite_engine)) as client:
        for name in ("staff.css", "staff.js", "icon.svg"):
            answer = await client.get(f"/static/{name}", headers={"accept-encoding": "gzip"})
            packed = answer.headers.get("content-encoding") == "gzip"
            assert packed is (len(answer.content) >= 1024), name
            assert answer.content == (STATIC / name).read_bytes()


def test_what_visitors_would_wait_for_is_prepared_whatever_is_broken(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    mailer = mailer_of(sqlite_engine)
    with transaction(sqlite_engine) as session:
        add_newsletter(session, "broken").theme = "there-is-none"
        add_newsletter(session, "whole").look = {"accent": "#135790"}
    pages = Pages("", mailer.clock, inbox=False)
    prepare(Site(mailer, pages, inbox=False))
    assert any("#135790" in css for css, _ in inlining._sheets)

    nowhere = mailer_of(open_engine(f"sqlite:///{tmp_path}/nowhere/x.db"))
    prepare(Site(nowhere, pages, inbox=False))


@pytest.mark.parametrize("stripped", [True, False])
async def test_the_site_works_under_a_path_whether_or_not_a_proxy_takes_it_off(
    sqlite_engine: Engine, stripped: bool
) -> None:
    mailer = mailer_of(sqlite_engine, base_url=f"{HOST}/news")
    ann = mail_one(mailer)
    before = "" if stripped else "/news"
    async with visiting(mailer) as client:
        for path in ("/", before):
            shown = await client.get(path if path == before else before + path)
            assert shown.headers["location"] == "/news/sign-in"
        sign_in(mailer, client)
        shown = await client.get(f"{before}/u/{ann.token}")
        action = forms(shown)["Unsubscribe"]["action"]
        assert action == f"/news/u/{ann.token}"
        left = await client.post(f"{before}/u/{ann.token}", data={"by": "page"})
        assert left.headers["location"] == f"/news/u/{ann.token}"
        assert (await client.get(f"{before}/c/{ann.token}/1")).status_code == 302
        assert (await client.get(f"{before}/static/site.css")).status_code == 200
        for path in ("/", "/inbox"):
            for address in page(await client.get(before + path)).xpath("//@href | //@action"):
                assert str(address).startswith(("/news", "#")), address


async def test_health_says_whether_the_database_answers(engine: Engine) -> None:
    async with visiting(mailer_of(engine)) as client:
        answer = await client.get("/health")
    assert (answer.status_code, answer.json()["database"]) == (200, "ok")


async def test_without_its_database_the_site_says_so_kindly(tmp_path: Path) -> None:
    missing = open_engine(f"sqlite:///{tmp_path}/nowhere/x.db")
    mailer = mailer_of(missing)
    token = mailer.signer.sign(1, 1)
    async with visiting(mailer) as client:
        health = await client.get("/health")
        pages = [await client.get(f"/{room}/{token}") for room in ("u", "p", "v")]
        pages += [await client.get(f"/c/{token}/1"), await client.get("/sign-in")]
        posted = await client.post(f"/u/{token}", data={"List-Unsubscribe": "One-Click"})

    assert (health.status_code, json.loads(health.text)["status"]) == (503, "unavailable")
    for answer in (*pages, posted):
        assert answer.status_code == 503, "a mail program tries again later"
        assert heading(answer) == "We cannot do this right now"


async def test_where_only_forms_lead_browsers_are_shown_the_page_above(
    sqlite_engine: Engine,
) -> None:
    ann = mail_one(mailer := mailer_of(sqlite_engine, base_url=f"{HOST}/news"))
    async with visiting(mailer) as client:
        sign_in(mailer, client)
        for asked, shown in {
            "/issues": "/",
            "/issues/1/discard": "/issues/1",
            "/settings/people/2/invite": "/settings/people",
            f"/u/{ann.token}/undo": f"/u/{ann.token}",
        }.items():
            path = f"/news{asked}"
            answer = await client.get(path, headers={"accept": "text/html,*/*"})
            assert (answer.status_code, answer.headers["location"]) == (303, f"/news{shown}")
            assert (await client.get(path)).status_code == 405, "programs are told"


async def test_addresses_that_nothing_has_lead_to_the_first_page(engine: Engine) -> None:
    async with visiting(mailer := mailer_of(engine)) as client:
        sign_in(mailer, client)
        for path in ("/nowhere", "/issues/99999999999999999999/statistics", "/subscribers/fish"):
            answer = await client.get(path)
            assert (answer.status_code, heading(answer)) == (404, "There is nothing here"), path
            assert page(answer).xpath("//main//a/@href") == ["/"], path
        for path in ("/s/a%00b", "/subscribers?q=%00", "/settings/forms/%F0%9F%90%9F%00"):
            assert (await client.get(path)).status_code in {200, 400, 404}, path


async def test_a_mistake_of_ours_shows_no_trace_to_the_reader(
    sqlite_engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    mailer = mailer_of(sqlite_engine)
    ann = mail_one(mailer)
    with sqlite_engine.begin() as connection:
        connection.exec_driver_sql("UPDATE subscribers SET fields = '{'")
    caplog.set_level(logging.CRITICAL)
    async with visiting(mailer) as client:
        answer = await client.get(f"/u/{ann.token}")

    assert (answer.status_code, heading(answer)) == (500, "Something went wrong here")
    assert "Traceback" not in answer.text
    assert "json" not in answer.text.lower()


def test_a_port_that_is_taken_is_one_clear_sentence(sqlite_engine: Engine) -> None:
    mailer = mailer_of(sqlite_engine)
    first = bind(mailer, port=0)
    with pytest.raises(ConfigurationError, match=rf"cannot listen on 127.0.0.1:{first.port}"):
        bind(mailer, port=first.port)
    first.close()
