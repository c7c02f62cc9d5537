"""What may stand in a block, and that a wrong one names its place."""

from __future__ import annotations

from typing import Any

import pytest

from mailer.blocks import BLOCK_KINDS, clean_body, parse_content
from mailer.errors import InvalidIssue


def an_issue(**block: Any) -> dict[str, Any]:
    return {"subject": "The river", "blocks": [{"kind": "divider"}, block]}


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        (
            {"kind": "update", "button": {"label": "Go", "url": "javascript:alert(1)"}},
            r"^blocks\.1\.button\.url: javascript: links are not allowed",
        ),
        ({"kind": "actions", "items": [{"title": ""}]}, r"^blocks\.1\.items\.0\.title: "),
        ({"kind": "urgent", "deadline": "soon"}, r"^blocks\.1\.deadline: "),
        ({"kind": "media", "url": "//no.scheme"}, r"^blocks\.1\.url: an address starts with"),
        ({"kind": "update", "headline": "two\nlines"}, r"^blocks\.1\.headline: "),
        ({"kind": "petition"}, r"^blocks\.1: "),
        ({"kind": "text", "colour": "red"}, r"^blocks\.1\.colour: "),
        (
            {"kind": "text", "body": '<a href="java&#10;script:x">x</a>'},
            r"^blocks\.1\.body: the link",
        ),
        ({"kind": "text", "body": "<b>" * 6000}, r"^blocks\.1\.body: .* more than 2,000 tags"),
    ],
)
def test_a_wrong_block_names_its_place_and_what_is_wrong(
    block: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidIssue, match=sentence):
        parse_content(an_issue(**block))


@pytest.mark.parametrize("kind", BLOCK_KINDS)
def test_every_kind_may_be_left_unfinished(kind: str) -> None:
    [_, block] = parse_content(an_issue(kind=kind)).blocks
    assert block.kind == kind


def test_a_missing_address_is_missing_not_invented() -> None:
    issue = parse_content(an_issue(kind="update", button={"label": "Go", "url": "  "}))
    assert issue.blocks[1].button.url is None  # type: ignore[union-attr]  # an update


def test_bodies_keep_words_emphasis_links_and_lists_and_nothing_else() -> None:
    dirty = (
        '<div onclick="x()"><b>Bold</b> <i>words</i><script>alert(1)</script>'
        '<img src=x onerror=y><a href="https://a.test/?a=1&amp;b=2" target=_blank>link</a>'
        "<ul><li>one</li></ul></div>"
    )
    assert clean_body(dirty) == (
        '<p><strong>Bold</strong> <em>words</em><a href="https://a.test/?a=1&amp;b=2">link</a></p>'
        "<ul><li>one</li></ul>"
    )


@pytest.mark.parametrize("block", [{"type": "text"}, {"kind": "poem"}])
def test_a_block_without_a_kind_that_is_known_is_told_the_kinds(block: dict[str, str]) -> None:
    with pytest.raises(InvalidIssue, match=r"blocks\.0: A block needs its kind: one of actions, "):
        parse_content({"subject": "News", "blocks": [block]})


def test_control_characters_which_no_mail_can_hold_are_left_out() -> None:
    block = {
        "kind": "update",
        "headline": "The\x00 weir\x1f",
        "body": "<p>It is\x0b open\ufffe</p>",
    }

    content = parse_content({"subject": "Ne\x07ws", "blocks": [block]})

    assert content.subject == "News"
    assert content.blocks[0].model_dump()["headline"] == "The weir"
    assert content.blocks[0].model_dump()["body"] == "<p>It is open</p>"
