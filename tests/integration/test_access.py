"""No page for staff is open to strangers, each role gets what it may, and no other site acts for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Mount, Route

from mailer.bootstrap import Mailer
from mailer.database.engine import transaction
from mailer.database.tables import Role, User
from mailer.staffing import users
from mailer.staffing.permissions import permissions
from mailer.web.app import create_app
from mailer.web.editor.access import Door, Guard, MachineOrStaff
from tests.support.site import HOST, heading, mailer_of, visiting
from tests.support.staff import sign_in

pytestmark = pytest.mark.anyio

# Rooms of readers, of programs, and of those who are about to sign in.
PUBLIC = (
    "/c/", "/u/", "/p/", "/i/", "/v/", "/s/", "/confirm/", "/address/", "/preferences", "/look/",
    "/form.js", "/pictures/", "/sample/", "/health", "/sign-in", "/welcome/", "/api/v1/",
)  # fmt: skip
FILLED = {"int": "1", "str": "x", "path": "x"}


def routes(found: list[BaseRoute]) -> list[Route]:
    assert all(isinstance(one, Route | Mount) for one in found)
    return [one for one in found if isinstance(one, Route)]


def path_of(route: Route) -> str:
    return re.sub(r"\{\w+(?::(\w+))?\}", lambda m: FILLED.get(m[1] or "str", "1"), route.path)


def guard_of(route: Route) -> object:
    app = route.app
    while not isinstance(app, Guard | Door | MachineOrStaff) and hasattr(app, "app"):
        app = app.app
    return app


@contextmanager
def guarded(mailer: Mailer) -> Iterator[Starlette]:
    """The site with all its routes and guards; behind them, every page says that it was reached."""
    app = create_app(mailer, inbox=True)
    # Routes are values shared by all applications: what stood behind is put back.
    guards = [one for one in map(guard_of, routes(app.routes)) if isinstance(one, Guard)]
    behind = [guard.app for guard in guards]
    for guard in guards:
        guard.app = PlainTextResponse("reached")
    try:
        yield app
    finally:
        for guard, page in zip(guards, behind, strict=True):
            guard.app = page


async def asked(app: Starlette, route: Route, **options: Any) -> httpx.Response:
    (method,) = (route.methods or {"GET"}) - {"HEAD"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=HOST) as client:
        return await client.request(method, path_of(route), **options)


async def test_whoever_is_not_signed_in_gets_no_page_for_staff(sqlite_engine: Engine) -> None:
    elsewhere = {"host": "news.example.org"}
    unguarded = set()
    with guarded(mailer_of(sqlite_engine)) as app:
        for route in routes(app.routes):
            if not isinstance(guard_of(route), Guard | MachineOrStaff):
                unguarded.add(route.path)
                continue
            answer = await asked(app, route, headers=elsewhere)
            if "GET" in (route.methods or ()):
                assert answer.status_code == 303, route.path
                assert answer.headers["location"].startswith("/sign-in"), route.path
            else:
                assert answer.status_code == 401, route.path
            script = await asked(app, route, headers=elsewhere | {"accept": "application/json"})
            assert (script.status_code, list(script.json())) == (401, ["error"]), route.path
    assert {path for path in unguarded if not path.startswith(PUBLIC)} == set()


@pytest.mark.parametrize("role", Role)
async def test_each_role_gets_what_it_may_and_nothing_else(
    sqlite_engine: Engine, role: Role
) -> None:
    mailer = mailer_of(sqlite_engine)
    me = sign_in(mailer, role=role)
    cookie = "; ".join(f"{name}={value}" for name, value in me.cookies.items())
    headers = {"x-csrf-token": me.form["csrf"], "cookie": cookie}
    with guarded(mailer) as app:
        for route in routes(app.routes):
            guard = guard_of(route)
            if isinstance(guard, Guard):
                answer = await asked(app, route, headers=headers)
                allowed = guard.may is None or guard.may in permissions(role)
                assert answer.status_code == (200 if allowed else 403), route.path
                assert ("reached" in answer.text) is allowed, route.path


def test_every_role_may_more_than_the_one_before() -> None:
    allowed = [permissions(role) for role in Role]
    assert all(less < more for less, more in pairwise(allowed))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 303),
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": HOST}, 303),
        ({"origin": "https://evil.test"}, 403),
        ({"origin": "null"}, 403),
    ],
)
async def test_a_form_counts_only_if_it_is_ours(
    sqlite_engine: Engine, headers: dict[str, str], status: int
) -> None:
    mailer = mailer_of(sqlite_engine)
    async with visiting(mailer, inbox=True) as client:
        me = sign_in(mailer, client)
        for way in ({"data": me.form}, {"headers": {"x-csrf-token": me.form["csrf"]}}):
            sent = headers | way.get("headers", {})
            answer = await client.post("/inbox/clear", data=way.get("data", {}), headers=sent)
            assert answer.status_code == status
        answer = await client.post(
            "/inbox/clear", data=me.form, files={"file": ("a.txt", b"abc")}, headers=headers
        )
        assert answer.status_code == status


@pytest.mark.parametrize("token", ["", "x", "another"])
async def test_a_form_without_the_token_of_its_session_is_refused(
    sqlite_engine: Engine, token: str
) -> None:
    mailer = mailer_of(sqlite_engine)
    async with visiting(mailer, inbox=True) as client:
        sign_in(mailer, client)
        if token == "another":
            token = sign_in(mailer, address="eve@river.test").form["csrf"]
        answer = await client.post("/inbox/clear", data={"csrf": token} if token else {})
    assert (answer.status_code, heading(answer)) == (403, "That did not come from this page")


async def test_signing_in_cannot_be_forged_either(sqlite_engine: Engine) -> None:
    async with visiting(mailer_of(sqlite_engine)) as client:
        for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.test"}):
            answer = await client.post("/sign-in", data={"address": "a@b.test"}, headers=headers)
            assert answer.status_code == 403, headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "localhost:8000"}, 200),
        ({"host": "[::1]:8000"}, 200),
        ({"host": "mailer"}, 200),
        ({"host": "news.example.org"}, 303),
        ({"x-forwarded-for": "203.0.113.7"}, 303),
    ],
)
async def test_the_built_in_inbox_is_open_to_those_at_the_machine(
    sqlite_engine: Engine, headers: dict[str, str], status: int
) -> None:
    async with visiting(mailer_of(sqlite_engine), inbox=True) as client:
        assert (await client.get("/inbox", headers=headers)).status_code == status
        forged = {"sec-fetch-site": "cross-site"} | headers
        refused = 403 if status == 200 else 401
        assert (await client.post("/inbox/clear", headers=forged)).status_code == refused


async def test_a_session_of_somebody_removed_is_none(sqlite_engine: Engine) -> None:
    mailer = mailer_of(sqlite_engine)
    async with visiting(mailer) as client:
        me = sign_in(mailer, client)
        assert (await client.get("/statistics")).status_code == 200
        sign_in(mailer, address="eve@river.test")
        with transaction(sqlite_engine) as session:
            users.remove(session, session.get_one(User, me.user.id))
        assert (await client.get("/statistics")).status_code == 303
