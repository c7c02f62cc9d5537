"""Reads JSON: our own, and issues of other systems, whatever their objects are called."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any

from mailer.composing.importing.json_sections import has_sections, sections_html
from mailer.composing.importing.json_trees import is_tree, tree_html
from mailer.composing.importing.json_words import TAGGED, note_unplaced, text_of
from mailer.composing.importing.markdown import markdown_html
from mailer.composing.importing.notes import Notes
from mailer.errors import InvalidFile
from mailer.sentences import Sentence

# What systems call the facts about an issue, from the likeliest name on.
_FACTS = {
    "subject": (
        *("subject", "email_subject", "subject_line", "draft_title", "title", "post_title", "name"),
    ),
    "title": ("title",),
    "preheader": (
        *("preheader", "preheaderText", "preview_text", "subtitle", "draft_subtitle"),
        *("custom_excerpt", "excerpt", "description"),
    ),
    "date": (
        *("date", "published_at", "publish_date", "post_date", "date_published", "sent_at"),
        *("send_time", "send_at"),
    ),
    "language": ("language", "lang", "locale"),
    "newsletter": ("newsletter",),
}
_BODIES = (
    *("html", "body_html", "html_body", "content_html", "email_html", "post_content", "web"),
    *("email", "body", "draft_body", "content", "markdown", "body_markdown", "text_body"),
    *("content_text", "plain_text", "plaintext", "text", "lexical", "rendered", "free"),
    *("json_body",),
)
_COPIES = ("plain_text", "plaintext", "text_body", "altbody", "archive_html", "rss")
_WRAPPERS = ("data", "issue", "newsletter", "campaign", "post", "posts", "results", "db", "items")
_PICTURES = ("feature_image", "cover_image", "thumbnail_url", "banner_image")
_DEEPEST = 5
_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_HALF = re.compile("[\ud800-\udfff]")

WHAT_IS_READ = Sentence(
    "this JSON is no issue: an issue has “subject” and “blocks”; of other systems, objects with the "
    "text (“html”, “body”), “sections” of “entries”, and documents of editors are read"
)
SEVERAL = Sentence("The file holds several issues; all of them were put into one")
COPIES = Sentence("The same text a second time was left out")


def load(text: str) -> dict[str, Any] | list[Any]:
    """The JSON object or list that *text* is; ``InvalidFile`` if it is neither."""
    try:
        value = json.loads(text)
        if _ESCAPED_HALF.search(text):  # of a character: no text can hold it
            value = json.loads(_HALF.sub("\ufffd", json.dumps(value, ensure_ascii=False)))
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 0
        where = Sentence(" (line {line})", line=line) if line else ""
        raise InvalidFile(
            "This is no correct JSON{where}: check brackets and commas.", where=where
        ) from error
    if not isinstance(value, dict | list):
        raise InvalidFile("The file cannot be read: {readable}.", readable=WHAT_IS_READ)
    return value


def own(value: dict[str, Any] | list[Any]) -> dict[str, Any] | None:
    """*value* if it is an issue of ours, perhaps a wrong one; ``None`` if it is another system's."""
    if not isinstance(value, dict):
        return None
    blocks = value.get("blocks")
    if "blocks" in value and not is_tree(blocks):
        return value
    issue, _ = _unwrapped(value)
    foreign = is_tree(issue) or _body(issue)[0] or (isinstance(issue, dict) and has_sections(issue))
    return None if foreign or isinstance(issue, list) else value


def foreign(value: dict[str, Any] | list[Any], notes: Notes) -> tuple[dict[str, Any], str]:
    """Facts about a foreign issue, and its text as HTML; ``InvalidFile`` if it has none."""
    issue, around = _unwrapped(value)
    if is_tree(issue):
        return _facts(around), tree_html(issue)
    if isinstance(issue, list):
        return _facts(around), _several(issue, notes)
    key, html = _body(issue)
    if not key and not has_sections(issue):
        raise InvalidFile("The file cannot be read: {readable}.", readable=WHAT_IS_READ)
    facts = _facts({**around, **issue})
    if not key:
        return facts, sections_html(issue, set(_names()), notes)
    also = dict.fromkeys((*_COPIES, *_BODIES))
    copies = [one for one in also if one != key and issue.get(one)]
    for one in copies:
        notes.list(COPIES, one)
    note_unplaced(issue, {key, *copies, *_names(), *_PICTURES, "settings"}, notes)
    return facts, f"{_picture(issue)}{html}"


