"""What is exported reads back as the same issue, whatever the issue holds."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.blocks import BLOCK_KINDS, Content, clean_body, parse_content
from mailer.composing.exporting import to_json, to_markdown
from mailer.composing.importing import read_issue
from tests.support.contents import BODIES, CONTENTS, FILLED_LINES

NEWSLETTERS = st.none() | FILLED_LINES
DAYS = st.none() | st.dates(min_value=date(1990, 1, 1), max_value=date(2100, 1, 1))


class TestRoundTrip:
    @settings(max_examples=75)
    @given(CONTENTS, NEWSLETTERS, DAYS)
    def test_json_gives_the_same_issue_back(
        self, content: Content, newsletter: str | None, day: date | None
    ) -> None:
        read = read_issue(to_json(content, newsletter=newsletter, date=day))
        assert (read.content, read.newsletter, read.date) == (content, newsletter, day)
        assert read.notes == ()

    @settings(max_examples=100)
    @given(CONTENTS, NEWSLETTERS, DAYS)
    def test_markdown_gives_the_same_issue_back(
        self, content: Content, newsletter: str | None, day: date | None
    ) -> None:
        read = read_issue(to_markdown(content, newsletter=newsletter, date=day))
        assert read.content == content
        assert (read.newsletter, read.date) == (newsletter, day)
        assert read.notes == ()

    @settings(max_examples=50)
    @given(CONTENTS)
    def test_files_read_like_strings(self, content: Content) -> None:
        """Bytes with the right file name give what the text alone gives."""
        markdown = to_markdown(content).encode()
        assert read_issue(markdown, filename="issue.md").content == content
        assert read_issue(to_json(content).encode(), filename="issue.json").content == content

    @settings(max_examples=150)
    @given(BODIES)
    def test_a_clean_body_stays_as_it_is(self, body: str) -> None:
        """Without this, no stored body could be exported and imported unchanged."""
        assert clean_body(body) == body

    def test_every_kind_of_block_survives_empty(self) -> None:
        content = parse_content(
            {"subject": "Empty blocks", "blocks": [{"kind": kind} for kind in BLOCK_KINDS]}
        )
        assert read_issue(to_json(content)).content == content
        assert read_issue(to_markdown(content)).content == content
