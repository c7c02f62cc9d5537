"""The links of one issue: what stands in each ``href``, and where it leads."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlsplit

from mailer.placeholders import TOKEN_MARK
from mailer.utm import Tagged, UtmTags, tag

Role = Literal["action", "item", "text", "media", "share"]

# Addresses that break, or mean nothing, with a tag: invitations, and pages that only pass on.
# An entry is a host (its subdomains too), or a host and the beginning of a path.
UNTOUCHED_HOSTS = frozenset(
    {
        "signal.me",
        "signal.group",
        "chat.whatsapp.com",
        "t.me/+",
        "t.me/joinchat",
        "wa.me",
        "facebook.com/sharer",
        "bsky.app/intent",
        "share.joinmastodon.org",
        "t.me/share",
        "x.com/intent",
        "linkedin.com/sharing",
    }
)

_WEB_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_LONGEST_LABEL = 500


@dataclass(frozen=True, slots=True)
class Link:
    """One call of an issue; requests name its *number*, never its address."""

    number: int
    url: str
    label: str
    role: Role
    block: str  # utm_content
    block_position: int
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkPolicy:
    """How an installation treats links: counted, tagged, both, or neither."""

    base_url: str
    track: bool
    utm: UtmTags | None
    untouched_hosts: frozenset[str] = UNTOUCHED_HOSTS


class LinkTable:
    """Gives every web address of an issue its number, in the order of the mail."""

    __slots__ = ("_links", "_policy")

    def __init__(self, policy: LinkPolicy) -> None:
        self._policy = policy
        self._links: list[Link] = []

    @property
    def links(self) -> tuple[Link, ...]:
        """All links given out, numbered from 1."""
        return tuple(self._links)

    def href(self, url: str, *, label: str, role: Role, block: str, block_position: int) -> str:
        """What to write into ``href``; every call makes a link of its own.

        ``mailto:``, ``tel:`` and ``#`` come back as they are and get no number.
        """
        if not _WEB_ADDRESS.match(url):
            return url
        tagged = self._tagged(url, block)
        link = Link(
            number=len(self._links) + 1,
            url=tagged.url,
            label=label[:_LONGEST_LABEL],
            role=role,
            block=block,
            block_position=block_position,
            conflicts=tagged.conflicts,
        )
        self._links.append(link)
        return self._counted(link.number) if self._policy.track else link.url

    def shared(self, url: str, *, block: str) -> str:
        """*url* as readers pass it on: tagged as shared, never with anyone's token."""
        if self._policy.utm is None or self._is_untouched(url):
            return url
        return tag(url, replace(self._policy.utm, medium="share"), block).url

    def _tagged(self, url: str, block: str) -> Tagged:
        if self._policy.utm is None or self._is_untouched(url):
            return Tagged(url)
        return tag(url, self._policy.utm, block)

    def _counted(self, number: int) -> str:
        return f"{self._policy.base_url}/c/{TOKEN_MARK}/{number}"

    def _is_untouched(self, url: str) -> bool:
        if url.startswith((f"{self._policy.base_url}/u/", f"{self._policy.base_url}/p/")):
            return True
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.")
        return any(
            _covers(entry.lower(), host, parts.path) for entry in self._policy.untouched_hosts
        )


def _covers(entry: str, host: str, path: str) -> bool:
    entry_host, slash, entry_path = entry.partition("/")
    named = host == entry_host or host.endswith(f".{entry_host}")
    return named and path.startswith(slash + entry_path)
