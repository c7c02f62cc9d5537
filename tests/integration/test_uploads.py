"""Lists brought by the browser are tried first, imported when a person says so, and lost never."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import Engine, select

from mailer.audience import uploading, uploads
from mailer.bootstrap import Mailer
from mailer.database.engine import reading, transaction
from mailer.database.tables import (
    Consent,
    Role,
    Subscriber,
    Subscription,
    Upload,
    UploadedFile,
    UploadState,
)
from tests.support.factories import NOON, add_newsletter, add_subscriber
from tests.support.site import mailer_of, noon, page, visiting
from tests.support.staff import SignedIn, sign_in

pytestmark = pytest.mark.anyio
LIST = b"Kontakt,Ort,Status\nben@readers.test,Lindholm,gold\nann@readers.test,Harrow,active\nnobody,,active\n"


@pytest.fixture
def mailer(engine: Engine) -> Mailer:
    """Ann has left the river's newsletter."""
    with transaction(engine) as session:
        river = add_newsletter(session)
        add_subscriber(session, newsletter=river, state=Consent.UNSUBSCRIBED)
    return mailer_of(engine)


def work(mailer: Mailer) -> int:
    return uploading.work(mailer.engine, mailer.signer, noon)


def add(mailer: Mailer, data: bytes = LIST) -> int:
    with transaction(mailer.engine) as session:
        return uploads.add(session, 1, [("list.csv", data)], by="ana@river.test", now=NOON).id


def get(mailer: Mailer, number: int) -> Upload:
    with reading(mailer.engine) as session:
        return uploads.get(session, number)


def readers(mailer: Mailer) -> dict[str, Consent]:
    with reading(mailer.engine) as session:
        rows = session.execute(
            select(Subscriber.address, Subscription.state).join(
                Subscription, Subscription.subscriber_id == Subscriber.id
            )
        )
        return {row.address: row.state for row in rows}


async def bring(client: httpx.AsyncClient, who: SignedIn, data: bytes, name: str) -> httpx.Response:
    return await client.post(
        "/subscribers/import",
        data=who.form | {"newsletter": "river"},
        files={"files": (name, data, "text/csv")},
    )


def test_an_upload_is_tried_and_nothing_is_written(mailer: Mailer) -> None:
    number = add(mailer)

    assert work(mailer) == 1

    upload = get(mailer, number)
    assert upload.state is UploadState.TRIED
    assert upload.report["counts"] == {"kept unsubscribed": 1, "invalid": 2}
    assert readers(mailer) == {"ann@readers.test": Consent.UNSUBSCRIBED}


def test_it_is_imported_once_a_person_says_so_with_every_row_accounted_for(mailer: Mailer) -> None:
    number = add(mailer)
    with transaction(mailer.engine) as session:
        uploads.wait(session, number, UploadState.TO_IMPORT, {"statuses": {"gold": "confirmed"}})

    assert work(mailer) == 1

    upload = get(mailer, number)
    assert upload.state is UploadState.IMPORTED
    assert upload.report["counts"] == {"added": 1, "kept unsubscribed": 1, "invalid": 1}
    assert readers(mailer)["ben@readers.test"] is Consent.CONFIRMED
    with reading(mailer.engine) as session:
        kept = uploads.verdicts(session, number)
        assert kept is not None
        assert len(kept.splitlines()) == 4
        assert not uploads.any_waiting(session, NOON)
    with transaction(mailer.engine) as session:
        assert not uploads.wait(session, number, UploadState.TO_IMPORT)


def test_what_a_killed_scheduler_left_goes_on_when_its_lease_ends(mailer: Mailer) -> None:
    number = add(mailer)
    with transaction(mailer.engine) as session:
        assert uploads.claim(session, NOON) is not None
        assert uploads.claim(session, NOON) is None
    assert work(mailer) == 0
    later = NOON + uploads.LEASE + timedelta(seconds=1)

    assert uploading.work(mailer.engine, mailer.signer, lambda: later) == 1
    assert get(mailer, number).state is UploadState.TRIED


def test_a_result_for_options_that_were_changed_meanwhile_is_dropped(mailer: Mailer) -> None:
    number = add(mailer)
    with transaction(mailer.engine) as session:
        claimed = uploads.claim(session, NOON)
        assert claimed is not None
        uploads.wait(session, number, UploadState.TO_TRY, {"state": "pending"})
        assert not uploads.finish(session, claimed, UploadState.TRIED, now=NOON, report={})
        assert not session.scalars(select(UploadedFile).where(UploadedFile.position < 0)).all()


