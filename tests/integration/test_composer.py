"""The composer's API: nothing written is lost, two people do not overwrite each other."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from mailer.bootstrap import Mailer
from mailer.composing import editing, issues
from mailer.composing.editing import open_issue
from mailer.database.engine import reading, transaction
from mailer.database.tables import Issue, IssueState, Role
from mailer.errors import InvalidInput
from tests.support.composing import begin_issue, desk, photo, stored_subject, update, written
from tests.support.factories import NOON
from tests.support.site import mailer_of, visiting
from tests.support.staff import sign_in

pytestmark = pytest.mark.anyio

HALF = update("Now", button={"label": "Sign", "url": "braga"})


async def test_what_is_saved_is_opened_again(engine: Engine) -> None:
    mailer = mailer_of(engine)
    issue_id = begin_issue(mailer)
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id)
        opened = await ana.load()
        saved = await ana.save(written(update("News")), opened["version"])
        again = await ana.load()

    assert opened["doc"]["subject"] == ""
    assert saved.json() == {"version": opened["version"] + 1, "problems": []}
    assert (again["doc"], again["by"]) == (written(update("News")), "Owner")


async def test_an_older_version_is_never_saved_over_a_newer_one(engine: Engine) -> None:
    mailer = mailer_of(engine)
    issue_id = begin_issue(mailer)
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id, address="ana@river.test", name="Ana")
        ben = desk(mailer, client, issue_id, address="ben@river.test", name="Ben")
        await ana.save(written(update("Ana's")), 1)
        late = await ben.save(written(update("Ben's")), 1)
        missing = await ben.ask("PUT", f"/issues/{issue_id}/document", written())

    assert late.status_code == 412
    assert late.json() == {"version": 2, "doc": written(update("Ana's")), "by": "Ana"}
    assert missing.status_code == 422


async def test_half_an_address_is_kept_shown_and_keeps_the_issue_from_going_out(
    engine: Engine,
) -> None:
    mailer = mailer_of(engine)
    issue_id = begin_issue(mailer)
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id)
        saved = (await ana.save(written(HALF), 1)).json()
        again = await ana.load()

    (problem,) = saved["problems"]
    assert (problem["block"], problem["field"], problem["level"]) == ("a", "button.url", "stop")
    assert again["doc"] == written(HALF)
    with pytest.raises(InvalidInput, match=r"blocks\.0\.button\.url"):
        mailer.starter.require_ready(issue_id, now=NOON, anyway=True)


async def test_an_issue_on_its_way_is_not_changed(engine: Engine) -> None:
    mailer = mailer_of(engine)
    issue_id = begin_issue(mailer)
    with transaction(engine) as session:
        session.get_one(Issue, issue_id).state = IssueState.SENDING
    async with visiting(mailer) as client:
        answer = await desk(mailer, client, issue_id).save(written(), 1)
    assert answer.status_code == 409
    assert "cannot be changed" in answer.json()["detail"]


async def test_only_whoever_may_write_may_save(sqlite_engine: Engine) -> None:
    mailer = mailer_of(sqlite_engine)
    issue_id = begin_issue(mailer)
    async with visiting(mailer) as client:
        viewer = desk(mailer, client, issue_id, role=Role.VIEWER)
        ben = desk(mailer, client, issue_id, role=Role.EDITOR)
        assert (await viewer.save(written(), 1)).status_code == 403
        assert (await viewer.ask("GET", f"/issues/{issue_id}")).status_code == 303
        forged = await client.put(
            f"/issues/{issue_id}/document",
            json=written(),
            headers={"cookie": ben.proof["cookie"], "if-match": '"1"'},
        )
        assert forged.status_code == 403
    assert stored_subject(mailer, issue_id) == "No subject"


async def test_versions_are_kept_and_one_can_be_brought_back(engine: Engine) -> None:
    now = NOON

    def clock() -> datetime:
        return now

    mailer = mailer_of(engine, clock=clock)
    issue_id = begin_issue(mailer)
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id, name="Ana")
        for number, minutes in enumerate((10, 11, 12, 30), start=1):
            now = NOON + timedelta(minutes=minutes)
            await ana.save(written(update(f"After {minutes}")), number)
        listed = (await ana.ask("GET", f"/issues/{issue_id}/versions")).json()["versions"]
        old = (await ana.ask("GET", f"/issues/{issue_id}/versions/4")).json()["doc"]
        restored = await ana.save(old, 5)
        gone = await ana.ask("GET", f"/issues/{issue_id}/versions/3")

    # Saves within five minutes are one version.
    assert [(one["number"], one["by"]) for one in listed] == [(5, "Ana"), (4, "Ana"), (1, "Ana")]
    assert old["blocks"][0]["headline"] == "After 12"
    assert restored.json()["version"] == 6
    assert gone.status_code == 404


async def test_what_a_command_wrote_is_a_version_too(engine: Engine) -> None:
    mailer = mailer_of(engine)
    issue_id = begin_issue(mailer)
    with transaction(engine) as session:
        content = issues.content_of(session, issues.get(session, issue_id))
        imported = content.model_copy(update={"subject": "Imported"})
        issues.replace(session, issue_id, imported, version=1, now=NOON)
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id)
        opened = await ana.load()
        await ana.save(opened["doc"] | {"subject": "Changed"}, 2)
        old = (await ana.ask("GET", f"/issues/{issue_id}/versions/2")).json()["doc"]
    assert (opened["doc"]["subject"], old["subject"]) == ("Imported", "Imported")


async def test_the_preview_is_what_is_sent(engine: Engine) -> None:
    mailer = mailer_of(engine)
    issue_id = begin_issue(mailer, postal_address="3 Ferry Lane")
    document = written(
        update("News", body="<p>Dear [[first_name|friend]], look at [[city]]</p>"),
        {"kind": "divider", "id": "d"},
    )
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id)
        asked = {"doc": document, "scheme": "auto", "reader": None}
        shown = (await ana.post("preview", asked)).json()
        for_ann = (await ana.post("preview", asked | {"reader": 1})).json()
        dark = (await ana.post("preview", asked | {"scheme": "dark"})).json()
        await ana.save(document, 1)
        found = (await ana.ask("GET", f"/issues/{issue_id}/readers?q=an")).json()["readers"]
    with reading(engine) as session:
        issue = open_issue(session, issue_id).issue
        sent = mailer.publisher.publish(session, issue, now=mailer.clock()).rendered

    marks = (("[[first_name|friend]]", "friend"), ("[[token]]", "preview"))
    for mark, seen in marks:
        sent_html = sent.html.replace(mark, seen)
        sent = type(sent)(sent.subject, sent_html, sent.text.replace(mark, seen), sent.preheader)
    assert shown["html"] == sent.html
    assert shown["text"] == sent.text
    assert "Dear Ann, look at [[city]]" in for_ann["html"]
    assert "@media all" in dark["html"]
    assert found == [{"id": 1, "name": "Ann Example", "address": "ann@readers.test"}]


async def test_a_pasted_newsletter_becomes_blocks_with_notes(sqlite_engine: Engine) -> None:
    mailer = mailer_of(sqlite_engine)
    issue_id = begin_issue(mailer)
    old = (
        "<html><head><title>October at the river</title></head><body><h1>The weir falls</h1>"
        "<p>After years, it is <b>gone</b>.</p><p><a href='https://act.test/thank'>Thank them</a>"
        "</p><h2>Next: the dam</h2><p>Write to the minister.</p><script>alert(1)</script></body>"
    )
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id)
        answer = (await ana.post("paste", {"html": old, "text": ""})).json()
        nothing = await ana.post("paste", {"html": " ", "text": ""})

    assert answer["doc"]["subject"] == "October at the river"
    assert [block.get("headline") for block in answer["doc"]["blocks"]][:1] == ["The weir falls"]
    assert "alert" not in str(answer["doc"])
    assert nothing.status_code == 422


async def test_a_file_is_read_in_the_letters_it_was_written_in(sqlite_engine: Engine) -> None:
    mailer = mailer_of(sqlite_engine)
    issue_id = begin_issue(mailer)
    old = "<meta charset='windows-1252'><title>Das Wehr fällt</title><p>Schöne Grüße</p>"
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id)
        path, named = f"/issues/{issue_id}/file", {"x-filename": "Gr%C3%BC%C3%9Fe.html"}
        answer = await client.post(
            path, content=old.encode("cp1252"), headers={**ana.proof, **named}
        )
        word = await client.post(path, content=b"PK\x03\x04 and so on", headers=ana.proof)
    assert answer.json()["doc"]["subject"] == "Das Wehr fällt"
    assert "Schöne Grüße" in str(answer.json()["doc"]["blocks"])
    assert (word.status_code, "Word" in word.json()["detail"]) == (422, True)


async def test_a_viewer_sees_no_subscriber_through_the_preview(sqlite_engine: Engine) -> None:
    mailer = mailer_of(sqlite_engine)
    issue_id = begin_issue(mailer)
    async with visiting(mailer) as client:
        ben = desk(mailer, client, issue_id, role=Role.VIEWER)
        found = await ben.ask("GET", f"/issues/{issue_id}/readers?q=an")
        seen = await ben.post("preview", {"doc": written(), "scheme": "auto", "reader": 1})
    assert (found.status_code, seen.status_code) == (403, 403)


async def test_a_picture_is_uploaded_and_everybody_may_see_it(engine: Engine) -> None:
    mailer = mailer_of(engine)
    issue_id = begin_issue(mailer)
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id)
        answer = await client.post("/pictures", content=photo(), headers=ana.proof)
        address = answer.json()["url"]
        seen = await client.get(address)
        kept = await client.get(address, headers={"if-none-match": seen.headers["etag"]})
        unknown = await client.get(f"/pictures/{'0' * 40}.png")
        refused = await client.post("/pictures", content=b"<svg/>", headers=ana.proof)

    assert answer.json()["width"] == 1200
    assert seen.headers["content-type"] == "image/jpeg"
    assert "immutable" in seen.headers["cache-control"]
    assert (kept.status_code, unknown.status_code) == (304, 404)
    assert "no SVG" in refused.json()["detail"]


async def test_a_block_is_kept_for_reuse_and_forgotten(engine: Engine) -> None:
    mailer = mailer_of(engine)
    issue_id = begin_issue(mailer)
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id)
        (kept,) = (await ana.ask("POST", "/saved-blocks", update("Join us"))).json()["saved"]
        wrong = await ana.ask("POST", "/saved-blocks", {"kind": "carousel"})
        left = (await ana.ask("DELETE", f"/saved-blocks/{kept['id']}")).json()["saved"]
    assert kept["block"] == update("Join us")
    assert wrong.status_code == 422
    assert left == []


async def test_a_copy_of_an_issue_is_a_draft_that_says_the_same(engine: Engine) -> None:
    mailer: Mailer = mailer_of(engine)
    issue_id = begin_issue(mailer)
    with transaction(engine) as session:
        editing.save(session, issue_id, written(HALF), version=1, by="Ana", now=NOON)
        copied = editing.double(session, issue_id, by="Ben", now=NOON).id
    with reading(engine) as session:
        opened = editing.open_issue(session, copied)
    assert copied != issue_id
    assert (opened.document["blocks"], opened.issue.state) == ([HALF], IssueState.DRAFT)


async def test_without_its_build_the_composer_says_so_and_the_review_works(
    sqlite_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailer.web.editor.composer.page.STATIC", tmp_path)
    monkeypatch.setattr("mailer.web.editor.review.page.STATIC", tmp_path)
    mailer = mailer_of(sqlite_engine)
    issue_id = begin_issue(mailer)
    async with visiting(mailer) as client:
        sign_in(mailer, client)
        refused = await client.get(f"/issues/{issue_id}")
        review = await client.get(f"/issues/{issue_id}/review")

    assert refused.status_code == 400
    assert "The composer has not been built" in refused.text
    assert review.status_code == 200


async def test_a_form_sent_where_scripts_speak_is_answered(engine: Engine) -> None:
    mailer = mailer_of(engine)
    issue_id = begin_issue(mailer)
    async with visiting(mailer) as client:
        ana = desk(mailer, client, issue_id)
        answer = await client.put(
            f"/issues/{issue_id}/document",
            data={"subject": "By a form"},
            headers={**ana.proof, "if-match": '"1"'},
            timeout=10,
        )
    assert answer.status_code == 422
    assert stored_subject(mailer, issue_id) != "By a form"
