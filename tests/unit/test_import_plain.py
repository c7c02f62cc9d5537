"""A newsletter pasted as plain text becomes the blocks an editor would have made of it."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from mailer.blocks import Actions, Media, Response, Share, Update, Urgent
from mailer.composing.importing import Imported, read_issue

PASTED = """Riverbend – Old Mill Weir – Good News From Three Towns.


Riverbend – Old Mill Weir – Good News From Three Towns.

Have a look at what you made possible this month.!____Open_The_Weir&utm_medium=email

The council of Ashford votes to open the first fish pass on the lower river

Jo Teller wrote it down for all of us.

Piece by piece, the town has been taking the steps it promised in spring. We owe thanks to the mayor, Li Adeyemi, and to everyone who stood on the bridge in the rain.

Click HERE to read more.


It works, so let us do more of it! New Twin Town Campaigns

Every week, dear friends, more dry meadows and fewer fish are counted between the two locks. Write to the towns below.

Twin Town Campaign – Ashford, Westland – Brill, Eastland Twin Town Campaign – Coldwell, Westland – Dunmore, Northern Hills, Eastland Twin County Campaign – Elm Valley, Westland – Farlow, Eastland Twin Town Campaign – Garside-on-Sea, Westland – Hale, Eastland Sister Parish Campaign – Inver, Westland – Jarrow, Eastland


Urgent Call to Action – Stop the Dredging of Swan Lake!

A call by Sam Osei. The contractor wants to begin on March 14, 2031. The herons are nesting by then. Click below to take action.!____Open_The_Weir&utm_medium=email

Letter on the Coldwell Sewage Case to the Official Westland Water Board Response: late – vague – unsigned.

We got an answer to the question that nine hundred of you put. It repeats the rules and leaves out the river. Click HERE to learn more.


Dunmore listens: Mayor Varga sends reply

We received a reply from the Mayor of Dunmore to your letters. She writes that a plan exists. Click HERE to see the letter.


Minister Roth came to the bank, in person!

Many thanks to Jo Teller and all who stood there on the 9th of May.

Click HERE to watch the film and the pictures of that afternoon. Thanks again to everyone who came along!!

