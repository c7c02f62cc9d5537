"""Staff suppress addresses, domains and whole lists in the browser, and take them back."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import Engine, select

from mailer.audience import suppressions
from mailer.bootstrap import Mailer
from mailer.database.engine import reading, transaction
from mailer.database.tables import Role, Suppression
from mailer.keeping.erasing import erase
from tests.support.factories import NOON, add_newsletter, add_subscriber
from tests.support.site import mailer_of, page, visiting
from tests.support.staff import SignedIn, sign_in

pytestmark = pytest.mark.anyio

HERE = "/subscribers/suppressions"
LIST = "Email,Reason\nx1@gone.test,bounced\nnonsense,\nx1@gone.test,\nx2@gone.test,\n"


@pytest.fixture
def mailer(engine: Engine) -> Mailer:
    """Ann was erased; Ben complained; nobody at barred.test is mailed."""
    made = mailer_of(engine)
    with transaction(engine) as session:
        add_subscriber(session, "ann@readers.test", newsletter=add_newsletter(session))
        erase(session, "ann@readers.test", made.signer, source="test", now=NOON)
        for target in ("ben@readers.test", "@barred.test"):
            suppressions.add(session, target, reason="complained", source="test", now=NOON)
    return made


def known(mailer: Mailer) -> dict[str, str]:
    with reading(mailer.engine) as session:
        return {
            one.target: f"{one.reason}, {one.source}"
            for one in session.scalars(select(Suppression))
            if not one.target.startswith("#")
        }


async def shown(client: httpx.AsyncClient, query: str = "") -> str:
    return str(page(await client.get(HERE + query)).xpath("string(//main)"))


async def bring(
    client: httpx.AsyncClient, who: SignedIn, name: str, content: str
) -> httpx.Response:
    files = {"file": (name, content.encode(), "text/csv")}
    return await client.post(f"{HERE}/import", data=who.form, files=files)


async def test_they_are_found_by_kind_by_words_and_an_erased_one_by_the_whole_address(
    mailer: Mailer,
) -> None:
    async with visiting(mailer) as client:
        sign_in(mailer, client, role=Role.EDITOR)
        everything = await shown(client)
        domains = await shown(client, "?kind=domain")
        found = await shown(client, "?q=BEN%40")
        erased = page(await client.get(f"{HERE}?q=Ann%40Readers.test"))
        nothing = await shown(client, "?q=%25")

    assert "ben@readers.test" in everything
    assert "An address that was erased or given up" in everything
    assert "ann@readers.test" not in everything
    assert "@barred.test" in domains
    assert "ben@" not in domains
    assert "ben@readers.test" in found
    assert "@barred.test" not in found
    assert erased.xpath("//input[@type='hidden'][@name='target']/@value") == ["Ann@Readers.test"]
    assert "Nothing found" in nothing


async def test_an_address_and_a_domain_are_suppressed_with_who_did_it_and_taken_back(
    mailer: Mailer,
) -> None:
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        for target in ("Cem@Readers.test", "Bücher.example"):
            await client.post(HERE, data=who.form | {"target": target, "reason": "by phone"})
        wrong = await client.post(HERE, data=who.form | {"target": "no such <thing>"})
        for target in ("ben@readers.test", "ann@readers.test"):
            await client.post(f"{HERE}/remove", data=who.form | {"target": target})

    assert wrong.status_code == 422
    assert page(wrong).xpath("//input[@name='target']/@value")[0] == "no such <thing>"
    assert known(mailer) == {
        "@barred.test": "complained, test",
        "@xn--bcher-kva.example": "by phone, staff: editor@river.test",
        "cem@readers.test": "by phone, staff: editor@river.test",
    }
    with reading(mailer.engine) as session:
        assert suppressions.find(session, "ann@readers.test", mailer.signer) is None


async def test_a_list_is_taken_in_and_every_row_is_accounted_for(mailer: Mailer) -> None:
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        answer = await bring(client, who, "../by phone.csv", LIST)
        none = await client.post(f"{HERE}/import", data=who.form)
        unreadable = await bring(client, who, "other.csv", "First,Last\nAnn,Brook\n")

    counts = page(answer).xpath("//dl[@class='counts']//dd/text()")
    assert counts == ["2", "1", "1"]
    assert "Line 3: 'nonsense'" in page(answer).text_content()
    assert known(mailer)["x1@gone.test"] == "bounced, import of by phone.csv"
    assert known(mailer)["x2@gone.test"] == "imported, import of by phone.csv"
    assert (none.status_code, unreadable.status_code) == (422, 422)
    assert "no column of addresses" in page(unreadable).text_content()


async def test_what_is_exported_is_read_back_elsewhere_erased_people_too(mailer: Mailer) -> None:
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        exported = await client.get(f"{HERE}.csv")
        with transaction(mailer.engine) as session:
            for one in session.scalars(select(Suppression)):
                session.delete(one)
        answer = await bring(client, who, "suppressions.csv", exported.text)

    assert page(answer).xpath("//dl[@class='counts']//dd/text()") == ["3", "0"]
    with reading(mailer.engine) as session:
        assert suppressions.find(session, "ann@readers.test", mailer.signer) is not None


async def test_long_lists_go_on_over_pages(mailer: Mailer) -> None:
    with transaction(mailer.engine) as session:
        for n in range(60):
            suppressions.add(session, f"r{n:02}@many.test", reason="x", source="y", now=NOON)
    async with visiting(mailer) as client:
        sign_in(mailer, client, role=Role.EDITOR)
        first = page(await client.get(f"{HERE}?q=many.test"))
        query = first.xpath("//nav[@class='pages']//a/@href")[0]
        second = page(await client.get(query))

    listed = [
        one.text_content()
        for shown in (first, second)
        for one in shown.xpath("//b[contains(@class, 'address')]")
    ]
    assert [one.replace("\u200b", "") for one in listed] == [
        f"r{n:02}@many.test" for n in range(60)
    ]


async def test_viewers_see_and_change_nothing(mailer: Mailer) -> None:
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.VIEWER)
        for path in (HERE, f"{HERE}.csv"):
            assert (await client.get(path)).status_code == 403
        for path in (HERE, f"{HERE}/remove", f"{HERE}/import"):
            answer = await client.post(path, data=who.form | {"target": "ben@readers.test"})
            assert answer.status_code == 403
    assert "ben@readers.test" in known(mailer)
