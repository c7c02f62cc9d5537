"""Whoever proves who they are gets in; whoever guesses is slowed down and learns nothing."""

from __future__ import annotations

import re
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import httpx
import pyotp
import pytest
from sqlalchemy import Engine, func, select

from mailer.bootstrap import Mailer
from mailer.database.engine import reading, transaction
from mailer.database.tables import LinkPurpose, Notice, RecoveryCode, Role, StaffSession, User
from mailer.errors import InvalidInput, InvalidToken
from mailer.staffing import links, second_factor, sessions, signing_in
from mailer.staffing.attempts import TooManyAttempts
from mailer.staffing.signing_in import NewAccount, WrongPassword
from tests.support.factories import NOON, add_newsletter
from tests.support.site import heading, mailer_of, page, visiting
from tests.support.staff import FIREFOX, PASSWORD, add_user, sign_in

pytestmark = pytest.mark.anyio


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def mailer(engine: Engine, clock: Clock) -> Mailer:
    return mailer_of(engine, clock=clock)


async def give(
    client: httpx.AsyncClient, password: str, address: str = "ana@river.test"
) -> httpx.Response:
    return await client.post("/sign-in", data={"address": address, "password": password})


async def test_the_first_visit_makes_the_owner_and_then_no_other(mailer: Mailer) -> None:
    with transaction(mailer.engine) as session:
        first, second = (links.make_welcome(session, now=NOON) for _ in range(2))
    me = {
        "name": "Ana",
        "address": "Ana@River.test",
        "password": PASSWORD,
        "time_zone": "Europe/Lisbon",
    }
    async with visiting(mailer) as client:
        assert heading(await client.get(f"/welcome/{first}")) == "Welcome"
        weak = await client.post(f"/welcome/{first}", data=me | {"password": "short"})
        assert "10 characters" in weak.text
        assert "Ana@River.test" in weak.text, "what was written is still there"
        done = await client.post(f"/welcome/{first}", data=me)
        assert (done.status_code, done.headers["location"]) == (303, "/")
        assert (await client.get("/settings/profile")).status_code == 200
        for token in (first, second, "invented"):
            assert (await client.get(f"/welcome/{token}")).status_code == 404
            assert (await client.post(f"/welcome/{token}", data=me)).status_code == 404
    with reading(mailer.engine) as session:
        user = session.scalars(select(User)).one()
    assert (user.role, user.time_zone) == (Role.OWNER, "Europe/Lisbon")
    assert user.password_hash is not None
    assert user.password_hash.startswith("$argon2id$")


async def test_a_password_signs_in_and_the_cookie_is_well_guarded(mailer: Mailer) -> None:
    add_user(mailer)
    async with visiting(mailer) as client:
        asked = await client.get("/inbox", headers={"host": "news.river.test.example"})
        assert asked.headers["location"] == "/sign-in?next=%2Finbox"
        done = await client.post(
            "/sign-in",
            data={"address": "ANA@river.test ", "password": PASSWORD, "next": "/inbox?q=a"},
        )
        assert done.headers["location"] == "/inbox?q=a"
        cookie = done.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
        with reading(mailer.engine) as session:
            stored = session.scalars(select(StaffSession)).one()
        token = client.cookies["mailer_session"]
        assert token not in stored.token_hash, "the database alone signs nobody in"
        assert stored.network == "127.0.0.0/24"
        assert (await client.get("/sign-in")).headers["location"] == "/"


async def test_signing_in_leads_to_our_own_pages_only(sqlite_engine: Engine) -> None:
    mailer = mailer_of(sqlite_engine)
    add_user(mailer)
    for target in (
        *("https://evil.test", "//evil.test", "/\\evil.test"),
        *("javascript:x", "evil", "/a\\b"),
    ):
        async with visiting(mailer) as client:
            given = {"address": "ana@river.test", "password": PASSWORD, "next": target}
            done = await client.post("/sign-in", data=given)
        assert done.headers["location"] == "/", target


