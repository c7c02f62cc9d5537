"""Pages speak the person's language, in its direction, with its dates, numbers and zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from mailer.database.engine import transaction
from mailer.database.tables import Batch, DeliveryTotal, Fate, IssueState, User
from mailer.web import languages
from mailer.web.languages import Speech, speaking
from tests.support.factories import NOON, add_issue, add_newsletter
from tests.support.site import mailer_of, page, visiting
from tests.support.staff import PASSWORD, sign_in

pytestmark = pytest.mark.anyio

MORNING = datetime(2026, 12, 1, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "direction", "heading", "scheduled"),
    [
        ("en", "ltr", "Issues", "Tue 1 Dec, 07:00"),
        ("fa", "rtl", "شماره‌ها", "سه"),
        ("ja", "ltr", "号", "12月1日"),
    ],
)
async def test_the_first_page_is_in_the_persons_language(
    sqlite_engine: Engine, language: str, direction: str, heading: str, scheduled: str
) -> None:
    mailer = mailer_of(sqlite_engine)
    with transaction(sqlite_engine) as session:
        newsletter = add_newsletter(session)
        add_issue(session, newsletter, state=IssueState.SCHEDULED, scheduled_at=MORNING)
    async with visiting(mailer) as client:
        me = sign_in(mailer, client)
        with transaction(sqlite_engine) as session:
            user = session.get_one(User, me.user.id)
            user.language, user.time_zone = language, "Europe/Lisbon"
        shown = page(await client.get("/"))
        chip = shown.xpath("string(//td/*[contains(@class, 'chip')])")
        for path in ("/subscribers", "/statistics", "/settings/profile", "/settings/people"):
            assert (await client.get(path)).status_code == 200, path
    assert (shown.get("lang"), shown.get("dir")) == (language, direction)
    assert shown.xpath("string(//h1)") == heading
    assert scheduled in chip


async def test_before_the_login_the_browsers_language_counts(sqlite_engine: Engine) -> None:
    async with visiting(mailer_of(sqlite_engine)) as client:
        for wanted, language in (
            ("ja-JP,ja;q=0.9,en;q=0.8", "ja"),
            ("fa", "fa"),
            ("tlh, *;q=0.1", "en"),
        ):
            shown = page(await client.get("/sign-in", headers={"accept-language": wanted}))
            assert shown.get("lang") == language


@pytest.mark.parametrize(
    ("speech", "moment", "number", "ago"),
    [
        (Speech("en", "Europe/Lisbon"), "Tue, 1 Dec 2026, 07:00 (Lisbon)", "4,812", "2 hours ago"),
        (Speech("en", "UTC"), "Tue, 1 Dec 2026, 07:00 (UTC)", "4,812", "2 hours ago"),
        (Speech("ja", "Asia/Tokyo"), "2026年12月1日(火) 16:00 (東京)", "4,812", "2 時間前"),
        (Speech("fa", "Asia/Tehran"), "۱۰:۳۰", "۴٬۸۱۲", "۲ ساعت پیش"),
    ],
)
def test_dates_numbers_and_zones_are_written_as_the_language_writes_them(
    speech: Speech, moment: str, number: str, ago: str
) -> None:
    with speaking(speech):
        assert moment in languages.moment_words(MORNING)
        assert languages.number_words(4812) == number
        assert languages.ago_words(timedelta(hours=2)) == ago
        assert languages.ago_words(timedelta(seconds=3)) == languages.gettext("just now")


def test_a_language_that_nobody_translated_is_english() -> None:
    with speaking(Speech("../../etc/passwd")):
        assert languages.gettext("Sign in") == "Sign in"
        assert languages.moment_words(NOON)


COMPLAINTS = [  # a page's form, and what cannot be taken
    ("/settings/people", {"address": "no address", "role": "editor"}),
    ("/settings/people", {"address": "owner@river.test", "role": "editor"}),
    ("/settings/people/1/role", {"role": "viewer"}),  # the only owner
    ("/settings/profile", {"name": "", "time_zone": "Asia/Tokyo"}),
    ("/settings/profile", {"name": "Ann", "time_zone": "Mars"}),
    ("/settings/profile/password", {"old": PASSWORD, "new": "short"}),
    ("/settings/profile/password", {"old": "wrong", "new": "a new long one"}),
    ("/settings/keys", {"name": "", "role": "viewer"}),
    ("/settings/newsletters/new", {"name": "", "slug": "x y", "from_address": "ann@river.test"}),
    ("/settings/newsletters/new", {"name": "New", "slug": "new", "from_address": "nobody"}),
    ("/settings/newsletters/river-watch/look", {"logo_width": "9000"}),
    ("/subscribers", {"address": "x@", "newsletter": "river-watch"}),
    ("/segments", {"name": "Near", "rule": 'field "shoe" is "42"'}),
    ("/segments", {"name": "Near", "rule": "tag is"}),
    ("/segments", {"name": "", "rule": 'language is "de"'}),
    ("/segments/check", {"rule": 'tag is "nobody has it"'}),
    ("/issues/1/schedule", {"when": "later", "day": "", "hour": ""}),
    ("/issues/1/pause", {}),
    ("/issues/1/resume", {}),
    ("/issues/1/bring-back", {}),
    ("/nothing", {}),
    ("/settings/people/77/remove", {}),
]
THREE_ENGLISH_WORDS = re.compile(r"[A-Za-z’']{2,} [a-z’']{2,} [a-z’']{2,}")
QUOTED = re.compile(r"`[^`]*`|「[^」]*」|River Watch")  # commands, and what somebody gave


@pytest.mark.parametrize(("path", "fields"), COMPLAINTS)
async def test_no_complaint_is_in_english_where_somebody_reads_japanese(
    sqlite_engine: Engine, path: str, fields: dict[str, str]
) -> None:
    mailer = mailer_of(sqlite_engine)
    with transaction(sqlite_engine) as session:
        add_issue(session, add_newsletter(session))
    async with visiting(mailer) as client:
        me = sign_in(mailer, client, name="Ann")
        with transaction(sqlite_engine) as session:
            session.get_one(User, me.user.id).language = "ja"
        browser = {"accept-language": "ja"}  # counts where nobody is signed in, and nothing is
        form = me.form | fields
        answer = await client.post(path, data=form, headers=browser, follow_redirects=True)
    if answer.headers["content-type"].startswith("application/json"):
        said = " ".join(str(value) for value in answer.json().values())
    else:
        shown = page(answer)
        notes = shown.xpath("//*[@role = 'alert' or @role = 'status']")
        said = " ".join(one.text_content() for one in notes or shown.xpath("//main"))
    assert re.search(r"[ぁ-ん]", said), (answer.status_code, said)
    assert not THREE_ENGLISH_WORDS.search(QUOTED.sub("", said)), said


async def test_what_is_counted_in_a_sentence_is_written_as_the_language_writes_it(
    sqlite_engine: Engine,
) -> None:
    mailer = mailer_of(sqlite_engine)
    with transaction(sqlite_engine) as session:
        issue = add_issue(session, add_newsletter(session), state=IssueState.SENT, planned=1200)
        issue.started_at = NOON
        counts = Batch(issue_id=issue.id, subscriber_ids="", size=1200, due_at=NOON, open=False)
        totals = DeliveryTotal(
            issue_id=issue.id, fate=int(Fate.REFUSED), reason="", count=1200, uncertain=0
        )
        session.add_all([counts, totals])
    async with visiting(mailer) as client:
        me = sign_in(mailer, client)
        english = page(await client.get("/issues/1/statistics")).text_content()
        with transaction(sqlite_engine) as session:
            session.get_one(User, me.user.id).language = "fa"
        persian = page(await client.get("/issues/1/statistics")).text_content()
    assert "1,200 refused" in english
    assert "۱٬۲۰۰ رد شده" in persian
