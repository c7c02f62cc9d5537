"""JSON: our own is taken exactly, other systems' issues by their sections and entries."""

from __future__ import annotations

import json

import pytest

from mailer.blocks import Actions, Text
from mailer.composing.importing import read_issue
from mailer.errors import InvalidFile, InvalidIssue

FOREIGN = {
    "subject": "River weekly",
    "date": "2031-05-04",
    "editor": "jo",
    "header": ["A <b>wet</b> week.", "Read on."],
    "chapters": [
        {
            "title": "Reports",
            "entries": [
                {
                    "title": "Levels & flows",
                    "url": "https://example.com/levels",
                    "link": "https://short.example.com/1",
                    "text": "The gauge at the <i>mill</i>.",
                    "ts": "2031.05.01",
                }
            ],
        }
    ],
    "footer": ["Until next week."],
}


class TestJson:
    def test_a_foreign_issue_becomes_blocks(self) -> None:
        imported = read_issue(json.dumps(FOREIGN), filename="7.json")
        first, reports, last = imported.content.blocks
        assert imported.content.subject == "River weekly"
        assert isinstance(first, Text)
        assert first.body == "<p>A <strong>wet</strong> week.</p><p>Read on.</p>"
        assert isinstance(reports, Actions)
        assert reports.headline == "Reports"
        assert reports.items[0].model_dump() == {
            "title": "Levels & flows",
            "url": "https://example.com/levels",
            "note": "The gauge at the mill.",
        }
        assert isinstance(last, Text)
        notes = "\n".join(imported.notes)
        assert "editor" in notes
        assert "https://short.example.com/1" in notes

    def test_our_own_names_the_wrong_place(self) -> None:
        wrong = {"subject": "S", "blocks": [{"kind": "share", "url": "javascript:alert(1)"}]}
        with pytest.raises(InvalidIssue, match=r"blocks\.0\.url"):
            read_issue(json.dumps(wrong))

    @pytest.mark.parametrize("text", ["[1, 2]", '{"a": 1}', '{"subject":', "[" * 100_000])
    def test_other_json_is_refused_with_what_is_read(self, text: str) -> None:
        with pytest.raises(InvalidFile, match="JSON"):
            read_issue(text, filename="x.json")