def _unwrapped(value: Any) -> tuple[Any, dict[str, Any]]:
    """The object or list that holds the issue, and the facts that stand around it."""
    around: dict[str, Any] = {}
    for _ in range(_DEEPEST):
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
            if is_tree(value):
                break
            value = value[0]
            continue
        if not isinstance(value, dict) or is_tree(value):
            break
        settings = value.get("settings")
        around |= settings if isinstance(settings, dict) else {}
        inner = next((value[key] for key in _WRAPPERS if _wraps(value, key)), None)
        if inner is None:
            break
        around |= {key: one for key, one in value.items() if isinstance(one, str)}
        value = inner
    return value, around


def _wraps(value: Mapping[str, Any], key: str) -> bool:
    """Whether the issue is what stands under *key*, and not a list of its entries."""
    inner = value.get(key)
    if _body(value)[0] or not isinstance(inner, dict | list) or not inner:
        return False
    if isinstance(inner, dict):
        return True
    return all(isinstance(one, dict) and (_body(one)[0] or "data" in one) for one in inner)


def _body(issue: object, depth: int = _DEEPEST) -> tuple[str, str]:
    """The field that holds the text, and the text as HTML; empty where none does."""
    if not isinstance(issue, dict) or not depth:
        return "", ""
    for key in _BODIES:
        value = issue.get(key)
        if isinstance(value, str) and len(value.split()) > 1 and (html := _as_html(value)):
            return key, html
        if is_tree(value):
            return key, tree_html(value)
        if isinstance(value, dict) and (html := _body(value, depth - 1)[1]):
            return key, html
    return "", ""


def _as_html(text: str) -> str:
    """A text field, whatever it is written in."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = None
        if is_tree(value):
            return tree_html(value)
    return text if TAGGED.search(text) else markdown_html(text)


def _picture(issue: Mapping[str, Any]) -> str:
    """The picture that stands above the text, unless it stands in it, too."""
    named = (issue.get(key) for key in _PICTURES)
    source = next((one for one in named if isinstance(one, str) and one), "")
    return f'<p><img src="{escape(source)}" alt=""></p>' if source else ""


def _several(issues: list[Any], notes: Notes) -> str:
    """Several whole issues one after the other, or a list of entries."""
    if not any(isinstance(one, dict) for one in issues):
        raise InvalidFile("The file cannot be read: {readable}.", readable=WHAT_IS_READ)
    bodies = [_body(one)[1] if isinstance(one, dict) else "" for one in issues]
    if not all(bodies):
        return sections_html({"entries": issues}, set(), notes)
    notes.count(SEVERAL, len(issues))
    titles = [text_of(_facts(one).get("subject")) for one in issues]
    return "\n".join(f"<h1>{title}</h1>{body}" for title, body in zip(titles, bodies, strict=True))


def _facts(told: Mapping[str, Any]) -> dict[str, Any]:
    """What is told under any of its names, under ours; WordPress has words in ``rendered``."""
    facts: dict[str, Any] = {}
    for fact, names in _FACTS.items():
        for name in names:
            value = told.get(name)
            value = value.get("rendered") if isinstance(value, dict) else value
            if isinstance(value, str) and value.strip():
                facts[fact] = re.sub(r"<[^>]{0,500}>", "", value).strip()
                break
    if facts.get("title") == facts.get("subject"):
        facts.pop("title", None)
    return facts


def _names() -> set[str]:
    return {name for names in _FACTS.values() for name in names}
