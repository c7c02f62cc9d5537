"""The tags that tell a group's own statistics which block of which issue a visit came from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_plus

from anyascii import anyascii

_LONGEST_SLUG = 60
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")
_WEB_ADDRESS = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class UtmTags:
    """What is the same for every link of an issue; ``utm_content`` differs from call to call."""

    source: str
    campaign: str
    medium: str = "email"


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tagged address, and where its author had already written another value."""

    url: str
    conflicts: tuple[str, ...] = ()


def slugify(text: str, fallback: str) -> str:
    """*text* in lower-case Latin letters, digits and hyphens; *fallback* where nothing is left."""
    slug = _NOT_PLAIN.sub("-", anyascii(text).lower().replace("'", "")).strip("-")
    if len(slug) > _LONGEST_SLUG:
        cut = slug[: _LONGEST_SLUG + 1].rpartition("-")[0]
        slug = cut or slug[:_LONGEST_SLUG]
    return slug or fallback


def tag(url: str, tags: UtmTags, content: str) -> Tagged:
    """*url* with the missing tags appended as text before ``#``; no other byte changes.

    A value that the author wrote wins; where ours would differ, the conflict is reported.
    Anything but a web address comes back as it is.
    """
    if not _WEB_ADDRESS.match(url):
        return Tagged(url)
    before, hash_mark, fragment = url.partition("#")
    base, question_mark, query = before.partition("?")
    written = _written(query)
    missing: list[str] = []
    conflicts: list[str] = []
    for key, ours in _wanted(tags, content):
        if key not in written:
            missing.append(f"{key}={quote(ours, safe='-._~')}")
        elif written[key] != ours:
            conflicts.append(f"{key} is {written[key]!r}, not {ours!r}")
    if missing:
        before = f"{base}{question_mark or '?'}{query}{_joint(query)}{'&'.join(missing)}"
    return Tagged(before + hash_mark + fragment, tuple(conflicts))


def _wanted(tags: UtmTags, content: str) -> tuple[tuple[str, str], ...]:
    return (
        ("utm_source", tags.source.lower()),
        ("utm_medium", tags.medium.lower()),
        ("utm_campaign", tags.campaign.lower()),
        ("utm_content", content.lower()),
    )


def _written(query: str) -> dict[str, str]:
    """The first value of each key, as a program that reads the query sees it."""
    values: dict[str, str] = {}
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        values.setdefault(unquote_plus(key), unquote_plus(value))
    return values


def _joint(query: str) -> str:
    return "" if not query or query.endswith("&") else "&"
