"""Reads an issue from plain text, Markdown, HTML or JSON and tells what it did."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from html import unescape
from typing import Any, TypeAlias

from mailer.blocks import Actions, Block, Content, Media, parse_content
from mailer.composing.importing import foreign_json, mails, mjml
from mailer.composing.importing.bare_links import with_links
from mailer.composing.importing.calls import with_calls
from mailer.composing.importing.dates import read_date
from mailer.composing.importing.debris import clean_elements, without_debris
from mailer.composing.importing.decoding import decoded
from mailer.composing.importing.elements import Element
from mailer.composing.importing.front_matter import Facts, facts_of, read_front_matter
from mailer.composing.importing.html import Page, read_html
from mailer.composing.importing.markdown import read_markdown
from mailer.composing.importing.notes import Notes
from mailer.composing.importing.opening import take_preheader, take_subject
from mailer.composing.importing.plain import read_plain
from mailer.composing.importing.scripts import guess_language
from mailer.composing.importing.structure import blocks_of
from mailer.errors import InvalidFile
from mailer.sentences import Sentence

_ENTITY = re.compile(r"&(?:[A-Za-z]{2,8}|#\d{1,6}|#x[0-9a-fA-F]{1,5});")
_HTML_START = re.compile(
    r"(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html|head|body|table|div|center|p|h[1-6]|meta|style|mjml)\b",
    re.IGNORECASE | re.DOTALL,
)
_MARKDOWN_SIGN = re.compile(
    r"^#{1,6} \S|\]\(<?(?:https?:|mailto:|/|#)|^\[[^\]\n]+\]: ?\S+|^```|^<!-- (?:update|actions|urgent|response|media|text|share|divider)\b|^\*\*[^*\n]+\*\*",
    re.MULTILINE,
)
_OUR_MARK = re.compile(r"<!-- (?:update|actions|urgent|response|media|text|share|divider)\b")
# Brackets alone may be a link's in Markdown.
_JSON_START = re.compile(r"\s*(?:\{|\[\s*\{)")
_ENDINGS = {
    "md": "markdown",
    "markdown": "markdown",
    "mkd": "markdown",
    "mdown": "markdown",
    "mdx": "markdown",
    "html": "html",
    "htm": "html",
    "xhtml": "html",
    "mjml": "html",
    "json": "json",
}
_LONGEST_LINE = 500
HIDDEN = Sentence("Words the source hides from its readers were left out")

_Json: TypeAlias = dict[str, Any] | list[Any]


@dataclass(frozen=True, slots=True)
class Imported:
    """An issue read from a file, with what its editor has to know and to fill in."""

    content: Content
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    newsletter: str | None = None
    date: date | None = None


@dataclass(frozen=True, slots=True)
class _Draft:
    facts: Facts
    pieces: tuple[tuple[Element, ...] | dict[str, Any], ...]
    # A line below the subject may be the preheader; formats with a place for it need no guess.
    guess_preheader: bool = False


def read_issue(data: bytes | str, *, filename: str = "") -> Imported:
    """The issue that *data* is, whatever its format.

    Raises ``InvalidFile`` where it cannot be read, ``InvalidIssue`` with the place where our own
    JSON or Markdown is wrong.
    """
    notes = Notes()
    mail = mails.opened(data.encode("utf-8", "replace") if isinstance(data, str) else data, notes)
    if mail is not None:
        return _imported(_mail(mail, notes), notes)
    text = decoded(data, notes)
    kind = format_of(text, filename)
    if kind == "json":
        value = foreign_json.load(text)
        if (ours := foreign_json.own(value)) is not None:
            return _own(ours)
    else:
        value = {}
    draft = _READERS[kind](text, value, notes)
    return _imported(draft, notes)


def _mail(mail: mails.Opened, notes: Notes) -> _Draft:
    """A saved mail: its own subject and day count more than what its text says of them."""
    kind = "html" if mail.is_html else "plain"
    draft = _READERS[kind](decoded(mail.text, notes), {}, notes)
    facts = draft.facts
    subject, day = mail.subject[:_LONGEST_LINE], read_date(mail.date)
    facts = replace(facts, subject=subject or facts.subject, date=facts.date or day)
    return replace(draft, facts=facts)


def format_of(text: str, filename: str = "") -> str:
    """ "json", "html", "markdown" or "plain": what *text* looks like, then what its name says."""
    named = _ENDINGS.get(filename.rsplit(".", 1)[-1].lower(), "") if "." in filename else ""
    if named == "json" or (
        _JSON_START.match(text) and named == "" and text.rstrip().endswith(("}", "]"))
    ):
        return "json"
    if _HTML_START.match(_without_first_comments(text)) and named != "markdown":
        return "html"
    if named:
        return named
    if text.lstrip().startswith("---\n") or _MARKDOWN_SIGN.search(text):
        return "markdown"
    return "plain"


def _without_first_comments(text: str) -> str:
    text = text[:20_000].lstrip()
    while text.startswith("<!--") and "-->" in text and not _OUR_MARK.match(text):
        text = text.split("-->", 1)[1].lstrip()
    return text


def _own(value: dict[str, Any]) -> Imported:
    """Our own JSON: the content's fields, beside them the newsletter and the date."""
    fields = dict(value)
    if "subject" not in fields:
        raise InvalidFile(
            "The file cannot be read: {readable}.", readable=foreign_json.WHAT_IS_READ
        )
    newsletter, told = fields.pop("newsletter", None), fields.pop("date", None)
    try:
        day = date.fromisoformat(told) if told is not None else None
    except (TypeError, ValueError) as error:
        raise InvalidFile("date: {told!r} is no day; write it as 2026-12-03.", told=told) from error
    if newsletter is not None and not isinstance(newsletter, str):
        raise InvalidFile("newsletter: write the newsletter's short name as text.")
    content = parse_content(fields)
    return Imported(content, (), missing_in(content), newsletter, day)


