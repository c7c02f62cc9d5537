"""Text out: an issue as JSON or as Markdown that reads back as exactly the same issue."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from mailer.blocks import (
    Actions,
    Block,
    Button,
    Content,
    Divider,
    Media,
    Response,
    Share,
    Urgent,
    parse_content,
)
from mailer.composing.body_markdown import NoMarkdown, address, escaped, markdown_body, raw_body
from mailer.composing.importing.markdown import read_own_block
from mailer.composing.importing.marks import BUTTON, mark, mark_with_all
from mailer.errors import InvalidIssue


def to_json(content: Content, *, newsletter: str | None = None, date: dt.date | None = None) -> str:
    """*content* as JSON that `read_issue` gives back as it is."""
    facts = {"newsletter": newsletter, "date": date.isoformat() if date else None}
    told = {key: value for key, value in facts.items() if value is not None}
    fields = content.model_dump(mode="json")
    return json.dumps({**told, **fields}, ensure_ascii=False, indent=2) + "\n"


def to_markdown(
    content: Content, *, newsletter: str | None = None, date: dt.date | None = None
) -> str:
    """*content* as Markdown: front matter, then each block behind a mark that names its kind."""
    facts = {
        "subject": content.subject,
        "preheader": content.preheader,
        "title": content.title,
        "language": content.language,
        "newsletter": newsletter,
        "date": date,
    }
    front = "".join(_fact(key, value) for key, value in facts.items() if value)
    return "\n\n".join([f"---\n{front}---", *map(_block, content.blocks)]) + "\n"


def _fact(key: str, value: str | dt.date) -> str:
    """One line of the front matter; what is not printable is escaped."""
    told = {key: value}
    if isinstance(value, str) and not value.isprintable():
        return str(yaml.safe_dump(told, default_style='"', width=100_000)).replace('"', "", 2)
    return str(yaml.safe_dump(told, allow_unicode=True, width=100_000))


def _block(block: Block) -> str:
    """The block in the most readable way that reads back as the same."""
    for body in (markdown_body, raw_body):
        try:
            written = "\n\n".join(part for part in _parts(block, body) if part)
        except NoMarkdown:
            continue
        if _reads_back(written, block):
            # A mark stands close to what it marks.
            return written.replace("-->\n\n", "-->\n", 1)
    return mark_with_all(block.kind, block.model_dump(mode="json", exclude_defaults=True))


def _reads_back(written: str, block: Block) -> bool:
    fields = read_own_block(written)
    if fields is None:
        return False
    try:
        return parse_content({"subject": "-", "blocks": [fields]}).blocks == (block,)
    except InvalidIssue:
        return False


def _parts(block: Block, body: Callable[[str], str]) -> Iterator[str]:
    yield mark(block.kind, _attributes(block))
    if headline := getattr(block, "headline", ""):
        yield f"## {escaped(headline)}"
    if isinstance(block, Divider):
        yield "---"
    elif isinstance(block, Response):
        yield _quotation(block, body)
        yield body(block.view)
    elif isinstance(block, Media):
        yield _picture(block)
        yield body(block.body)
    else:
        yield body(block.body)
    if isinstance(block, Actions):
        yield "\n".join(map(_item, block.items))
    button = getattr(block, "button", None)
    if isinstance(button, Button):
        yield f"[{escaped(button.label)}]({address(button.url)}){BUTTON}"


def _attributes(block: Block) -> dict[str, str]:
    """What a block's mark says."""
    told: dict[str, Any] = {"id": block.id}
    if isinstance(block, Urgent) and block.deadline:
        told["deadline"] = block.deadline.isoformat()
    elif isinstance(block, Media) and block.media != "image":
        told["media"] = block.media
    elif isinstance(block, Response) and not block.who:
        told["role"] = block.role
    elif isinstance(block, Share):
        told |= {"url": block.url, "message": block.message}
        if block.channels != Share().channels:
            return {**_filled(told), "channels": ",".join(block.channels)}
    return _filled(told)


def _filled(told: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in told.items() if value}


def _quotation(block: Response, body: Callable[[str], str]) -> str:
    parts = [body(block.quote)] if block.quote else []
    if block.who:
        role = f", {escaped(block.role)}" if block.role else ""
        parts.append(f"— **{escaped(block.who)}**{role}")
    lines = "\n\n".join(parts).split("\n") if parts else []
    return "\n".join(f"> {line}".rstrip() if not line else f"> {line}" for line in lines)


def _picture(block: Media) -> str:
    if not (block.image or block.alt or block.url):
        return ""
    image = f"![{escaped(block.alt)}]({address(block.image)})"
    return f"[{image}]({address(block.url)})" if block.url else image


def _item(item: Any) -> str:
    note = f" – {escaped(item.note)}" if item.note else ""
    return f"- [{escaped(item.title)}]({address(item.url)}){note}"
