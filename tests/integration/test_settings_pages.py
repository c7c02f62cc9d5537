"""Settings: what is changed there is what is sent, asked for and allowed from then on."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import httpx
import pyotp
import pytest
from PIL import Image
from sqlalchemy import Engine, select

from mailer.audience import newsletters
from mailer.bootstrap import Mailer
from mailer.database.engine import reading, transaction
from mailer.database.tables import ApiKey, Newsletter, Notice, OptIn, Role, StaffSession, User
from mailer.relays import Relay
from mailer.staffing import sessions
from mailer.staffing.secret_words import hashed
from tests.support.factories import NOON, add_newsletter
from tests.support.sink import Sink, running
from tests.support.site import heading, mailer_of, page, visiting
from tests.support.staff import FIREFOX, PASSWORD, SignedIn, add_user, sign_in

pytestmark = pytest.mark.anyio

RIVER = {
    "name": "River Watch",
    "from_address": "news@river.test",
    "postal_address": "3 Ferry Lane\r\nLindholm",
    "language": "pt",
    "time_zone": "Europe/Lisbon",
    "opt_in": "single",
}


@pytest.fixture
def mailer(engine: Engine) -> Mailer:
    return mailer_of(engine)


def stored(mailer: Mailer, slug: str = "river-watch") -> Newsletter:
    with reading(mailer.engine) as session:
        return newsletters.get(session, slug)


async def post(client: httpx.AsyncClient, me: SignedIn, path: str, **fields: str) -> httpx.Response:
    return await client.post(path, data=me.form | fields)


def problem(answer: httpx.Response) -> str:
    return str(page(answer).xpath("string(//*[@role='alert'])"))


async def test_the_first_visit_leads_to_the_first_newsletter(mailer: Mailer) -> None:
    async with visiting(mailer) as client:
        me = sign_in(mailer, client)
        led = await client.get("/", follow_redirects=True)
        assert heading(led) == "Your first newsletter"
        added = await post(client, me, "/settings/newsletters/new", **RIVER)
        assert added.headers["location"] == "/"
        assert "River Watch is ready" in (await client.get("/")).text
    newsletter = stored(mailer)
    assert (newsletter.language, newsletter.opt_in) == ("pt", OptIn.SINGLE)
    assert newsletter.postal_address == "3 Ferry Lane\nLindholm"


async def test_a_newsletter_is_changed_or_nothing_is(mailer: Mailer) -> None:
    with transaction(mailer.engine) as session:
        add_newsletter(session, "river-watch")
    async with visiting(mailer) as client:
        me = sign_in(mailer, client)
        path = "/settings/newsletters/river-watch"
        for field, value, said in (
            ("from_address", "nobody", "not an address"),
            ("time_zone", "Mars/Base", "no time zone"),
            ("sending_hours", "25:00-26:00", "hours"),
            ("name", " ", "needs a name"),
        ):
            refused = await post(client, me, path, **(RIVER | {"name": "New", field: value}))
            assert refused.status_code == 400
            assert said in problem(refused), field
            assert page(refused).xpath("string(//input[@name='from_name']/@value)") == ""
            assert stored(mailer).name == "River Watch"
        assert (await post(client, me, path, **(RIVER | {"name": "New"}))).status_code == 303
        assert (stored(mailer).name, stored(mailer).needs_approval) == ("New", False)
        await post(client, me, path, **RIVER, needs_approval="yes")
        assert stored(mailer).needs_approval
        assert page(await client.get(path)).xpath("//input[@name='needs_approval']/@checked")
        assert (await client.get("/settings/newsletters/none")).status_code == 404
        taken = await post(client, me, "/settings/newsletters/new", **RIVER, slug="river-watch")
        assert "already" in problem(taken)


async def test_a_look_is_kept_as_chosen_and_shown_by_the_real_renderer(mailer: Mailer) -> None:
    with transaction(mailer.engine) as session:
        add_newsletter(session, postal_address="3 Ferry Lane")
    look = {
        "accent": "#7a1fa2",
        "accent_own": "yes",
        "urgent": "#b5380f",
        "font": "serif",
        "logo": "https://river.test/logo.png",
        "logo_width": "200",
        "link_label": "Imprint",
        "link_url": "https://river.test/imprint",
    }
    path = "/settings/newsletters/river/look"
    async with visiting(mailer) as client:
        me = sign_in(mailer, client)
        tried = await post(client, me, f"{path}/try", **look)
        assert "#7a1fa2" in tried.text
        assert "3 Ferry Lane" in tried.text
        policy = tried.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert policy.endswith("sandbox")
        assert stored(mailer, "river").look == {}, "a try keeps nothing"
        assert (await post(client, me, path, **look)).status_code == 303
        assert stored(mailer, "river").look == {
            "accent": "#7a1fa2",
            "font": "serif",
            "logo": "https://river.test/logo.png",
            "logo_width": 200,
            "footer_links": [{"label": "Imprint", "url": "https://river.test/imprint"}],
        }
        frame = await client.get(f"{path}/frame?scheme=dark")
        assert "https://river.test/logo.png" in frame.text
        wrong = await post(client, me, path, **(look | {"logo_width": "9000"}))
        assert problem(wrong).startswith("Logo width:")
        bad = await post(client, me, f"{path}/try", **(look | {"logo": "<script>"}))
        assert bad.status_code == 400
        assert "<script>" not in bad.text


@pytest.fixture
def sink() -> Iterator[Sink]:
    with running(Sink()) as server:
        yield server


async def test_a_logo_is_brought_as_a_picture(mailer: Mailer) -> None:
    with transaction(mailer.engine) as session:
        add_newsletter(session)
    picture = io.BytesIO()
    Image.new("RGB", (320, 80), "#7a1fa2").save(picture, "PNG")
    path = "/settings/newsletters/river/look"
    async with visiting(mailer) as client:
        me = sign_in(mailer, client)
        for content, status in ((picture.getvalue(), 303), (b"no picture", 400)):
            answer = await client.post(path, data=me.form, files={"logo_file": ("a.png", content)})
            assert answer.status_code == status
        logo = stored(mailer, "river").look["logo"]
        shown = await client.get(logo.removeprefix(mailer.settings.base_url))
        assert shown.headers["content-type"].startswith("image/")
        assert logo in (await client.get(f"{path}/frame")).text


async def test_a_test_mail_brings_back_the_servers_own_answer(engine: Engine, sink: Sink) -> None:
    mailer = mailer_of(
        engine, smtp_url=f"smtp://user:s3cret-word@127.0.0.1:{sink.port}?starttls=no"
    )
    relay = Relay("127.0.0.1", sink.port, starttls=False)
    object.__setattr__(mailer, "relays", (relay,))
    with transaction(engine) as session:
        add_newsletter(session)
    async with visiting(mailer) as client:
        me = sign_in(mailer, client, address="ana@river.test")
        shown = await client.get("/settings/senders")
        assert "s3cret-word" not in shown.text
        assert "_dmarc.river.test" in shown.text
        tried = await post(client, me, "/settings/senders/test")
    assert "The server took it" in page(tried).xpath("string(//*[@role='status'])")
    assert sink.counts == {"ana@river.test": 1}
    with reading(engine) as session:
        reply = session.scalars(select(Notice.reply)).one()
    assert reply in page(tried).xpath("string(//*[@role='status'])")


async def test_a_relay_that_is_away_is_said_to_be_away(sqlite_engine: Engine) -> None:
    mailer = mailer_of(sqlite_engine, smtp_url="smtp://127.0.0.1:1?starttls=no")
    object.__setattr__(mailer, "relays", (Relay("127.0.0.1", 1, starttls=False),))
    with transaction(sqlite_engine) as session:
        add_newsletter(session)
    async with visiting(mailer) as client:
        me = sign_in(mailer, client)
        tried = await post(client, me, "/settings/senders/test")
    assert "127.0.0.1:1" in problem(tried)


async def test_people_are_invited_changed_and_removed(mailer: Mailer) -> None:
    with transaction(mailer.engine) as session:
        add_newsletter(session)
    async with visiting(mailer) as client:
        me = sign_in(mailer, client)
        invited = await post(
            client, me, "/settings/people", address="ben@river.test", name="Ben", role="sender"
        )
        link = page(invited).xpath("string(//input[@id='link']/@value)")
        with reading(mailer.engine) as session:
            notice = session.scalars(select(Notice)).one()
            ben = session.scalars(select(User).where(User.address == "ben@river.test")).one()
        assert (notice.kind, notice.recipient) == ("invitation", "ben@river.test")
        again = await post(client, me, "/settings/people", address="BEN@river.test")
        assert "already" in problem(again)
        owner_cookies = dict(client.cookies)
        client.cookies.clear()
        path = link.removeprefix(mailer.settings.base_url)
        joined = await client.post(path, data={"name": "Ben O", "password": PASSWORD})
        assert joined.headers["location"] == "/"
        assert (await client.get("/settings/people")).status_code == 403
        client.cookies.clear()
        client.cookies.update(owner_cookies)
        await post(client, me, f"/settings/people/{ben.id}/role", role="viewer")
        with reading(mailer.engine) as session:
            assert session.get_one(User, ben.id).role is Role.VIEWER
        await post(client, me, f"/settings/people/{ben.id}/sign-out")
        await post(client, me, f"/settings/people/{ben.id}/remove")
        for action in ("remove", "role"):
            await post(client, me, f"/settings/people/{me.user.id}/{action}", role="viewer")
            shown = await client.get("/settings/people")
            assert "only owner" in problem(shown)
        with reading(mailer.engine) as session:
            assert [one.address for one in session.scalars(select(User))] == [me.user.address]


async def test_ones_own_language_and_zone_count_at_once(mailer: Mailer) -> None:
    async with visiting(mailer) as client:
        me = sign_in(mailer, client, role=Role.VIEWER)
        done = await post(
            client, me, "/settings/profile", name="Ana", language="en", time_zone="Asia/Tokyo"
        )
        assert done.status_code == 303
        refused = await post(client, me, "/settings/profile", name="", time_zone="Asia/Tokyo")
        assert "called" in problem(refused)
        with reading(mailer.engine) as session:
            assert session.get_one(User, me.user.id).time_zone == "Asia/Tokyo"


async def test_a_new_password_needs_the_old_one_and_ends_other_sessions(mailer: Mailer) -> None:
    async with visiting(mailer) as client:
        me = sign_in(mailer, client)
        with transaction(mailer.engine) as session:
            user = session.get_one(User, me.user.id)
            sessions.begin(session, user, FIREFOX, now=NOON)
            for one in session.scalars(select(StaffSession)):
                one.created_at = NOON.replace(hour=8)  # signed in hours ago
        path = "/settings/profile/password"
        assert "old password" in problem(
            await post(client, me, path, old="x", new="a new long one")
        )
        assert "too short" in problem(await post(client, me, path, old=PASSWORD, new="short"))
        done = await post(client, me, path, old=PASSWORD, new="a new long one")
        assert done.status_code == 303
        with reading(mailer.engine) as session:
            assert len(session.scalars(select(StaffSession)).all()) == 1
        client.cookies.clear()
        for password, status in ((PASSWORD, 403), ("a new long one", 303)):
            given = {"address": me.user.address, "password": password}
            assert (await client.post("/sign-in", data=given)).status_code == status


async def test_one_time_codes_are_switched_on_and_off(mailer: Mailer) -> None:
    async with visiting(mailer) as client:
        me = sign_in(mailer, client)
        shown = await client.get("/settings/profile/codes")
        secret = page(shown).xpath("string(//input[@name='secret']/@value)")
        assert page(shown).xpath("//svg[@class='qr']")
        wrong = await post(client, me, "/settings/profile/codes", secret=secret, code="1")
        assert "not right" in problem(wrong)
        code = pyotp.TOTP(secret).at(NOON)
        done = await post(client, me, "/settings/profile/codes", secret=secret, code=code)
        codes = page(done).xpath("//ul[@class='codes']//code/text()")
        assert len(set(codes)) == 10
        others = await post(client, me, "/settings/profile/codes/new")
        assert not set(codes) & set(page(others).xpath("//ul[@class='codes']//code/text()"))
        assert "10 recovery codes left" in (await client.get("/settings/profile")).text
        await post(client, me, "/settings/profile/codes/off")
        with reading(mailer.engine) as session:
            assert session.get_one(User, me.user.id).totp_secret is None


async def test_sessions_are_listed_and_ended_by_their_owner_only(mailer: Mailer) -> None:
    other = add_user(mailer, "eve@river.test")
    with transaction(mailer.engine) as session:
        sessions.begin(session, session.get_one(User, other.id), FIREFOX, now=NOON)
    async with visiting(mailer) as client:
        me = sign_in(mailer, client)
        with transaction(mailer.engine) as session:
            sessions.begin(session, session.get_one(User, me.user.id), FIREFOX, now=NOON)
            mine = hashed(me.token)
            everything = session.scalars(
                select(StaffSession.token_hash).order_by(StaffSession.token_hash == mine)
            ).all()
        shown = await client.get("/settings/profile")
        assert shown.text.count("Firefox, Linux") == 3  # one of them on its button
        for token_hash in everything:
            await post(client, me, "/settings/profile/sessions", session=token_hash)
        with reading(mailer.engine) as session:
            left = session.scalars(select(StaffSession)).all()
        assert [one.user_id for one in left] == [other.id]


async def test_a_key_is_shown_once_and_kept_hashed(mailer: Mailer) -> None:
    async with visiting(mailer) as client:
        me = sign_in(mailer, client)
        made = await post(client, me, "/settings/keys", name="Website", role="editor")
        secret = page(made).xpath("string(//input[@id='secret']/@value)")
        assert re.fullmatch(r"mlr_[\w-]{43}", secret)
        assert secret not in (await client.get("/settings/keys")).text
        with reading(mailer.engine) as session:
            key = session.scalars(select(ApiKey)).one()
        assert secret not in key.key_hash
        assert (await post(client, me, f"/settings/keys/{key.id}/revoke")).status_code == 303
        assert (await post(client, me, f"/settings/keys/{key.id}/revoke")).status_code == 404