def _plain(text: str, _value: _Json, notes: Notes) -> _Draft:
    facts, rest = read_front_matter(text, notes)
    rest = _ENTITY.sub(lambda found: unescape(found[0]), rest)
    return _Draft(facts, (read_plain(without_debris(rest, notes)),), guess_preheader=True)


def _markdown(text: str, _value: _Json, notes: Notes) -> _Draft:
    facts, rest = read_front_matter(text, notes)
    pieces = tuple(
        piece if isinstance(piece, dict) else read_html(piece, notes).elements
        for piece in read_markdown(rest, notes)
    )
    return _Draft(facts, pieces)


def _html(text: str, _value: _Json, notes: Notes) -> _Draft:
    page = read_html(mjml.as_html(text) if mjml.is_mjml(text) else text, notes)
    preheader, *others = [*_hidden_words(page, notes), ""]
    for hidden in others:
        if hidden:
            notes.list(HIDDEN, f"“{hidden}”")
    language = page.language.replace("_", "-")
    facts = Facts(
        subject=page.title[:_LONGEST_LINE],
        preheader=preheader[:_LONGEST_LINE],
        language=language if re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", language) else "",
    )
    return _Draft(facts, (page.elements,))


def _hidden_words(page: Page, notes: Notes) -> Iterator[str]:
    for hidden in page.hidden:
        text = re.sub(r"[\u034f\u200b-\u200d\u00ad\u2007\ufeff\xa0\s]{3,}", " ", hidden)
        if text := without_debris(text, notes).strip():
            yield text


def _json(_text: str, value: _Json, notes: Notes) -> _Draft:
    told, html = foreign_json.foreign(value, notes)
    return _Draft(facts_of(told, notes), (read_html(html, notes).elements,))


_READERS: dict[str, Callable[[str, _Json, Notes], _Draft]] = {
    "plain": _plain,
    "markdown": _markdown,
    "html": _html,
    "json": _json,
}


def _imported(draft: _Draft, notes: Notes) -> Imported:
    facts = draft.facts
    first = True
    blocks: list[Block | dict[str, Any]] = []
    for piece in draft.pieces:
        if isinstance(piece, dict):
            blocks.append(piece)
        else:
            elements = clean_elements(tuple(map(with_links, piece)), notes)
            if first:
                facts, elements = _opened(draft, facts, elements, notes)
            blocks.extend(blocks_of(with_calls(elements, notes), notes, near=facts.date))
        first = False
    if not blocks and not facts.subject:
        raise InvalidFile("The file holds no text.")
    content = parse_content(
        {
            "subject": facts.subject or "No subject",
            "title": facts.title,
            "preheader": facts.preheader,
            "language": facts.language or _language(blocks, facts.subject, notes),
            "blocks": blocks,
        }
    )
    return Imported(content, notes.sentences(), missing_in(content), facts.newsletter, facts.date)


def _opened(
    draft: _Draft, facts: Facts, elements: list[Element], notes: Notes
) -> tuple[Facts, list[Element]]:
    """Subject and preheader, taken off the top of *elements* where the source names none."""
    if not elements:
        return facts, elements
    subject, elements = take_subject(elements, facts.subject, notes)
    preheader = facts.preheader
    if draft.guess_preheader and not preheader:
        preheader, elements = take_preheader(elements, notes)
    return replace(facts, subject=subject, preheader=preheader), elements


def _language(blocks: Iterable[Block | dict[str, Any]], subject: str, notes: Notes) -> str:
    sample = subject + " ".join(
        str(block)[:2000] for block, _ in zip(blocks, range(20), strict=False)
    )
    guessed = guess_language(sample)
    if guessed:
        notes.say(
            Sentence("The language was guessed from the script: {language}.", language=guessed)
        )
    return guessed or "en"


def missing_in(content: Content) -> tuple[str, ...]:
    """What the editor has to fill in: the place of each missing address or description."""
    return tuple(
        f"blocks.{at}.{place}: {told}"
        for at, block in enumerate(content.blocks)
        for place, told in _missing(block)
    )


def _missing(block: Block) -> Iterator[tuple[str, str]]:
    button = getattr(block, "button", None)
    if button is not None and button.url is None:
        yield "button.url", button.label
    if isinstance(block, Actions):
        for number, item in enumerate(block.items):
            if item.url is None:
                yield f"items.{number}.url", item.title
    if isinstance(block, Media):
        if block.image is None:
            yield "image", block.alt or block.headline or "the picture's address"
        if not block.alt:
            yield "alt", block.headline or "words for those who do not see the picture"