def test_what_is_no_list_says_what_to_do(mailer: Mailer) -> None:
    number = add(mailer, b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")

    work(mailer)

    upload = get(mailer, number)
    assert upload.state is UploadState.FAILED
    assert "list.csv" in upload.problem


def test_files_are_removed_after_their_time_but_not_while_they_wait(mailer: Mailer) -> None:
    done, waiting = add(mailer), None
    work(mailer)
    waiting = add(mailer)

    with transaction(mailer.engine) as session:
        assert uploads.remove_files(session, NOON) == 0
        assert uploads.remove_files(session, NOON + timedelta(days=8)) == 1
        assert uploads.files(session, done) == []
        assert len(uploads.files(session, waiting)) == 1


async def test_a_list_is_brought_looked_at_changed_and_imported_on_the_page(mailer: Mailer) -> None:
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        path = (await bring(client, who, LIST, "../list.csv")).headers["location"]
        waiting = page(await client.get(path))
        work(mailer)
        tried = page(await client.get(path))
        fields = who.form | {
            str(one.get("name")): str((one.xpath("option[@selected]/@value") or [""])[0])
            for one in tried.xpath("//select")
        }
        changed = fields | {
            "word": "gold",
            "meaning": "confirmed",
            "column-0-2": "field",
            "column-0-2-field": "town",
        }
        await client.post(path, data=changed | {"do": "try"})
        work(mailer)
        again = page(await client.get(path))
        await client.post(path, data=changed | {"do": "import"})
        work(mailer)
        done = page(await client.get(path))
        verdicts = await client.get(f"{path}/verdicts.csv")

    assert waiting.xpath("//progress")
    assert "gold" in tried.text_content()
    assert readers(mailer)["ben@readers.test"] is Consent.CONFIRMED
    assert "Import 3 rows" in again.text_content()
    assert "Imported into River Watch" in done.text_content()
    assert "nobody" in verdicts.text
    with reading(mailer.engine) as session:
        ben = session.scalars(
            select(Subscriber).where(Subscriber.address == "ben@readers.test")
        ).one()
    assert ben.fields["town"] == "Lindholm"


async def test_a_file_that_is_no_list_is_refused_at_once_and_not_kept(mailer: Mailer) -> None:
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        answer = await bring(client, who, b"just words\nand more words\n", "notes.txt")

    assert answer.status_code == 422
    assert "notes.txt" in page(answer).xpath("string(//*[@role='alert'])")
    with reading(mailer.engine) as session:
        assert session.scalars(select(Upload)).all() == []


async def test_the_column_of_addresses_can_be_named_on_the_page(mailer: Mailer) -> None:
    data = b"Wer,Kontakt\nAnn,per Post\nBen,per Post\nCem,cem@readers.test\nDi,per Post\n"
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        path = (await bring(client, who, data, "list.csv")).headers["location"]
        asked = page(await client.get(path))
        still = await client.post(path, data=who.form | {"do": "try"})
        named = who.form | {"column-0-2": "address"}
        await client.post(path, data=named | {"do": "try"})
        work(mailer)
        await client.post(path, data=named | {"do": "import"})
        work(mailer)

    assert "No column of addresses" in asked.xpath("string(//*[@role='alert'])")
    assert asked.xpath("//select[@name='column-0-2']/option[@value='address']")
    assert still.status_code == 422
    assert "No column of addresses" in page(still).xpath("string(//*[@role='alert'])")
    assert readers(mailer)["cem@readers.test"] is Consent.CONFIRMED


async def test_the_encoding_can_be_named_on_the_page(mailer: Mailer) -> None:
    data = "email,name\nben@readers.test,Иван\n".encode("iso8859-5")
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        path = (await bring(client, who, data, "list.csv")).headers["location"]
        work(mailer)
        choices = page(await client.get(path)).xpath("//select[@name='encoding']/option/@value")
        await client.post(path, data=who.form | {"do": "try", "encoding": "koi8_u"})
        work(mailer)
        shown = page(await client.get(path))

    assert "cp1251" in choices
    assert shown.xpath("//select[@name='encoding']/option[@selected]/@value") == ["koi8_u"]


async def test_viewers_bring_nothing(mailer: Mailer) -> None:
    number = add(mailer)
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.VIEWER)
        assert (await bring(client, who, LIST, "list.csv")).status_code == 403
        assert (await client.get(f"/subscribers/import/{number}")).status_code == 403


async def test_a_column_that_may_tell_who_left_is_asked_about_however_far_below(
    mailer: Mailer,
) -> None:
    lines = [f"r{n}@readers.test,{'new' if n % 2 else 'old'}" for n in range(1200)]
    data = "\n".join(["email,Zustand", *lines, "ben@readers.test,abgemeldet"]).encode()
    chosen = "//select[@name='column-0-2']/option[@selected]/@value"
    async with visiting(mailer) as client:
        who = sign_in(mailer, client, role=Role.EDITOR)
        path = (await bring(client, who, data, "list.csv")).headers["location"]
        work(mailer)
        asked = page(await client.get(path))
        await client.post(path, data=who.form | {"do": "try", "column-0-2": ""})
        work(mailer)
        still = page(await client.get(path))
        await client.post(path, data=who.form | {"do": "try", "column-0-2": "field"})
        work(mailer)
        told = page(await client.get(path))

    assert asked.xpath(chosen) == still.xpath(chosen) == [""]
    assert "may say who wants no mail" in asked.text_content()
    assert told.xpath(chosen) == ["field"]
    assert get(mailer, 1).report["counts"] == {"added": 1201}
