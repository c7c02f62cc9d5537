"""Markdown, ours and anybody's, becomes an issue with every link in it."""

from __future__ import annotations

from datetime import date

import pytest

from mailer.blocks import Actions, Media, Response, Text, Update, Urgent
from mailer.composing.importing import read_issue
from mailer.errors import InvalidFile, InvalidIssue

OURS = """---
subject: The weir is open
preheader: And three letters to write
language: en
newsletter: river-watch
date: 2031-03-02
---

<!-- update id=weir -->
## Fish pass opens

The *first* fish went up at **six**.
See the [photographs](https://example.com/photos).

[Read the report](https://example.com/report){.button}

<!-- actions -->
## Three letters

- [To Ashford](https://example.com/ashford) – two minutes
- [To Brill]()

<!-- urgent deadline=2031-03-14 -->
## Stop the dredging

Write today.

<!-- response -->
## The mayor answers

> A plan exists.
>
> — **Li Adeyemi**, mayor of Ashford

We will ask for the plan.

<!-- media media=video -->
[![Herons over the lake](https://example.com/still.jpg)](https://example.com/film)

<!-- share channels=email,mastodon -->
## Tell the others

<!-- divider -->
---
"""


class TestOurMarkdown:
    def test_marks_name_the_blocks(self) -> None:
        imported = read_issue(OURS)
        assert imported.content.subject == "The weir is open"
        assert (imported.newsletter, imported.date) == ("river-watch", date(2031, 3, 2))
        kinds = [block.kind for block in imported.content.blocks]
        assert kinds == ["update", "actions", "urgent", "response", "media", "share", "divider"]
        assert imported.notes == ()

    def test_each_block_has_its_fields(self) -> None:
        update, actions, urgent, response, media, *_ = read_issue(OURS).content.blocks
        assert isinstance(update, Update)
        assert update.id == "weir"
        assert "<em>first</em>" in update.body
        assert update.button is not None
        assert update.button.url == "https://example.com/report"
        assert isinstance(actions, Actions)
        assert [(i.title, i.url, i.note) for i in actions.items] == [
            ("To Ashford", "https://example.com/ashford", "two minutes"),
            ("To Brill", None, ""),
        ]
        assert isinstance(urgent, Urgent)
        assert urgent.deadline == date(2031, 3, 14)
        assert isinstance(response, Response)
        assert (response.who, response.role) == ("Li Adeyemi", "mayor of Ashford")
        assert response.quote == "<p>A plan exists.</p>"
        assert response.view == "<p>We will ask for the plan.</p>"
        assert isinstance(media, Media)
        assert (media.media, media.alt) == ("video", "Herons over the lake")
        assert (media.image, media.url) == (
            "https://example.com/still.jpg",
            "https://example.com/film",
        )

    def test_missing_addresses_are_listed(self) -> None:
        assert read_issue(OURS).missing == ("blocks.1.items.1.url: To Brill",)

    def test_text_added_without_a_mark_becomes_blocks_too(self) -> None:
        added = OURS + "\n## One more thing\n\nThe tower is being painted.\n"
        last = read_issue(added).content.blocks[-1]
        assert isinstance(last, Update)
        assert last.headline == "One more thing"
        assert "tower" in last.body

    def test_a_wrong_mark_is_named_by_its_place(self) -> None:
        wrong = OURS.replace("2031-03-14", "soon")
        with pytest.raises(InvalidIssue, match=r"blocks\.2\.deadline"):
            read_issue(wrong)


ANYBODYS = """---
title: 'River letter #7'
lang: pt
layout: letter
---
A word before the news, with `code` in it.

{% include top.md %}

## News

- **Weir:** the [board][] met, see [minutes][min] and [the plan](/plans/3).
- **Meadow:** mown.

## Articles
* [How weirs work](https://example.com/weirs)
* [video] [A heron fishing](https://example.com/heron) - five minutes

## Dates

| Day | What |
|-----|------|
| 3 May | Walk |

![A heron](https://example.com/heron.jpg)

<!-- a comment for the editors -->

[Join us on the bridge](https://example.com/join)

[min]: https://example.com/minutes
[old]: https://example.com/old
"""


class TestAnybodysMarkdown:
    def test_front_matter_tells_the_facts(self) -> None:
        imported = read_issue(ANYBODYS, filename="letter.md")
        assert imported.content.subject == "River letter #7"
        assert imported.content.language == "pt"
        assert any("layout: letter" in note for note in imported.notes)

    def test_headings_open_blocks_and_lists_of_links_are_actions(self) -> None:
        blocks = read_issue(ANYBODYS).content.blocks
        assert [block.kind for block in blocks] == ["text", "update", "actions", "update", "media"]
        articles = blocks[2]
        assert isinstance(articles, Actions)
        assert [(item.title, item.url, item.note) for item in articles.items] == [
            ("How weirs work", "https://example.com/weirs", ""),
            ("[video] A heron fishing", "https://example.com/heron", "five minutes"),
        ]

    def test_pictures_and_buttons_are_found(self) -> None:
        media = read_issue(ANYBODYS).content.blocks[-1]
        assert isinstance(media, Media)
        assert media.image == "https://example.com/heron.jpg"
        assert media.alt == "A heron"
        assert media.button is not None
        assert media.button.url == "https://example.com/join"

    def test_what_leads_nowhere_stays_as_words_with_a_note(self) -> None:
        imported = read_issue(ANYBODYS)
        notes = "\n".join(imported.notes)
        body = imported.content.blocks[1].model_dump()["body"]
        assert "the board met" in body
        assert "the plan" in body
        assert 'href="https://example.com/minutes"' in body
        assert "[board][]" in notes
        assert "/plans/3" in notes
        assert "https://example.com/old" in notes
        assert "{% include top.md %}" in notes
        assert "Comments" in notes

    def test_a_table_becomes_a_list(self) -> None:
        body = read_issue(ANYBODYS).content.blocks[3].model_dump()["body"]
        assert body == "<ul><li>Day | What</li><li>3 May | Walk</li></ul>"

    def test_lines_of_facts_without_fences_are_front_matter(self) -> None:
        imported = read_issue("Title: Letter 8\nDate: 2031-01-02\n\n# News\n\nIt snowed.\n")
        assert imported.content.subject == "Letter 8"
        assert imported.date == date(2031, 1, 2)

    def test_broken_front_matter_is_read_line_by_line(self) -> None:
        imported = read_issue("---\ntitle: Weir: a history\n---\n\nIt is old.\n")
        assert imported.content.subject == "Weir: a history"
        assert any("no correct YAML" in note for note in imported.notes)

    def test_lists_nested_too_deep_are_refused_and_not_cut(self) -> None:
        with pytest.raises(InvalidFile, match="nested too deep"):
            read_issue("- " * 200 + "bottom", filename="a.md")

    def test_a_paragraph_alone_is_a_text_block(self) -> None:
        block = read_issue("---\nsubject: S\n---\n\nJust *this*.\n").content.blocks[0]
        assert block == Text(body="<p>Just <em>this</em>.</p>")
