"""What an issue still lacks is named by its place, so that it can be mended before sending."""

from __future__ import annotations

from mailer.rendering.places import (
    images_without_alt,
    missing_links,
    placeholders_in_addresses,
    unknown_placeholders,
)
from tests.support.mails import EVERY_KIND, content


def test_a_complete_issue_lacks_nothing() -> None:
    issue = content(*EVERY_KIND)

    assert missing_links(issue) == ()
    assert images_without_alt(issue) == ()
    assert placeholders_in_addresses(issue) == ()
    assert unknown_placeholders(issue, {"first_name"}) == ()


def test_missing_addresses_are_named() -> None:
    issue = content(
        {"kind": "update", "body": "<p>Read <a>more</a></p>", "button": {"label": "Go"}},
        {"kind": "actions", "items": [{"title": "A", "url": "https://a.test"}, {"title": "B"}]},
        {"kind": "response", "view": "<p><a>x</a></p>", "button": {"label": "Go", "url": ""}},
        {"kind": "media", "media": "video"},
        {
            "kind": "media",
            "media": "video",
            "image": "https://a.test/x",
            "url": "https://a.test",
            "button": {"label": "W"},
        },
        {"kind": "share"},
    )

    assert missing_links(issue) == (
        "blocks.0.button.url",
        "blocks.0.body",
        "blocks.1.items.1.url",
        "blocks.2.button.url",
        "blocks.2.view",
        "blocks.3.image",
        "blocks.3.url",
    )


def test_pictures_without_words_are_named() -> None:
    assert images_without_alt(
        content(
            {"kind": "media", "image": "https://a.test/x", "alt": "A map"},
            {"kind": "media", "image": "https://a.test/x"},
            {"kind": "media"},
        )
    ) == ("blocks.1.alt",)


def test_unknown_fields_are_named_once_a_place() -> None:
    issue = content(
        {"kind": "text", "body": "<p>[[citty]] [[first_name|x]] [[citty|y]] [[token]]</p>"},
        {"kind": "actions", "items": [{"title": "[[a]]", "note": "[[b|c]]"}]},
        subject="[[City]]",
    )

    assert unknown_placeholders(issue, {"first_name", "city"}) == (
        ("blocks.0.body", "citty"),
        ("blocks.0.body", "token"),
        ("blocks.1.items.0.title", "a"),
        ("blocks.1.items.0.note", "b"),
    )


def test_placeholders_in_addresses_are_named() -> None:
    issue = content(
        {
            "kind": "update",
            "button": {"label": "[[name|x]]", "url": "https://a.test/?n=[[name|x]]"},
        },
        {"kind": "text", "body": '<p><a href="https://a.test/?c=[[city]]&amp;d=[[x|y]]">x</a></p>'},
        {"kind": "media", "image": "https://a.test/[[x]].png"},
    )

    assert placeholders_in_addresses(issue) == (
        "blocks.0.button.url",
        "blocks.1.body",
        "blocks.2.image",
    )
