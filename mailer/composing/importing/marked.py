"""Reads one block of our Markdown: the fields its mark, headline, words and button tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from markdown_it.token import Token

from mailer.composing.importing.marks import BUTTON

Group = Sequence[Token]

_BODY_GROUPS = frozenset({"paragraph_open", "bullet_list_open", "ordered_list_open", "html_block"})
_BODY_FIELD = {
    "update": "body",
    "actions": "body",
    "urgent": "body",
    "response": "view",
    "media": "body",
    "text": "body",
    "share": "body",
}
_HEADED = frozenset({"update", "actions", "urgent", "response", "media", "share"})
_WITH_BUTTON = frozenset({"update", "urgent", "response", "media"})


def read_block(
    kind: str, fields: dict[str, Any], groups: Sequence[Group]
) -> tuple[dict[str, Any], int]:
    """The block's fields, and how many of *groups* it takes; the rest is somebody else's."""
    reader = _BlockReader(kind, fields, groups)
    reader.read()
    return reader.fields, reader.used


class _BlockReader:
    def __init__(self, kind: str, fields: dict[str, Any], groups: Sequence[Group]) -> None:
        self.kind = kind
        self.fields: dict[str, Any] = {**fields, "kind": kind}
        self.used = 0
        self._groups = groups
        if isinstance(channels := self.fields.get("channels"), str):
            self.fields["channels"] = [name for name in channels.split(",") if name]

    def read(self) -> None:
        if self.kind == "divider":
            self._take("hr")
            return
        if self.kind in _HEADED and "headline" not in self.fields:
            self._headline()
        if self.kind == "response" and "quote" not in self.fields:
            self._quote()
        if self.kind == "media" and "image" not in self.fields:
            self._picture()
        self._body()

    def _next(self, kind: str) -> Group | None:
        if self.used < len(self._groups) and self._groups[self.used][0].type == kind:
            return self._groups[self.used]
        return None

    def _take(self, kind: str) -> Group | None:
        group = self._next(kind)
        self.used += group is not None
        return group

    def _headline(self) -> None:
        group = self._next("heading_open")
        if group is not None and (text := _plain(group[1])) is not None:
            self.fields["headline"] = text
            self.used += 1

    def _quote(self) -> None:
        group = self._take("blockquote_open")
        if group is None:
            return
        inner = list(_inner_groups(group))
        if inner and (told := _attribution(inner[-1])):
            self.fields["who"], self.fields["role"] = told
            inner.pop()
        self.fields["quote"] = "".join(_html(part) for part in inner)

    def _picture(self) -> None:
        group = self._next("paragraph_open")
        children = (group[1].children or []) if group else []
        linked = len(children) == 3 and children[0].type == "link_open"
        image = children[1:2] if linked else children
        if len(image) != 1 or image[0].type != "image":
            return
        self.used += 1
        self.fields["image"] = str(image[0].attrGet("src") or "") or None
        self.fields["alt"] = "".join(_texts(image[0].children or []))
        if linked:
            self.fields["url"] = str(children[0].attrGet("href") or "") or None

    def _body(self) -> None:
        taken: list[Group] = []
        while self.used < len(self._groups):
            group = self._groups[self.used]
            if self.kind in _WITH_BUTTON and (button := _button(group)):
                self.fields["button"] = button
                self.used += 1
                break
            if group[0].type not in _BODY_GROUPS or _has_image(group):
                break
            taken.append(group)
            self.used += 1
        if self.kind == "actions" and taken and (items := _items(taken[-1])):
            self.fields["items"] = items
            taken.pop()
        if taken:
            self.fields[_BODY_FIELD[self.kind]] = "".join(_html(group) for group in taken)


def _inner_groups(group: Group) -> Iterator[Group]:
    """The groups inside a quotation."""
    part: list[Token] = []
    depth = 0
    for token in group[1:-1]:
        part.append(token)
        depth += token.nesting
        if depth == 0:
            yield part
            part = []


def _plain(inline: Token) -> str | None:
    """The text of *inline*, or None if it is more than text."""
    children = inline.children or []
    if any(child.type not in ("text", "text_special", "code_inline") for child in children):
        return None
    return "".join(_texts(children))


def _texts(children: Sequence[Token]) -> Iterator[str]:
    for child in children:
        yield "\n" if child.type in ("softbreak", "hardbreak") else child.content


def _attribution(group: Group) -> tuple[str, str] | None:
    """Who is quoted and as what: "— **Ana Diaz**, mayor"."""
    if group[0].type != "paragraph_open":
        return None
    kinds = [child.type for child in group[1].children or []]
    if kinds[:4] != ["text", "strong_open", "text", "strong_close"] or len(kinds) > 5:
        return None
    before, _, who, _, *after = group[1].children or []
    role = after[0].content if after else ""
    if before.content != "— " or (role and not role.startswith(", ")):
        return None
    return who.content, role.removeprefix(", ")


def _button(group: Group) -> dict[str, Any] | None:
    """The button of a line such as ``[Sign](https://example.com/){.button}``."""
    if group[0].type != "paragraph_open" or not group[1].content.endswith(f"){BUTTON}"):
        return None
    first, *middle, last = group[1].children or []
    if first.type != "link_open" or last.content != BUTTON or middle[-1].type != "link_close":
        return None
    if any(child.type == "link_close" for child in middle[:-1]):
        return None
    label = "".join(_texts(middle[:-1]))
    return {"label": label, "url": str(first.attrGet("href") or "") or None}


def _has_image(group: Group) -> bool:
    return any(child.type == "image" for token in group for child in token.children or ())


def _items(group: Group) -> list[dict[str, Any]]:
    """The entries of a list of ``[Title](address) – note``, or nothing if it is another list."""
    if group[0].type != "bullet_list_open":
        return []
    items: list[dict[str, Any]] = []
    for token in group:
        if token.level > 2 and token.type.endswith("_list_open"):
            return []
        if token.type == "inline":
            item = _item(token.children or [])
            if item is None:
                return []
            items.append(item)
    entries = sum(token.type == "list_item_open" for token in group)
    return items if entries == len(items) else []


def _item(children: Sequence[Token]) -> dict[str, Any] | None:
    if not children or children[0].type != "link_open":
        title = "".join(_texts(children))
        plain = all(child.type in ("text", "code_inline") for child in children)
        return {"title": title} if title and plain else None
    end = next(at for at, child in enumerate(children) if child.type == "link_close")
    after = children[end + 1 :]
    if any(child.type != "text" for child in (*children[1:end], *after)):
        return None
    note = "".join(_texts(after))
    if note and not note.startswith(" – "):
        return None
    return {
        "title": "".join(_texts(children[1:end])),
        "url": str(children[0].attrGet("href") or "") or None,
        "note": note.removeprefix(" – "),
    }


_TAGS = frozenset({"paragraph", "bullet_list", "ordered_list", "list_item", "strong", "em"})


def _html(tokens: Sequence[Token]) -> str:
    """*tokens* as HTML without the blanks and line ends that renderers put between tags."""
    parts: list[str] = []
    nowhere = False
    for token in tokens:
        if token.type == "link_open":
            nowhere = not token.attrGet("href")
        if not (nowhere and token.type in ("link_open", "link_close")):
            parts.append(_token_html(token))
    return "".join(parts)


def _token_html(token: Token) -> str:
    if token.type == "inline":
        return _html(token.children or ())
    if token.type in ("html_block", "html_inline"):
        return token.content.rstrip("\n") if token.type == "html_block" else token.content
    if token.type in ("text", "code_inline", "fence", "code_block"):
        return escape(token.content, quote=False)
    if token.type in ("softbreak", "hardbreak"):
        return "\n" if token.type == "softbreak" else "<br>"
    return _tag_html(token)


def _tag_html(token: Token) -> str:
    if token.hidden:
        return ""
    name = token.type.rsplit("_", 1)[0]
    if name == "link":
        href = escape(str(token.attrGet("href") or ""))
        return f'<a href="{href}">' if token.nesting > 0 else "</a>"
    if name not in _TAGS:
        return ""
    return f"<{token.tag}>" if token.nesting > 0 else f"</{token.tag}>"
