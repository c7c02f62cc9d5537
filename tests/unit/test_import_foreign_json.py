"""JSON of newsletter systems, sites and editors: one small issue in the shape of each."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from mailer.blocks import Actions, Media
from mailer.composing.importing import Imported, read_issue
from mailer.errors import InvalidFile

HTML = (
    "<h2>The weir</h2><p>It is <strong>open</strong>: "
    '<a href="https://example.com/plan">the plan</a>.</p><ul><li>Fish</li><li>Boats</li></ul>'
)
MARKDOWN = (
    "## The weir\n\nIt is **open**: [the plan](https://example.com/plan).\n\n- Fish\n- Boats\n"
)
SPOKEN = (
    '<p>It is <strong>open</strong>: <a href="https://example.com/plan">the plan</a>.</p>'
    "<ul><li>Fish</li><li>Boats</li></ul>"
)


def imported(value: Any) -> Imported:
    return read_issue(json.dumps(value), filename="old.json")


@pytest.mark.parametrize(
    "value",
    [
        {"posts": [{"id": "6", "email_subject": "News", "title": "x", "html": HTML}]},
        {"db": [{"meta": {}, "data": {"posts": [{"title": "News", "html": HTML}]}}]},
        {"results": [{"subject": "News", "body": MARKDOWN, "slug": "news"}], "count": 1},
        {"settings": {"subject_line": "News"}, "content": {"html": HTML, "plain_text": "It is"}},
        {"data": {"subject": "News", "html_body": HTML, "text_body": MARKDOWN}},
        {"data": {"title": "News", "content": {"free": {"web": HTML, "email": HTML}}}},
        {"title": "News", "body_html": HTML, "audience": "everyone"},
        {"title": {"rendered": "News"}, "content": {"rendered": HTML}, "link": "https://a.test/"},
    ],
)
def test_the_text_is_found_wherever_a_system_keeps_it(value: Any) -> None:
    content = imported(value).content

    assert content.subject == "News"
    [block] = content.blocks
    assert block.model_dump()["headline"] == "The weir"
    assert block.model_dump()["body"] == SPOKEN


TIPTAP = {
    "type": "doc",
    "content": [
        {
            "type": "heading",
            "attrs": {"level": 2},
            "content": [{"type": "text", "text": "The weir"}],
        },
        {
            "type": "paragraph",
            "content": [
                {"type": "text", "text": "It is "},
                {"type": "text", "marks": [{"type": "bold"}], "text": "open"},
                {"type": "text", "text": ": "},
                {
                    "type": "text",
                    "marks": [{"type": "link", "attrs": {"href": "https://example.com/plan"}}],
                    "text": "the plan",
                },
                {"type": "text", "text": "."},
            ],
        },
        {
            "type": "bulletList",
            "content": [
                {"type": "listItem", "content": [{"type": "text", "text": "Fish"}]},
                {"type": "listItem", "content": [{"type": "text", "text": "Boats"}]},
            ],
        },
    ],
}
LEXICAL = {
    "root": {
        "children": [
            {"type": "heading", "tag": "h2", "children": [{"type": "text", "text": "The weir"}]},
            {
                "type": "paragraph",
                "children": [
                    {"type": "text", "text": "It is "},
                    {"type": "text", "text": "open", "format": 1},
                    {"type": "text", "text": ": "},
                    {
                        "type": "link",
                        "url": "https://example.com/plan",
                        "children": [{"type": "text", "text": "the plan"}],
                    },
                    {"type": "text", "text": "."},
                ],
            },
            {
                "type": "list",
                "children": [
                    {"type": "listitem", "children": [{"type": "text", "text": "Fish"}]},
                    {"type": "listitem", "children": [{"type": "text", "text": "Boats"}]},
                ],
            },
        ]
    }
}
PORTABLE = [
    {"_type": "block", "style": "h2", "children": [{"_type": "span", "text": "The weir"}]},
    {
        "_type": "block",
        "style": "normal",
        "markDefs": [{"_key": "k", "_type": "link", "href": "https://example.com/plan"}],
        "children": [
            {"_type": "span", "text": "It is "},
            {"_type": "span", "text": "open", "marks": ["strong"]},
            {"_type": "span", "text": ": "},
            {"_type": "span", "text": "the plan", "marks": ["k"]},
            {"_type": "span", "text": "."},
        ],
    },
    {"_type": "block", "listItem": "bullet", "children": [{"_type": "span", "text": "Fish"}]},
    {"_type": "block", "listItem": "bullet", "children": [{"_type": "span", "text": "Boats"}]},
]
EDITOR_JS = {
    "time": 1,
    "blocks": [
        {"type": "header", "data": {"text": "The weir", "level": 2}},
        {
            "type": "paragraph",
            "data": {"text": 'It is <b>open</b>: <a href="https://example.com/plan">the plan</a>.'},
        },
        {"type": "list", "data": {"items": ["Fish", {"content": "Boats"}]}},
    ],
}


@pytest.mark.parametrize(
    "document",
    [TIPTAP, LEXICAL, PORTABLE, EDITOR_JS],
    ids=["Tiptap", "Lexical", "Portable Text", "Editor.js"],
)
def test_the_documents_of_editors_are_read(document: Any) -> None:
    for value in (
        {"subject": "News", "content": document},
        {"subject": "News", "draft_body": json.dumps(document)},
    ):
        content = imported(value).content
        [block] = content.blocks

        assert content.subject == "News"
        assert block.model_dump()["headline"] == "The weir"
        assert block.model_dump()["body"] == SPOKEN


def test_the_designs_of_mail_builders_are_read() -> None:
    button = {"href": {"values": {"href": "https://example.com/sign"}}, "text": "Sign"}
    design = {
        "body": {
            "rows": [
                {
                    "columns": [
                        {
                            "contents": [
                                {"type": "heading", "values": {"text": "News"}},
                                {"type": "text", "values": {"text": "<p>Dear all</p>"}},
                                {
                                    "type": "image",
                                    "values": {
                                        "src": {"url": "https://example.com/a.png"},
                                        "altText": "A fish",
                                    },
                                },
                                {"type": "button", "values": button},
                            ]
                        }
                    ]
                }
            ]
        }
    }

    content = imported(design).content
    words, picture = content.blocks

    assert content.subject == "News"
    assert words.model_dump()["body"] == "<p>Dear all</p>"
    assert isinstance(picture, Media)
    assert (picture.image, picture.alt) == ("https://example.com/a.png", "A fish")
    assert picture.button is not None
    assert picture.button.url == "https://example.com/sign"


def test_sections_may_have_any_name_and_stand_in_each_other() -> None:
    value = {
        "subject": "News",
        "greeting": "Dear friends, good news!",
        "upcoming_events": [
            {
                "name": "Walk",
                "url": "https://example.com/walk",
                "when": "3 May 2026",
                "where": "Ash",
            }
        ],
        "sections": {
            "North": [{"title": "Weir", "url": "https://example.com/weir"}],
            "South": {
                "sections": [
                    {"title": "Bay", "items": [{"title": "Sea", "url": "https://a.test/"}]}
                ]
            },
        },
    }

    first, north, south, bay, events = imported(value).content.blocks

    assert first.model_dump()["body"] == "<p>Dear friends, good news!</p>"
    assert south.model_dump()["headline"] == "South"
    for block, headline in ((north, "North"), (bay, "Bay"), (events, "Upcoming events")):
        assert isinstance(block, Actions)
        assert block.headline == headline
    assert isinstance(events, Actions)
    assert events.items[0].note == "3 May 2026 Ash"


def test_several_issues_in_a_file_become_one_and_a_note_says_so() -> None:
    value = [{"title": "May", "html": HTML}, {"title": "June", "html": "<p>Rain all month.</p>"}]

    read = imported(value)

    assert "Rain all month." in str(read.content.blocks)
    assert any("several issues" in note for note in read.notes)


def test_a_list_is_json_by_itself_and_brackets_alone_are_not() -> None:
    listed = json.dumps([{"title": "Weir", "url": "https://example.com/weir"}] * 2)

    assert isinstance(read_issue(listed).content.blocks[0], Actions)
    assert read_issue("[The plan](https://example.com/plan) is in [Ash]").content.blocks


def test_facts_are_found_under_the_names_of_other_systems() -> None:
    read = imported(
        {
            "title": "News",
            "subtitle": "Two minutes",
            "post_date": "2026-03-01T10:00:00Z",
            "feature_image": "https://example.com/top.jpg",
            "html": HTML,
            "plaintext": "It is open: the plan.",
            "uuid": "1",
        }
    )
    notes = "\n".join(read.notes)

    assert (read.content.preheader, read.date) == ("Two minutes", date(2026, 3, 1))
    assert "https://example.com/top.jpg" in str(read.content.blocks[0])
    assert "uuid" in notes
    assert "second time" in notes


def test_what_is_no_issue_is_refused_and_half_characters_break_nothing() -> None:
    with pytest.raises(InvalidFile, match="no issue"):
        imported({"version": "0.3.1", "markups": [], "sections": [[1, "p", [[0, [], 0, "x"]]]]})

    assert imported({"html": "<p>Half a \ud83d face</p>"}).content.subject == "Half a \ufffd face"
