"""Half-written issues: everything is kept, and what is still to be done is named by its field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings

from mailer.blocks import Content
from mailer.composing.drafting import NO_SUBJECT, document_of, read_draft
from mailer.composing.versions import superfluous
from mailer.errors import InvalidIssue
from tests.support.contents import CONTENTS

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


def document(*blocks: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {"subject": "The river", "blocks": list(blocks)} | values


def problems(*blocks: dict[str, Any], **values: Any) -> dict[str, str]:
    return {one.place: one.words for one in read_draft(document(*blocks, **values)).problems}


@given(CONTENTS)
@settings(max_examples=60)
def test_a_finished_issue_goes_through_unchanged(content: Content) -> None:
    opened = document_of(content)
    draft = read_draft(opened)

    assert draft.problems == ()
    assert document_of(draft.content) == opened
    assert all(block["id"] for block in opened["blocks"])
    assert len({block["id"] for block in opened["blocks"]}) == len(opened["blocks"])


def test_half_an_address_is_named_and_the_rest_is_kept() -> None:
    block = {"kind": "update", "id": "a", "headline": "Now", "body": "<p>Words</p>"}
    half = block | {"button": {"label": "Sign", "url": "braga"}}
    draft = read_draft(document(half))

    assert [one.place for one in draft.problems] == ["blocks.0.button.url"]
    assert "starts with https://" in draft.problems[0].words
    assert draft.content.blocks[0].model_dump()["button"] == {"label": "Sign", "url": None}
    assert draft.content.blocks[0].model_dump()["body"] == "<p>Words</p>"


def test_several_problems_are_all_named_at_once() -> None:
    found = problems(
        {"kind": "media", "id": "m", "image": "not an address", "url": "ftp://x.test"},
        {"kind": "update", "id": "u", "button": {"label": "", "url": "https://act.test"}},
        subject="",
    )
    assert set(found) == {"subject", "blocks.0.image", "blocks.0.url", "blocks.1.button.label"}


def test_an_empty_subject_is_written_for_now() -> None:
    draft = read_draft(document(subject=" "))
    assert (draft.content.subject, draft.problems[0].words) == (NO_SUBJECT, "Write a subject.")


def test_a_bad_link_loses_its_address_and_no_word() -> None:
    body = '<p>See <a href="https://good.test/x">this</a> and <a href="mailto:">that</a></p>'
    draft = read_draft(document({"kind": "text", "id": "t", "body": body}))

    assert draft.content.blocks[0].model_dump()["body"] == (
        '<p>See <a href="https://good.test/x">this</a> and <a>that</a></p>'
    )
    assert draft.problems[0].place == "blocks.0.body"


def test_lines_at_the_end_that_nothing_stands_in_are_no_actions() -> None:
    empty = {"title": "", "url": "", "note": ""}
    given = {"title": "Write", "url": "https://act.test", "note": ""}
    draft = read_draft(document({"kind": "actions", "id": "a", "items": [given, empty, empty]}))
    assert draft.problems == ()
    assert len(draft.content.blocks[0].model_dump()["items"]) == 1

    found = problems({"kind": "actions", "id": "a", "items": [empty, given]})
    assert list(found) == ["blocks.0.items.0.title"]


def test_a_button_and_a_deadline_left_empty_are_none() -> None:
    block = {"kind": "urgent", "id": "u", "deadline": "", "button": {"label": "", "url": ""}}
    assert problems(block) == {}
    assert problems({"kind": "urgent", "id": "u", "deadline": "2026-02-31"}).keys() == {
        "blocks.0.deadline"
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"blocks": "none"},
        {"blocks": [1]},
        {"blocks": [{"kind": "carousel"}]},
        {"blocks": [{"kind": "text", "id": "a b"}]},
        {"blocks": [{"kind": "text", "html": "<script>"}]},
        {"blocks": [{"kind": "update", "button": "go"}]},
        {"blocks": [{"kind": "text"}] * 201},
        {"blocks": [], "extra": 1},
    ],
)
def test_what_has_not_the_shape_of_an_issue_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidIssue):
        read_draft({"subject": "S"} | wrong)


def test_versions_are_thinned_out_with_age_and_the_newest_stays() -> None:
    every_six_minutes = [NOON - timedelta(minutes=6 * n) for n in range(2000)]  # eight days
    numbered = list(enumerate(every_six_minutes))
    gone = set(superfluous(numbered, NOON))
    kept = [at for number, at in numbered if number not in gone]

    assert kept[0] == NOON
    assert sum(NOON - at < timedelta(days=1) for at in kept) == 240
    older = [at for at in kept if NOON - at >= timedelta(days=1)]
    assert all(a - b >= timedelta(hours=1) for a, b in pairwise(older))
    assert len(older) > 100
