"""Addresses that open a channel with words and a link ready to be passed on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from mailer.blocks import Channel
from mailer.placeholders import split


@dataclass(frozen=True, slots=True)
class Invitation:
    """What readers pass on: a page that is the same for everyone, and words to go with it."""

    url: str
    message: str

    @property
    def both(self) -> str:
        """Words and address as one text."""
        return f"{self.message} {self.url}" if self.message else self.url


_NAMES: dict[Channel, str] = {
    "email": "E-mail",
    "whatsapp": "WhatsApp",
    "facebook": "Facebook",
    "bluesky": "Bluesky",
    "mastodon": "Mastodon",
    "telegram": "Telegram",
    "x": "X",
    "linkedin": "LinkedIn",
}


def _quoted(text: str) -> str:
    return quote(text, safe="")


_ADDRESSES: dict[Channel, Callable[[Invitation], str]] = {
    "email": lambda i: f"mailto:?subject={_quoted(i.message)}&body={_quoted(i.url)}",
    "whatsapp": lambda i: f"https://wa.me/?text={_quoted(i.both)}",
    "facebook": lambda i: f"https://www.facebook.com/sharer/sharer.php?u={_quoted(i.url)}",
    "bluesky": lambda i: f"https://bsky.app/intent/compose?text={_quoted(i.both)}",
    "mastodon": lambda i: f"https://share.joinmastodon.org/#text={_quoted(i.both)}",
    "telegram": lambda i: f"https://t.me/share/url?url={_quoted(i.url)}&text={_quoted(i.message)}",
    "x": lambda i: f"https://x.com/intent/post?text={_quoted(i.message)}&url={_quoted(i.url)}",
    "linkedin": lambda i: f"https://www.linkedin.com/sharing/share-offsite/?url={_quoted(i.url)}",
}


def share_address(channel: Channel, invitation: Invitation) -> str:
    """Where *channel* takes *invitation*."""
    return _ADDRESSES[channel](invitation)


def channel_name(channel: Channel, email: str) -> str:
    """What the link says; mail is the one channel that languages name differently."""
    return email if channel == "email" else _NAMES[channel]


def impersonal(text: str) -> str:
    """*text* with its placeholders' defaults: what is passed on names nobody."""
    parts = (part if isinstance(part, str) else part.default or "" for part in split(text))
    return " ".join("".join(parts).split())
