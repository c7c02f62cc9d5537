"""What an issue consists of: typed, validated update blocks with restricted-HTML bodies."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import nh3
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from mailer.errors import InvalidInput, InvalidIssue, complaint
from mailer.sentences import Sentence

BODY_TAGS = frozenset({"p", "br", "strong", "em", "a", "ul", "ol", "li"})
LINK_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
Channel = Literal[
    "email", "whatsapp", "facebook", "bluesky", "mastodon", "telegram", "x", "linkedin"
]

_SCHEME = re.compile(r"[\x00-\x20]*([a-zA-Z][a-zA-Z0-9+.-]*):")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
# Wrapping loose words in a paragraph can part what it wraps; two passes were the most seen.
_OPENING = re.compile(r"<(?!br|hr|img)[a-zA-Z]")
_MOST_OPEN = 2_000
_MOST_PASSES = 8
_RENAMED = re.compile(r"<(/?)(b|i)(?=[\s/>])", re.IGNORECASE)


def _readable(text: str) -> str:
    """*text* without control characters, which HTML cannot hold and nobody sees."""
    return _CONTROLS.sub("", text)


def _checked_url(url: str) -> str:
    if any(ord(character) <= 0x20 or ord(character) == 0x7F for character in url):
        raise InvalidInput("an address has no spaces or control characters; write %20 for a space")
    scheme = _SCHEME.match(url)
    if not scheme:
        raise InvalidInput("an address starts with https:// (or http://, mailto:, tel:)")
    if scheme[1].lower() not in LINK_SCHEMES:
        raise InvalidInput(
            "{scheme}: links are not allowed; use https, http, mailto or tel", scheme=scheme[1]
        )
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) or parts.scheme in {"mailto", "tel"}
    except ValueError as error:
        raise InvalidInput("this is not a web address") from error
    if not named or not (parts.netloc or parts.path):
        raise InvalidInput("this address names no host")
    return url


def address_problem(url: str) -> Sentence | None:
    """Why *url* can be no address of a link; ``None`` where it can."""
    try:
        _checked_url(url.strip())
    except InvalidInput as error:
        return error.sentence
    return None


def clean_body(html: str) -> str:
    """*html* reduced to paragraphs, emphasis, links and lists; ``InvalidInput`` for a bad link.

    What comes out goes through unchanged, so that stored, exported and imported bodies are equal.
    """
    html = _readable(html)
    if len(_OPENING.findall(html)) - html.count("</") > _MOST_OPEN:
        # Cleaning takes the square of the depth, and everything left open is one deeper.
        raise InvalidInput("this text leaves more than {most:,} tags open", most=_MOST_OPEN)
    for _ in range(_MOST_PASSES):
        cleaned = _cleaned_once(html)
        if cleaned == html:
            return cleaned
        html = cleaned
    raise InvalidInput("this text's tags are too tangled; paste it as plain text")


def _cleaned_once(html: str) -> str:
    renamed = _RENAMED.sub(lambda m: f"<{m[1]}{'strong' if m[2] in 'bB' else 'em'}", html)
    bad: list[Sentence] = []

    def filtered(tag: str, attribute: str, value: str) -> str | None:
        if (tag, attribute) != ("a", "href"):  # asked of all attributes, allowed or not
            return None
        try:
            return _checked_url(value)
        except InvalidInput as error:
            bad.append(
                Sentence("the link {link!r}: {problem}", link=value[:60], problem=error.sentence)
            )
            return None

    cleaned = nh3.clean(
        renamed,
        tags=set(BODY_TAGS),
        attributes={"a": {"href"}},
        url_schemes={*LINK_SCHEMES, "javascript", "data", "vbscript", "file"},
        attribute_filter=filtered,
        link_rel=None,
    )
    cleaned = cleaned.replace("<p></p>", "").strip()
    if bad:
        raise InvalidInput(bad[0])
    if cleaned and not cleaned.startswith(("<p", "<ul", "<ol")):
        cleaned = f"<p>{cleaned}</p>"
    return cleaned


def _empty_is_none(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\r\n]*$"),
    BeforeValidator(lambda value: _readable(value) if isinstance(value, str) else value),
]
Body = Annotated[str, StringConstraints(max_length=100_000), AfterValidator(clean_body)]
Url = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=4000), AfterValidator(_checked_url)
]
# A draft may still lack an address; `mailer issue check` and sending ask for it.
MaybeUrl = Annotated[Url | None, BeforeValidator(_empty_is_none)]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Button(_Value):
    """A call to action: what the button says and where it leads."""

    label: Annotated[Line, Field(min_length=1)]
    url: MaybeUrl = None


class ActionItem(_Value):
    """One entry of a list of actions."""

    title: Annotated[Line, Field(min_length=1)]
    url: MaybeUrl = None
    note: Line = ""


class _Block(_Value):
    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{0,40}$")] = ""


class Update(_Block):
    """News: a headline, a body, a call to action."""

    kind: Literal["update"] = "update"
    headline: Line = ""
    body: Body = ""
    button: Button | None = None


class Actions(_Block):
    """A headed list of links, each with a title and a note."""

    kind: Literal["actions"] = "actions"
    headline: Line = ""
    body: Body = ""
    items: Annotated[tuple[ActionItem, ...], Field(max_length=100)] = ()


class Urgent(_Block):
    """A call to action that cannot wait, with the day it ends."""

    kind: Literal["urgent"] = "urgent"
    headline: Line = ""
    body: Body = ""
    deadline: date | None = None
    button: Button | None = None


class Response(_Block):
    """Somebody answered: who, in which words, and what we think of it."""

    kind: Literal["response"] = "response"
    headline: Line = ""
    who: Line = ""
    role: Line = ""
    quote: Body = ""
    view: Body = ""
    button: Button | None = None


class Media(_Block):
    """A picture, or a still of a video, with words for those who do not see it."""

    kind: Literal["media"] = "media"
    media: Literal["image", "video"] = "image"
    headline: Line = ""
    image: MaybeUrl = None
    alt: Line = ""
    url: MaybeUrl = None
    body: Body = ""
    button: Button | None = None


class Text(_Block):
    """Words without a headline."""

    kind: Literal["text"] = "text"
    body: Body = ""


class Share(_Block):
    """Asks readers to pass something on; without *url*, the issue itself."""

    kind: Literal["share"] = "share"
    headline: Line = ""
    body: Body = ""
    url: MaybeUrl = None
    message: Line = ""
    channels: Annotated[tuple[Channel, ...], Field(max_length=8)] = (
        "email",
        "whatsapp",
        "facebook",
        "bluesky",
    )


class Divider(_Block):
    """A line between parts."""

    kind: Literal["divider"] = "divider"


Block = Annotated[
    Update | Actions | Urgent | Response | Media | Text | Share | Divider,
    Field(discriminator="kind"),
]
BLOCK_KINDS: dict[str, type[_Block]] = {
    "update": Update,
    "actions": Actions,
    "urgent": Urgent,
    "response": Response,
    "media": Media,
    "text": Text,
    "share": Share,
    "divider": Divider,
}


class Content(_Value):
    """An issue as its author wrote it: what is stored, edited, imported and exported."""

    subject: Annotated[Line, Field(min_length=1)]
    preheader: Line = ""
    title: Line = ""
    language: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = (
        "en"
    )
    blocks: Annotated[tuple[Block, ...], Field(max_length=200)] = ()


_CONTENT = TypeAdapter(Content)


def parse_content(value: Any) -> Content:
    """A validated issue from JSON-like data; ``InvalidIssue`` names the first wrong place."""
    try:
        return _CONTENT.validate_python(value)
    except ValidationError as error:
        raise _named(error) from error


def validate_content(value: Any) -> Content:
    """Like `parse_content`, but with pydantic's own ``ValidationError``, which names every place."""
    return _CONTENT.validate_python(value)


def _named(error: ValidationError) -> InvalidIssue:
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part not in BLOCK_KINDS)
    problem = complaint(first)
    if first["type"].startswith("union_tag"):
        kinds = ", ".join(sorted(BLOCK_KINDS))
        problem = Sentence("A block needs its kind: one of {kinds}.", kinds=kinds)
    more = error.error_count() - 1
    if more:
        problem = Sentence("{problem} (and {n} more)", problem=problem, n=more)
    return InvalidIssue(problem, place=place)