@pytest.mark.parametrize(
    ("base_url", "name", "path"),
    [
        ("https://news.test", "__Host-mailer_session", "/"),
        ("https://river.test/news", "__Secure-mailer_session", "/news"),
        ("http://127.0.0.1:8000/news", "mailer_session", "/news"),
    ],
)
async def test_cookies_are_bound_to_the_host_and_path_and_to_https(
    sqlite_engine: Engine, base_url: str, name: str, path: str
) -> None:
    mailer = mailer_of(sqlite_engine, base_url=base_url)
    add_user(mailer)
    async with visiting(mailer) as client:
        done = await give(client, PASSWORD)
        attributes = set(done.headers["set-cookie"].split("; "))
        assert done.headers["set-cookie"].startswith(f"{name}=")
        assert f"Path={path}" in attributes
        assert ("Secure" in attributes) == base_url.startswith("https")
        cookie = done.headers["set-cookie"].partition(";")[0]
        client.cookies.clear()
        assert (
            await client.get("/settings/profile", headers={"cookie": cookie})
        ).status_code == 200


async def test_guessing_is_slowed_down_and_says_nothing_about_accounts(
    mailer: Mailer, clock: Clock
) -> None:
    add_user(mailer)
    async with visiting(mailer) as client:
        for address in ("ana@river.test", "nobody@river.test"):
            answers = [await give(client, "wrong", address) for _ in range(7)]
            assert [one.status_code for one in answers] == [403] * 6 + [429], address
            said = {page(one).xpath("string(//*[@role='alert'])") for one in answers[:6]}
            assert said == {"The address or the password is not right."}
        assert (await give(client, PASSWORD)).status_code == 429, "the right one has to wait, too"
        clock.now += timedelta(seconds=3)
        assert (await give(client, PASSWORD)).status_code == 303
        assert (await give(client, "wrong")).status_code == 403, "counted anew"


@pytest.mark.slow
async def test_one_network_cannot_try_all_accounts(mailer: Mailer) -> None:
    elsewhere = {"x-forwarded-for": "198.51.100.1, 203.0.113.9"}
    async with visiting(mailer) as client:
        statuses = [
            (
                await client.post(
                    "/sign-in",
                    data={"address": f"a{number}@river.test", "password": "wrong"},
                    headers=elsewhere,
                )
            ).status_code
            for number in range(32)
        ]
        assert statuses == [403] * 31 + [429]
        assert (await give(client, "wrong", "b@river.test")).status_code == 403, "others may"


async def test_a_mailed_link_signs_in_once_by_a_button(mailer: Mailer, clock: Clock) -> None:
    add_user(mailer)
    with transaction(mailer.engine) as session:
        add_newsletter(session)
    async with visiting(mailer) as client:
        answers = [
            await client.post("/sign-in/link", data={"address": address})
            for address in ("nobody@river.test", "ana@river.test")
        ]
        assert [heading(one) for one in answers] == ["Look into your inbox"] * 2
        with reading(mailer.engine) as session:
            notice = session.scalars(select(Notice)).one()
        assert (notice.recipient, notice.kind) == ("ana@river.test", "sign-in")
        text = (notice.message or b"").decode().replace("=\r\n", "")
        found = re.search(r"/sign-in/[\w-]{43}", text)
        assert found
        for _ in range(2):
            assert (await client.get(found[0])).status_code == 200, "scanners use nothing up"
        done = await client.post(found[0])
        assert done.headers["location"] == "/"
        assert (await client.get("/settings/profile")).status_code == 200
        client.cookies.clear()
        assert (await client.post(found[0])).status_code == 404
        with transaction(mailer.engine) as session:
            late = links.make(
                session, LinkPurpose.SIGN_IN, session.scalars(select(User)).one(), now=NOON
            )
        clock.now += timedelta(minutes=31)
        assert (await client.post(f"/sign-in/{late}")).status_code == 404


