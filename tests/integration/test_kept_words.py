"""What the database says to people, pages say in the language of whoever reads them."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from mailer.audience import uploading, uploads
from mailer.bootstrap import Mailer
from mailer.composing.importing.reading import read_issue
from mailer.database.engine import reading, transaction
from mailer.database.tables import Issue, IssueState
from mailer.delivering import lifecycle
from mailer.sentences import Sentence
from mailer.web.languages import Speech, speaking, spoken
from mailer.web.reasons import reason_said
from tests.support.factories import NOON, add_issue, add_newsletter
from tests.support.site import mailer_of, noon, page, visiting
from tests.support.staff import sign_in

pytestmark = pytest.mark.anyio
LIST = b"Kontakt,Ort,Status\nben@readers.test,Lindholm,gold\nnobody,,active\n\t\t,x,active\n"


@pytest.fixture
def mailer(engine: Engine) -> Mailer:
    return mailer_of(engine)


def sending(mailer: Mailer) -> int:
    with transaction(mailer.engine) as session:
        newsletter = add_newsletter(session)
        return add_issue(session, newsletter, state=IssueState.SENDING, started_at=NOON).id


async def test_why_an_issue_was_stopped_is_said_in_the_readers_language(mailer: Mailer) -> None:
    issue_id = sending(mailer)
    with transaction(mailer.engine) as session:
        lifecycle.stop(session, issue_id, lifecycle.BY_HAND)
    for language, words in (
        ("en", "paused by hand"),
        ("fa", "دستی متوقف شد"),
        ("ja", "手動で一時停止しました"),
    ):
        async with visiting(mailer) as client:
            sign_in(mailer, client, address=f"{language}@river.test", language=language)
            shown = page(await client.get(f"/issues/{issue_id}/review"))
        assert words in shown.text_content()
    with reading(mailer.engine) as session:
        assert session.get_one(Issue, issue_id).state_reason == "paused by hand"


async def test_a_reason_of_an_older_version_stays_readable(mailer: Mailer) -> None:
    issue_id = sending(mailer)
    with transaction(mailer.engine) as session:
        session.execute(text("UPDATE issues SET state_reason = 'Stopped: 7 of 9 refused.'"))
        session.execute(text("UPDATE issues SET state = 'paused'"))
    async with visiting(mailer) as client:
        sign_in(mailer, client, language="fa")
        shown = page(await client.get(f"/issues/{issue_id}/review"))
    assert "Stopped: 7 of 9 refused." in shown.text_content()


def test_a_reason_too_long_to_be_kept_whole_is_kept_in_english(mailer: Mailer) -> None:
    issue_id = sending(mailer)
    long = Sentence("The relay said {words}.", words="x" * 2_000)
    with transaction(mailer.engine) as session:
        lifecycle.stop(session, issue_id, long)
    with reading(mailer.engine) as session:
        assert session.get_one(Issue, issue_id).state_reason == str(long)[:1_000]


async def test_why_rows_of_an_import_were_left_out_is_said_in_the_readers_language(
    mailer: Mailer,
) -> None:
    with transaction(mailer.engine) as session:
        river = add_newsletter(session)
        number = uploads.add(session, river.id, [("list.csv", LIST)], by="ana", now=NOON).id
    assert uploading.work(mailer.engine, mailer.signer, noon) == 1
    async with visiting(mailer) as client:
        sign_in(mailer, client, language="ja")
        shown = page(await client.get(f"/subscribers/import/{number}")).text_content()
    assert "同意についての意味が分からない言葉" in shown
    assert "無効なアドレス" in shown
    assert "この行にはアドレスがありません。" in shown
    for words in ("invalid address", "no address", "It is not known", "is not an address"):
        assert words not in shown


def test_what_was_noticed_in_an_imported_issue_is_said_in_the_readers_language() -> None:
    notes = read_issue("A line\n\n# Head\n\n<!-- secret -->\nText {{ x }}\n", filename="a.md").notes
    assert notes
    with speaking(Speech("ja")):
        said = [spoken(one) for one in notes]
    assert not any(one in said for one in notes)
    assert all(any("\u3040" <= letter <= "\u30ff" for letter in one) for one in said)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("suppressed: complained: spam", "送信停止（迷惑メールとして報告）"),
        ("bounced: user unknown, 5.1.1", "不達：宛先不明、5.1.1"),
        (
            "refused 5 times in a row over 20 days: mailbox full, 4.2.2",
            "20 日間に連続 5 回拒否：メールボックスが満杯、4.2.2",
        ),
        ("she asked us to, on the phone", "she asked us to, on the phone"),
    ],
)
def test_why_somebody_is_not_mailed_is_said_in_the_readers_language(reason: str, said: str) -> None:
    with speaking(Speech("ja")):
        assert reason_said(reason) == said