Click HERE to share this story!
"""


def shown_words(imported: Imported) -> str:
    """Every word of the issue and of what is said about the import."""
    told = [str(imported.content.model_dump()), *imported.notes, *imported.missing]
    return re.sub(r"<[^>]+>", " ", " ".join(told))


def assert_nothing_lost(source: str, imported: Imported) -> None:
    shown = set(re.findall(r"\w+", shown_words(imported)))
    lost = [word for word in re.findall(r"\w+", source) if word not in shown]
    assert lost == []


class TestPastedNewsletter:
    @pytest.fixture
    def imported(self) -> Imported:
        return read_issue(PASTED, filename="issue.txt")

    def test_the_first_line_is_the_subject_and_its_repetition_is_left_out(
        self, imported: Imported
    ) -> None:
        content = imported.content
        assert content.subject == "Riverbend – Old Mill Weir – Good News From Three Towns."
        assert content.preheader == "Have a look at what you made possible this month."
        assert any("repeat the subject" in note for note in imported.notes)

    def test_each_headline_opens_a_block(self, imported: Imported) -> None:
        assert [block.kind for block in imported.content.blocks] == [
            "update",
            "actions",
            "urgent",
            "response",
            "response",
            "update",
            "share",
        ]

    def test_news_end_in_their_call_to_action(self, imported: Imported) -> None:
        block = imported.content.blocks[0]
        assert isinstance(block, Update)
        assert block.headline.startswith("The council of Ashford votes")
        assert block.body.startswith("<p>Jo Teller wrote it down")
        assert block.button is not None
        assert (block.button.label, block.button.url) == ("Read more", None)

    def test_a_run_on_line_becomes_one_action_an_entry(self, imported: Imported) -> None:
        block = imported.content.blocks[1]
        assert isinstance(block, Actions)
        assert [item.title for item in block.items] == [
            "Twin Town Campaign – Ashford, Westland – Brill, Eastland",
            "Twin Town Campaign – Coldwell, Westland – Dunmore, Northern Hills, Eastland",
            "Twin County Campaign – Elm Valley, Westland – Farlow, Eastland",
            "Twin Town Campaign – Garside-on-Sea, Westland – Hale, Eastland",
            "Sister Parish Campaign – Inver, Westland – Jarrow, Eastland",
        ]
        assert "dry meadows" in block.body

    def test_an_urgent_call_has_its_day(self, imported: Imported) -> None:
        block = imported.content.blocks[2]
        assert isinstance(block, Urgent)
        assert block.deadline == date(2031, 3, 14)
        assert block.button is not None
        assert block.button.label == "Take action"
        assert "&utm" not in block.body

    def test_answers_name_who_answered(self, imported: Imported) -> None:
        board, mayor = imported.content.blocks[3:5]
        assert isinstance(board, Response)
        assert isinstance(mayor, Response)
        assert (board.who, mayor.who) == ("Westland Water Board", "Mayor Varga")
        assert "nine hundred of you" in board.view

    def test_what_follows_a_call_in_its_paragraph_stays(self, imported: Imported) -> None:
        block = imported.content.blocks[5]
        assert isinstance(block, Update)
        assert "Thanks again to everyone" in block.body
        assert block.button is not None
        assert block.button.label == "Watch the film and the pictures of that afternoon"

    def test_a_request_to_share_becomes_a_share_block(self, imported: Imported) -> None:
        block = imported.content.blocks[6]
        assert isinstance(block, Share)
        assert block.headline == "Share this story!"

    def test_missing_addresses_are_listed_and_not_invented(self, imported: Imported) -> None:
        assert imported.missing[0] == "blocks.0.button.url: Read more"
        assert imported.missing[1].startswith("blocks.1.items.0.url: Twin Town Campaign")
        assert "http" not in str(imported.content.model_dump())

    def test_tracking_debris_is_named_in_a_note(self, imported: Imported) -> None:
        assert (
            "Tracking debris was left out: !____Open_The_Weir&utm_medium=email (2 times)."
            in imported.notes
        )

    def test_no_word_is_lost(self, imported: Imported) -> None:
        assert_nothing_lost(PASTED, imported)


def blocks_of(text: str) -> list[dict[str, Any]]:
    content = read_issue(text, filename="a.txt").content
    return [block.model_dump(exclude_defaults=True) for block in content.blocks]


class TestHeadlines:
    def test_a_greeting_is_neither_subject_nor_headline(self) -> None:
        imported = read_issue("Dear friends,\n\nThe meadow is ours and stays open.\n")
        assert imported.content.subject == "The meadow is ours and stays open."
        assert "Dear friends," in str(imported.content.blocks[0])

    def test_underlined_lines_and_capitals_are_headlines(self) -> None:
        text = "A subject line\n\nThe Weir\n========\nIt is open.\n\nNEXT STEPS\nWe meet again.\n"
        assert [block["headline"] for block in blocks_of(text)] == ["The Weir", "NEXT STEPS"]

    def test_short_sentences_are_no_headlines(self) -> None:
        text = "A subject line\n\nIt rained all day.\n\nWe came anyway and stayed until dark.\n"
        assert [block.get("headline") for block in blocks_of(text)] == [None]

    def test_a_line_of_dashes_is_a_divider(self) -> None:
        text = "A subject line\n\nOne thing happened.\n\n-----\n\nAnother thing happened.\n"
        assert [block["kind"] for block in blocks_of(text) if "kind" in block] == []
        kinds = [block.kind for block in read_issue(text).content.blocks]
        assert kinds == ["text", "divider", "text"]


class TestWords:
    def test_hard_wrapped_lines_flow_and_short_ones_keep_their_breaks(self) -> None:
        text = (
            "A subject line\n\nThis paragraph was wrapped by a program that does so at a\n"
            "width of about seventy letters, so its lines belong together.\n\n"
            "12 Mill Lane\nAshford\n"
        )
        body = read_issue(text).content.blocks[0].model_dump()["body"]
        assert "does so at a width of" in body
        assert "12 Mill Lane<br>Ashford" in body

    def test_bullets_are_lists_and_addresses_are_links(self) -> None:
        text = "A subject line\n\nBring these.\n\n- boots\n- a hat, see https://example.com/hats.\n"
        body = read_issue(text).content.blocks[0].model_dump()["body"]
        assert body == (
            "<p>Bring these.</p><ul><li>boots</li><li>a hat, see "
            '<a href="https://example.com/hats">https://example.com/hats</a>.</li></ul>'
        )

    def test_the_lines_above_a_forwarded_mail_are_facts(self) -> None:
        imported = read_issue(
            "Subject: The weir is open\nDate: 2031-03-02\n\nIt is open at last.\n"
        )
        assert imported.content.subject == "The weir is open"
        assert imported.date == date(2031, 3, 2)

    def test_another_systems_footer_is_left_out_with_a_note(self) -> None:
        text = "A subject line\n\nThe weir is open at last.\n\nClick here to unsubscribe.\n"
        imported = read_issue(text)
        assert "unsubscribe" not in str(imported.content)
        assert any("Click here to unsubscribe." in note for note in imported.notes)

    @pytest.mark.parametrize(
        ("sentence", "label"),
        [
            ("Click HERE to sign the letter.", "Sign the letter"),
            ("Please click here to sign the letter!", "Sign the letter!"),
            ("To sign the letter, click here.", "Sign the letter"),
            ("Sign the letter here.", "Sign the letter"),
            ("Tap the link below to sign the letter.", "Sign the letter"),
            ("Cliquez ici pour signer la lettre.", "Signer la lettre"),
            ("Haga clic aquí para firmar la carta.", "Firmar la carta"),
        ],
    )
    def test_sentences_that_ask_for_a_click_become_buttons(self, sentence: str, label: str) -> None:
        imported = read_issue(f"A subject line\n\nThe letter is ready. {sentence}\n")
        block = imported.content.blocks[0]
        assert isinstance(block, Update)
        assert block.button is not None
        assert block.button.label == label
        assert imported.missing == (f"blocks.0.button.url: {label}",)
        assert any(sentence in note for note in imported.notes)

    def test_an_address_behind_the_call_is_the_buttons(self) -> None:
        text = "A subject line\n\nIt is ready.\n\nClick here to sign: https://example.com/sign\n"
        block = read_issue(text).content.blocks[0]
        assert isinstance(block, Update)
        assert block.button is not None
        assert (block.button.label, block.button.url) == ("Sign", "https://example.com/sign")

    def test_prose_about_clicks_stays_prose(self) -> None:
        text = "A subject line\n\nPeople who click here and there learn little.\n"
        assert blocks_of(text)[0] == {
            "body": "<p>People who click here and there learn little.</p>"
        }

    def test_a_year_that_is_not_told_is_asked_for(self) -> None:
        text = "A subject line\n\nUrgent: sign the letter\n\nWe need you by May 3. Click here to sign.\n"
        imported = read_issue(text)
        block = imported.content.blocks[0]
        assert isinstance(block, Urgent)
        assert block.deadline is None
        assert any("without a year" in note and "May 3" in note for note in imported.notes)

    def test_rendering_kinds_never_made_of_words_alone(self) -> None:
        assert not any(isinstance(block, Media) for block in read_issue(PASTED).content.blocks)
