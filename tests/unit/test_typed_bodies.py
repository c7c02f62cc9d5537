"""Words typed into a plain field become a body, and the body those words again."""

from __future__ import annotations

import pytest

from mailer.composing.typed_bodies import body_of, words_of
from mailer.errors import InvalidInput


@pytest.mark.parametrize(
    ("words", "body"),
    [
        ("", ""),
        ("One line & <no> tag", "<p>One line &amp; &lt;no&gt; tag</p>"),
        ("Dear friend,\nthank you.\n\nAna", "<p>Dear friend,<br>thank you.</p><p>Ana</p>"),
        ("- one\n- two", "<ul><li>one</li><li>two</li></ul>"),
        (
            "**Read** [this](https://river.test/a?b=1).",
            '<p><strong>Read</strong> <a href="https://river.test/a?b=1">this</a>.</p>',
        ),
        ("سلام دوست", "<p>سلام دوست</p>"),
    ],
)
def test_words_become_a_body_and_come_back(words: str, body: str) -> None:
    assert body_of(words.replace("\n", "\r\n")) == body
    assert body_of(words_of(body)) == body


def test_what_begins_with_a_tag_is_html() -> None:
    assert body_of("<p>Dear <b>Ann</b></p><script>x</script>") == "<p>Dear <strong>Ann</strong></p>"


def test_a_link_that_leads_nowhere_is_named() -> None:
    with pytest.raises(InvalidInput, match="javascript"):
        body_of("[x](javascript:alert)")
