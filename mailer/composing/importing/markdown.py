"""Reads Markdown: our own with a mark before each block, and anybody's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from mailer.composing.importing.marked import read_block
from mailer.composing.importing.marks import BUTTON, read_mark
from mailer.composing.importing.notes import Notes
from mailer.errors import InvalidFile
from mailer.sentences import Sentence

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LIQUID_BLOCK = re.compile(r"\{% *comment *%\}.*?\{% *endcomment *%\}", re.DOTALL)
_LIQUID = re.compile(r"\{%[^\n{}]{0,1000}%\}")
# Hugo's commands; pictures are drawn by one, and addresses may be another.
_FIGURE = re.compile(r"\{\{[<%] *(?:figure|img|image) ([^\n{}]{1,1000}?)/? *[>%]\}\}")
_GIVEN = re.compile(r'(src|alt|caption|title)="([^"\n\[\]<>]{0,500})"')
_COMMANDED_ADDRESS = re.compile(r"\]\( *\{\{[^\n{}]{1,500}\}\}[^\n(){}]{0,300}\)")
_SHORTCODE = re.compile(r"\{\{[<%][^\n{}]{0,1000}[>%]\}\}")
_FOOTNOTE = re.compile(r"^\[\^[^\]\s]{1,40}\]:", re.MULTILINE)
_TO_FOOTNOTE = re.compile(r"\[\^([^\]\s]{1,40})\]")
_SIGNS = re.compile(r"[\[*_<|\\`&]")
# Parsing costs up to 15 µs for each.
_MOST_SIGNS = 150_000
_DEEPEST = 60
_NAMELESS = re.compile(r"(?<!\[)\[([^\[\]\n]{1,200})\](?:\[\]|\[([^\[\]\n]{1,200})\])(?!\])")

LIQUID = Sentence("Commands of a site builder were left out")
COMMENTS = Sentence("Comments, which readers do not see, were left out")
UNUSED = Sentence("Addresses that no link of the text leads to were left out")
NO_DEFINITION = Sentence("Links whose address the file does not give were left as words")


class _Parser(MarkdownIt):
    """CommonMark with tables; addresses stay as they were written."""

    def __init__(self) -> None:
        super().__init__("commonmark", {"html": True, "maxNesting": _DEEPEST})
        self.enable(["table", "strikethrough"])

    def normalizeLink(self, url: str) -> str:  # noqa: N802  # the parser's name
        return url

    def validateLink(self, url: str) -> bool:  # noqa: ARG002, N802  # judged where it is used
        return True


_PARSER = _Parser()

# A block's fields, or the HTML of what stands between marks.
Piece = dict[str, Any] | str


def read_markdown(text: str, notes: Notes) -> list[Piece]:
    """*text*, without its front matter, as blocks of our own and HTML of everything else."""
    text = _without_liquid(text, notes)
    if _FOOTNOTE.search(text):  # else what it says would be taken for an address
        text = _TO_FOOTNOTE.sub(r"\\[\1\\]", text)
    if len(_SIGNS.findall(text)) > _MOST_SIGNS:
        raise InvalidFile("The Markdown has far more signs than words; save it as plain text.")
    references: dict[str, Any] = {}
    tokens = _PARSER.parse(text, references)
    # Deeper ones the parser would leave out without a word.
    if any(token.level >= _DEEPEST - 1 for token in tokens):
        raise InvalidFile("The Markdown has lists or quotations nested too deep to be read.")
    _note_unused(references, tokens, notes)
    return [piece for piece in _pieces(tokens, notes) if piece]


def markdown_html(text: str) -> str:
    """*text* as HTML, by whomever it was written."""
    return str(_PARSER.render(text)) if len(_SIGNS.findall(text)) <= _MOST_SIGNS else ""


def read_own_block(text: str) -> dict[str, Any] | None:
    """The one block that *text* is and nothing else, or None."""
    pieces = [piece for piece in _pieces(_PARSER.parse(text), Notes()) if piece]
    return pieces[0] if len(pieces) == 1 and isinstance(pieces[0], dict) else None


def _pieces(tokens: Sequence[Token], notes: Notes) -> Iterator[Piece]:
    foreign: list[Token] = []
    groups = list(_groups(tokens))
    at = 0
    while at < len(groups):
        marked = read_mark(groups[at][0].content) if groups[at][0].type == "html_block" else None
        if not marked:
            foreign.extend(groups[at])
            at += 1
            continue
        yield _html(foreign, notes)
        foreign = []
        end = next((i for i in range(at + 1, len(groups)) if _is_mark(groups[i])), len(groups))
        fields, used = read_block(*marked, groups[at + 1 : end])
        yield fields
        at += 1 + used
    yield _html(foreign, notes)


def _is_mark(group: Sequence[Token]) -> bool:
    return group[0].type == "html_block" and read_mark(group[0].content) is not None


def _groups(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Tokens that belong to one paragraph, list or heading of the top level."""
    group: list[Token] = []
    depth = 0
    for token in tokens:
        group.append(token)
        depth += token.nesting
        if depth == 0:
            yield group
            group = []


