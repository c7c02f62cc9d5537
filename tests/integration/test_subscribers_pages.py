"""Pages of subscribers: staff find, add, change, release and erase people, and nobody else does."""

from __future__ import annotations

import json

import httpx
import pytest
from sqlalchemy import Engine, select

from mailer.audience import suppressions
from mailer.bootstrap import Mailer
from mailer.database.engine import reading, transaction
from mailer.database.tables import Consent, ConsentChange, Role, Subscription
from tests.support.factories import NOON, add_newsletter, add_subscriber
from tests.support.site import mailer_of, page, visiting
from tests.support.staff import SignedIn, sign_in

pytestmark = pytest.mark.anyio


@pytest.fixture
def mailer(engine: Engine) -> Mailer:
    return mailer_of(engine)


@pytest.fixture
def ann(mailer: Mailer) -> int:
    with transaction(mailer.engine) as session:
        newsletter = add_newsletter(session)
        return add_subscriber(session, newsletter=newsletter, name="Ann <b>Brook</b>").id


async def post(
    client: httpx.AsyncClient, who: SignedIn, path: str, **fields: str
) -> httpx.Response:
    return await client.post(path, data=who.form | fields)


def state_of(mailer: Mailer, number: int) -> Consent | None:
    with reading(mailer.engine) as session:
        return session.scalar(
            select(Subscription.state).where(Subscription.subscriber_id == number)
        )


async def test_somebody_who_asked_is_added_and_the_record_says_by_whom(mailer: Mailer) -> None:
    with transaction(mailer.engine) as session:
        add_newsletter(session)
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        added = await post(
            client, who, "/subscribers",
            address="Ben@Readers.test", name="Ben", newsletter="river", asked="yes",
        )  # fmt: skip
        shown = page(await client.get(added.headers["location"]))

    assert added.status_code == 303
    assert shown.xpath("string(//h1)") == "Ben"
    with reading(mailer.engine) as session:
        change = session.scalars(select(ConsentChange)).one()
    assert (change.state, change.source) == (Consent.CONFIRMED, "staff: editor@river.test")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"address": "ben@readers.test"}, "asked to be added"),
        ({"address": "no address", "asked": "yes"}, "no address"),
        ({"address": "bad@barred.test", "asked": "yes"}, "suppressed since"),
    ],
)
async def test_what_cannot_be_added_is_said_and_what_was_written_stays(
    mailer: Mailer, ann: int, fields: dict[str, str], words: str
) -> None:
    with transaction(mailer.engine) as session:
        suppressions.add(session, "@barred.test", reason="bounced", source="test", now=NOON)
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        answer = await post(client, who, "/subscribers", newsletter="river", **fields)

    shown = page(answer)
    assert answer.status_code == 422
    assert words in shown.xpath("string(//*[@role='alert'])")
    assert shown.xpath("//input[@name='address']/@value") == [fields["address"]]


async def test_a_person_is_unsubscribed_suppressed_and_released(mailer: Mailer, ann: int) -> None:
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        path = f"/subscribers/{ann}"
        shown = page(await client.get(path))
        number = shown.xpath("//input[@name='newsletter']/@value")[0]
        await post(client, who, f"{path}/unsubscribe", newsletter=number)
        assert state_of(mailer, ann) is Consent.UNSUBSCRIBED
        await post(client, who, f"{path}/suppress", reason="asked by phone")
        assert "asked by phone" in (await client.get(path)).text
        await post(client, who, f"{path}/lift")
        history = page(await client.get(path)).xpath("string(//table[contains(., 'Confirmed')])")
        assert "Suppression lifted" in history
        assert (await client.get(path)).text.count("asked by phone") == 2, "in its two records only"

    assert "<b>Brook</b>" not in shown.text_content().replace("Ann <b>Brook</b>", "")


async def test_everything_of_a_person_is_downloaded_and_erased(mailer: Mailer, ann: int) -> None:
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        path = f"/subscribers/{ann}"
        known = json.loads((await client.get(f"{path}/everything.json")).text)
        unsure = await post(client, who, f"{path}/erase")
        assert state_of(mailer, ann) is Consent.CONFIRMED
        await post(client, who, f"{path}/erase", sure="yes")
        gone = await client.get(path)

    assert known["subscriber"]["address"] == "ann@readers.test"
    assert unsure.status_code == 422
    assert gone.status_code == 404
    assert state_of(mailer, ann) is None


async def test_a_list_comes_as_csv_and_as_json_lines(mailer: Mailer, ann: int) -> None:
    async with visiting(mailer) as client:
        sign_in(mailer, client, role=Role.EDITOR)
        as_csv = await client.get("/subscribers/export.csv?newsletter=river")
        lines = await client.get("/subscribers/export.jsonl?newsletter=river&state=confirmed")
        nobody = await client.get("/subscribers/export.jsonl?newsletter=river&state=pending")
        unknown = await client.get("/subscribers/export.csv?newsletter=nothing")

    assert "ann@readers.test" in as_csv.text
    assert "ann@readers.test" in json.loads(lines.text.splitlines()[0]).values()
    assert nobody.text == ""
    assert unknown.status_code == 404


async def test_who_unsubscribed_somebody_is_on_record(mailer: Mailer, ann: int) -> None:
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        path = f"/subscribers/{ann}"
        number = page(await client.get(path)).xpath("//input[@name='newsletter']/@value")[0]
        await post(client, who, f"{path}/unsubscribe", newsletter="9" * 40)
        assert state_of(mailer, ann) is Consent.CONFIRMED
        await post(client, who, f"{path}/unsubscribe", newsletter=number)

    with reading(mailer.engine) as session:
        last = session.scalars(select(ConsentChange).order_by(ConsentChange.id.desc())).first()
    assert last is not None
    assert (last.source, last.evidence) == ("editor", {"by": "staff: editor@river.test"})


async def test_an_address_of_a_suppressed_domain_is_not_said_to_be_released(
    mailer: Mailer, ann: int
) -> None:
    with transaction(mailer.engine) as session:
        for target in ("@readers.test", "ann@readers.test"):
            suppressions.add(session, target, reason="asked", source="test", now=NOON)
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        await post(client, who, f"/subscribers/{ann}/lift")
        shown = page(await client.get(f"/subscribers/{ann}"))

    assert "Its whole domain is suppressed still." in shown.text_content()
    assert not shown.xpath("//form[contains(@action, '/lift')]")


async def test_viewers_see_nobody(mailer: Mailer, ann: int) -> None:
    async with visiting(mailer) as client:
        sign_in(mailer, client, role=Role.VIEWER)
        for path in ("/subscribers", f"/subscribers/{ann}", "/subscribers/export.csv"):
            assert (await client.get(path)).status_code == 403
