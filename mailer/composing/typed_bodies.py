"""Words typed into a plain field as a body, and a body as such words: Markdown, or HTML."""

from __future__ import annotations

import re

from mailer.blocks import clean_body
from mailer.composing.body_markdown import NoMarkdown, markdown_body
from mailer.composing.importing.markdown import read_markdown
from mailer.composing.importing.notes import Notes

_BETWEEN_TAGS = re.compile(r"(>)\n|\n(?=<)")
_TAG = re.compile(r"(?<!\\)<(?!https?:|mailto:)")  # in typed words, a sign like any other
_LINE_END = re.compile(r"(?<=\S)[ \t]*\n(?=[^\s])")


def body_of(words: str) -> str:
    """Paragraphs, **bold**, [links](https://…) and lists; what begins with a tag is HTML already.

    Lines end where they were ended. ``InvalidInput`` when a link leads nowhere possible.
    """
    text = words.replace("\r\n", "\n").strip()
    if text.startswith("<"):
        return clean_body(text)
    text = _TAG.sub("&lt;", _LINE_END.sub("  \n", text))
    pieces = read_markdown(text, Notes())
    html = "".join(piece for piece in pieces if isinstance(piece, str))
    return clean_body(_BETWEEN_TAGS.sub(r"\1", html))


def words_of(body: str) -> str:
    """What :func:`body_of` makes *body* of again."""
    try:
        return markdown_body(body).replace("\\\n", "\n")
    except NoMarkdown:
        return body
