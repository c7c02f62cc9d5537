"""Blocks become views: links are entered into the table, bodies written for both parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from html import escape, unescape
from typing import Any

from markupsafe import Markup

from mailer.blocks import Block, Button, Content, Media, Share
from mailer.links import LinkTable, Role
from mailer.rendering.sharing import Invitation, channel_name, impersonal, share_address
from mailer.rendering.text import Notes, read_body, seen_width, wrapped
from mailer.rendering.views import BlockView, Call, Entry, Prose
from mailer.rendering.words import Words
from mailer.utm import slugify

# What `mailer.blocks.clean_body` lets through is always written like this.
_LINK = re.compile(r'<a(?: href="([^"]*)")?>(.*?)</a>', re.DOTALL)
_TAGS = re.compile(r"<[^>]*>")
_PART_ENDS = re.compile(r"</(?:p|ul|ol)>")
_BREAKS = re.compile(r"<(?:br|li)\b[^>]*>")
_RULED_KINDS = frozenset({"update", "actions", "response", "media"})
_PREHEADER_WIDTH = 110


@dataclass(slots=True)
class _Mail:
    """What all blocks of one mail share while they become views."""

    links: LinkTable
    words: Words
    public_url: str
    subject: str
    notes: Notes = field(default_factory=Notes)
    headed: bool = False  # has the one h1 been given out?


def view_blocks(
    content: Content, links: LinkTable, words: Words, public_url: str
) -> tuple[BlockView, ...]:
    """The blocks of *content* in order; their links are entered into *links* in that order."""
    mail = _Mail(links, words, public_url, content.subject)
    views: list[BlockView] = []
    before = ""
    for position, block in enumerate(content.blocks, start=1):
        ruled = block.kind in _RULED_KINDS and before in _RULED_KINDS
        views.append(_BlockWriter(mail, position, block).view(ruled=ruled))
        before = block.kind
    return tuple(views)


def opening_words(views: Sequence[BlockView]) -> str:
    """What an inbox shows beside the subject, where the author wrote nothing for it."""
    bodies = (str(view.body.html) for view in views if view.body.words)
    parts = (_seen(part) for body in bodies for part in _PART_ENDS.split(body))
    return wrapped(next(filter(None, parts), ""), _PREHEADER_WIDTH).partition("\n")[0]


def _seen(html: str) -> str:
    return " ".join(unescape(_TAGS.sub("", _BREAKS.sub(" ", html))).split())


class _BlockWriter:
    """Writes the view of one block."""

    def __init__(self, mail: _Mail, position: int, block: Block) -> None:
        self._mail = mail
        self._position = position
        self._block: Any = block
        self._headline: str = getattr(block, "headline", "")
        self._call = f"{slugify(self._headline, block.kind)}-{position}"  # utm_content
        self._texts = 0

    def view(self, *, ruled: bool) -> BlockView:
        level = 2
        if self._headline and not self._mail.headed:
            self._mail.headed, level = True, 1
        bare = BlockView(self._block.kind, self._position, ruled, level, self._headline)
        return _FILL[self._block.kind](self, bare)

    def update(self, bare: BlockView) -> BlockView:
        return replace(bare, body=self._prose("body"), button=self._button(self._block.button))

    def text(self, bare: BlockView) -> BlockView:
        return replace(bare, body=self._prose("body"))

    def divider(self, bare: BlockView) -> BlockView:
        return bare

    def urgent(self, bare: BlockView) -> BlockView:
        words, deadline = self._mail.words, self._block.deadline
        until = words.until.format(date=words.by(deadline)) if deadline else ""
        badge = " · ".join(part for part in (words.urgent, until) if part)
        return replace(self.update(bare), badge=badge)

    def response(self, bare: BlockView) -> BlockView:
        return replace(
            bare,
            who=self._block.who,
            role=self._block.role,
            quote=self._prose("quote"),
            view=self._prose("view"),
            button=self._button(self._block.button),
        )

    def actions(self, bare: BlockView) -> BlockView:
        body = self._prose("body")
        entries = tuple(
            Entry(number, item.title, self._href(item.url, item.title, "item", number), item.note)
            for number, item in enumerate(self._block.items, start=1)
        )
        return replace(bare, body=body, entries=entries)

    def media(self, bare: BlockView) -> BlockView:
        block: Media = self._block
        own = replace(bare, image=block.image, alt=block.alt)
        if block.media == "video":
            # The still and the bar under it are one call, with the button's words where it is the
            # same one.
            button = block.button if block.button and _is_same_call(block) else None
            watch = self._watch(block, button)
            rest = None if button else block.button
            own = replace(own, watch=watch, href=watch.href)
        else:
            label = block.alt or block.headline or block.url or ""
            rest = block.button
            own = replace(own, href=self._href(block.url, label, "media"))
        return replace(own, body=self._prose("body"), button=self._button(rest))

    def share(self, bare: BlockView) -> BlockView:
        block: Share = self._block
        body = self._prose("body")
        shared = self._mail.links.shared(block.url, block=self._call) if block.url else None
        message = impersonal(block.message or self._mail.subject)
        invitation = Invitation(shared or self._mail.public_url, message)
        channels: list[Call] = []
        for channel in dict.fromkeys(block.channels):
            label = channel_name(channel, self._mail.words.email)
            address = share_address(channel, invitation)
            channels.append(Call(label, self._href(address, label, "share", channel)))
        return replace(bare, body=body, channels=tuple(channels))

    def _watch(self, block: Media, button: Button | None) -> Call:
        if button:
            return Call(button.label, self._href(block.url or button.url, button.label, "action"))
        label = block.headline or block.alt or self._mail.words.watch
        return Call(self._mail.words.watch, self._href(block.url, label, "media"))

    def _button(self, button: Button | None) -> Call | None:
        if button is None:
            return None
        href = self._href(button.url, button.label, "action")
        return Call(button.label, href, width=56 + 9 * seen_width(impersonal(button.label)))

    def _prose(self, name: str) -> Prose:
        html = _LINK.sub(self._linked, getattr(self._block, name))
        words, notes = read_body(html, self._mail.notes)
        return Prose(Markup(html), words, notes)  # noqa: S704  # cleaned by mailer.blocks

    def _linked(self, match: re.Match[str]) -> str:
        url, inner = match[1], match[2]
        if not url:
            return inner
        self._texts += 1
        label = " ".join(unescape(_TAGS.sub("", inner)).split())
        href = self._href(unescape(url), label, "text", f"text{self._texts}")
        return f'<a href="{escape(href or "")}">{inner}</a>'

    def _href(self, url: str | None, label: str, role: Role, part: int | str = "") -> str | None:
        if url is None:
            return None
        block = f"{self._call}-{part}" if part else self._call
        return self._mail.links.href(
            url, label=label, role=role, block=block, block_position=self._position
        )


def _is_same_call(block: Media) -> bool:
    """Does the button lead where the video is?"""
    button = block.button
    return button is not None and (button.url is None or block.url in {None, button.url})


_FILL: dict[str, Callable[[_BlockWriter, BlockView], BlockView]] = {
    "update": _BlockWriter.update,
    "text": _BlockWriter.text,
    "divider": _BlockWriter.divider,
    "urgent": _BlockWriter.urgent,
    "response": _BlockWriter.response,
    "actions": _BlockWriter.actions,
    "media": _BlockWriter.media,
    "share": _BlockWriter.share,
}