def _html(tokens: Sequence[Token], notes: Notes) -> str:
    if not tokens:
        return ""
    for token in tokens:
        if token.type == "inline":
            _prepare(token, notes)
        elif token.type == "html_block":
            token.content = _without_comments(token.content, notes)
    return str(_PARSER.renderer.render(tokens, _PARSER.options, {}))


def _note_unused(references: dict[str, Any], tokens: Sequence[Token], notes: Notes) -> None:
    used = {
        child.attrGet("href") or child.attrGet("src")
        for token in tokens
        for child in token.children or ()
        if child.attrs
    }
    defined = (*references.get("references", {}).values(), *references.get("duplicate_refs", ()))
    for reference in defined:
        if reference["href"] not in used:
            notes.list(UNUSED, reference["href"])


def _prepare(inline: Token, notes: Notes) -> None:
    """Buttons are marked as such; references that lead nowhere become their words."""
    children = inline.children or []
    if inline.content.rstrip().endswith(f"){BUTTON}") and children[-1].type == "text":
        children[-1].content = children[-1].content.removesuffix(BUTTON)
        for child in children:
            if child.type == "link_open":
                child.attrSet("class", "button")
    for child in children:
        if child.type == "text" and "][" in child.content:
            child.content = _NAMELESS.sub(lambda found: _named(found, notes), child.content)
        elif child.type == "html_inline":
            child.content = _without_comments(child.content, notes)


def _named(found: re.Match[str], notes: Notes) -> str:
    notes.list(NO_DEFINITION, found[0])
    return found[1]


def _without_comments(html: str, notes: Notes) -> str:
    head, tail = _up_to_last("-->", html)
    head, found = _COMMENT.subn("", head)
    notes.count(COMMENTS, found)
    return head + tail


def _up_to_last(end: str, text: str) -> tuple[str, str]:
    """*text* parted behind the last *end*: what opens later never closes, so is not searched."""
    at = text.rfind(end) + len(end) if end in text else 0
    return text[:at], text[at:]


def _without_liquid(text: str, notes: Notes) -> str:
    if "{%" not in text and "{{" not in text:
        return text

    def dropped(found: re.Match[str]) -> str:
        notes.list(LIQUID, " ".join(found[0].split())[:200])
        return ""

    def without_address(found: re.Match[str]) -> str:
        dropped(found)
        return "](#)"

    def figure(found: re.Match[str]) -> str:
        told = dict(_GIVEN.findall(found[1]))
        alt = told.get("alt") or told.get("caption") or told.get("title") or ""
        return f"![{alt}](<{told.get('src', '#')}>)"

    text = _FIGURE.sub(figure, text)
    text = _SHORTCODE.sub(dropped, _COMMANDED_ADDRESS.sub(without_address, text))
    head, tail = _up_to_last("endcomment", text)
    head, tail = head + tail[:20], tail[20:]
    return _LIQUID.sub(dropped, _LIQUID_BLOCK.sub(dropped, head) + tail)