async def test_one_time_codes_are_asked_for_and_none_works_twice(
    mailer: Mailer, clock: Clock
) -> None:
    user, secret = add_user(mailer), second_factor.new_secret()

    def code() -> str:
        return pyotp.TOTP(secret).at(clock.now)

    with transaction(mailer.engine) as session:
        kept = session.get_one(User, user.id)
        with pytest.raises(InvalidInput, match="not right"):
            second_factor.turn_on(session, mailer.sealer, kept, secret, "000000", now=NOON)
        recovery = second_factor.turn_on(session, mailer.sealer, kept, secret, code(), now=NOON)
        assert secret.encode() not in (kept.totp_secret or b"")
    clock.now += timedelta(minutes=1)
    async with visiting(mailer) as client:
        for right, again in ((code(), code()), (recovery[0].upper(), recovery[0])):
            for given, status in ((right, 303), (again, 403)):
                asked = await give(client, PASSWORD)
                assert heading(asked) == "One-time code"
                assert "mailer_session" not in client.cookies
                step = page(asked).xpath("string(//input[@name='step']/@value)")
                done = await client.post("/sign-in/code", data={"step": step, "code": given})
                assert done.status_code == status, given
                client.cookies.clear()
        assert (
            await client.post("/sign-in/code", data={"step": "invented", "code": code()})
        ).status_code == 403
    with reading(mailer.engine) as session:
        assert session.scalar(select(func.count()).select_from(RecoveryCode)) == 9


async def test_codes_are_not_guessed_in_a_hurry(mailer: Mailer, clock: Clock) -> None:
    user, secret = add_user(mailer), second_factor.new_secret()
    with transaction(mailer.engine) as session:
        now = pyotp.TOTP(secret).at(NOON)
        second_factor.turn_on(
            session, mailer.sealer, session.get_one(User, user.id), secret, now, now=NOON
        )
    async with visiting(mailer) as client:
        statuses = []
        for _ in range(8):
            asked = await give(client, PASSWORD)
            step = page(asked).xpath("string(//input[@name='step']/@value)")
            given = await client.post("/sign-in/code", data={"step": step, "code": "000000"})
            statuses.append((asked.status_code, given.status_code))
    assert statuses[:3] == [(200, 403)] * 3
    assert statuses[3][0] == 429 or statuses[3][1] == 429, "the right password resets nothing"
    assert statuses[-1][0] == 429


async def test_sessions_end_by_themselves_and_when_asked_to(mailer: Mailer, clock: Clock) -> None:
    async with visiting(mailer) as client:
        me = sign_in(mailer, client)
        with transaction(mailer.engine) as session:
            sessions.begin(session, session.get_one(User, me.user.id), FIREFOX, now=NOON)
        for _ in range(10):  # used every nine days: it lasts, but not for ever
            clock.now += timedelta(days=9)
            last = await client.get("/settings/profile")
        assert last.status_code == 303
        client.cookies.clear()
        other = sign_in(mailer, client, address="b@river.test")
        assert (await client.get("/settings/profile")).status_code == 200
        assert (await client.post("/sign-out", data=other.form)).status_code == 303
        client.cookies.update(other.cookies)
        assert (await client.get("/settings/profile")).status_code == 303, (
            "the cookie alone is worth nothing"
        )


def test_of_two_who_come_first_at_once_one_is_owner(mailer: Mailer) -> None:
    with transaction(mailer.engine) as session:
        tokens = [links.make_welcome(session, now=NOON) for _ in range(4)]
    start = threading.Barrier(len(tokens))

    def come(number: int) -> bool:
        account = NewAccount(f"Person {number}", f"p{number}@river.test", PASSWORD)
        start.wait()
        try:
            signing_in.join(mailer.engine, tokens[number], account, FIREFOX, now=NOON)
        except InvalidToken:
            return False
        return True

    with ThreadPoolExecutor(len(tokens)) as pool:
        came = list(pool.map(come, range(len(tokens))))
    with reading(mailer.engine) as session:
        assert session.scalar(select(func.count()).select_from(User)) == 1
    assert came.count(True) == 1


def test_tries_at_the_same_time_cannot_slip_through(mailer: Mailer) -> None:
    add_user(mailer)
    start = threading.Barrier(12)

    def guess(number: int) -> str:
        start.wait()
        try:
            signing_in.by_password(
                mailer.engine, "ana@river.test", f"guess {number}", FIREFOX, now=NOON
            )
        except (WrongPassword, TooManyAttempts) as error:
            return type(error).__name__
        return "in"

    with ThreadPoolExecutor(12) as pool:
        outcomes = Counter(pool.map(guess, range(12)))
    assert outcomes == {"WrongPassword": 6, "TooManyAttempts": 6}
