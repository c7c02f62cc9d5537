"""Issues, mastheads and rendered mails with fixed data, for tests of what readers see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from lxml import html as lxml_html

from mailer.blocks import Content, parse_content
from mailer.links import Link, LinkPolicy, LinkTable
from mailer.rendering.environment import Themes
from mailer.rendering.issue import Masthead, Rendered, Scheme, render
from mailer.utm import UtmTags

BASE_URL = "https://mail.river.test"
TODAY = date(2026, 11, 22)
TAGS = UtmTags(source="river", campaign="weir-2026-11-22")
PUBLIC_URL = f"{BASE_URL}/i/7-weir"


def masthead(
    *, look: Mapping[str, Any] | None = None, theme: str = "default", language: str = "en"
) -> Masthead:
    return Masthead(
        name="River & Sons",
        slug="river",
        language=language,
        look=look or {},
        postal_address="1 Quay <Street>\nBonn",
        theme=theme,
        base_url=BASE_URL,
        date=TODAY,
        public_url=PUBLIC_URL,
    )


def content(*blocks: Mapping[str, Any], **rest: Any) -> Content:
    return parse_content({"subject": "The weir", "blocks": list(blocks), **rest})


@dataclass(frozen=True, slots=True)
class Mail:
    """A rendered mail with its links."""

    rendered: Rendered
    links: tuple[Link, ...]

    @property
    def html(self) -> str:
        return self.rendered.html

    @property
    def text(self) -> str:
        return self.rendered.text

    @property
    def page(self) -> lxml_html.HtmlElement:
        return lxml_html.document_fromstring(self.html)

    def hrefs(self) -> list[str]:
        """Every address that a reader can follow in the HTML part."""
        return [str(href) for href in self.page.xpath("//a/@href")]


def mail(
    issue: Content,
    *,
    policy: LinkPolicy | None = None,
    themes: Themes | None = None,
    scheme: Scheme = "auto",
    **for_masthead: Any,
) -> Mail:
    links = LinkTable(policy or LinkPolicy(BASE_URL, track=True, utm=TAGS))
    rendered = render(
        issue,
        masthead(language=issue.language, **for_masthead),
        links,
        themes or Themes(None),
        scheme=scheme,
    )
    return Mail(rendered, links.links)


EVERY_KIND: tuple[dict[str, Any], ...] = (
    {
        "kind": "update",
        "headline": "The weir falls",
        "body": '<p>Dear [[first_name|friend]], see <a href="https://a.test/x?b=1&amp;c=2">all of it</a>.</p>',
        "button": {"label": "See the plan", "url": "https://a.test/plan"},
    },
    {
        "kind": "urgent",
        "headline": "Object now",
        "body": "<p>It ends soon.</p>",
        "deadline": "2026-12-04",
        "button": {"label": "Object", "url": "https://a.test/object"},
    },
    {
        "kind": "actions",
        "headline": "Two towns",
        "body": "<p>Pick one.</p>",
        "items": [
            {"title": "Bonn", "url": "https://a.test/bonn", "note": "They vote in May."},
            {"title": "Ulm", "url": "https://a.test/ulm"},
        ],
    },
    {
        "kind": "response",
        "headline": "The mayor answers",
        "who": "Ann Example",
        "role": "Mayor",
        "quote": "<p>You are right.</p>",
        "view": '<p>We <a href="https://a.test/thanks">thank her</a>.</p>',
        "button": {"label": "Thank her, too", "url": "https://a.test/thank"},
    },
    {
        "kind": "media",
        "media": "video",
        "headline": "The night",
        "image": "https://a.test/still.jpg",
        "alt": "A boat at night",
        "url": "https://a.test/film",
        "body": "<p>Four minutes.</p>",
    },
    {
        "kind": "media",
        "image": "https://a.test/picture.jpg",
        "alt": "A map",
        "url": "https://a.test/map",
    },
    {"kind": "divider"},
    {"kind": "text", "body": "<ul><li>one</li><li>two</li></ul>"},
    {
        "kind": "share",
        "headline": "Pass it on",
        "body": "<p>Please.</p>",
        "channels": ["email", "x"],
    },
)
