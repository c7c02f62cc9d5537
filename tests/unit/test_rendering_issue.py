"""What the HTML part of a mail promises, whatever mail program shows it."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest

from mailer.blocks import BLOCK_KINDS
from mailer.errors import ConfigurationError
from mailer.links import LinkPolicy
from mailer.rendering.colours import contrast, readable
from mailer.rendering.issue import Scheme
from mailer.rendering.look import Look, dark_palette, light_palette
from tests.support.mails import BASE_URL, EVERY_KIND, TAGS, Mail, content, mail


@pytest.fixture(scope="module")
def every() -> Mail:
    """A mail with a block of every kind."""
    assert {block["kind"] for block in EVERY_KIND} == set(BLOCK_KINDS)
    return mail(content(*EVERY_KIND, preheader="A & B", language="en-GB"))


def test_every_call_is_in_the_table_once_and_in_order(every: Mail) -> None:
    assert [(link.number, link.role, link.block, link.label) for link in every.links] == [
        (1, "text", "the-weir-falls-1-text1", "all of it"),
        (2, "action", "the-weir-falls-1", "See the plan"),
        (3, "action", "object-now-2", "Object"),
        (4, "item", "two-towns-3-1", "Bonn"),
        (5, "item", "two-towns-3-2", "Ulm"),
        (6, "text", "the-mayor-answers-4-text1", "thank her"),
        (7, "action", "the-mayor-answers-4", "Thank her, too"),
        (8, "media", "the-night-5", "The night"),
        (9, "media", "media-6", "A map"),
        (10, "share", "pass-it-on-9-x", "X"),
    ]
    assert every.links[0].url.startswith("https://a.test/x?b=1&c=2&utm_source=river&")


def test_every_web_address_goes_through_the_table_but_the_readers_own_pages(every: Mail) -> None:
    own = {f"{BASE_URL}/{page}/[[token]]" for page in "vup"}
    counted = {f"{BASE_URL}/c/[[token]]/{link.number}" for link in every.links}
    web = {href for href in every.hrefs() if href.startswith("http")}

    assert web == own | counted
    assert "a.test/plan" not in every.html


def test_without_counting_the_tagged_addresses_stand_in_both_parts_byte_by_byte() -> None:
    url = "https://a.test/ü|{x}?q=[1]&r=%20&s='#frag"
    block = {"kind": "update", "headline": "Plan", "button": {"label": "Go", "url": url}}
    made = mail(content(block), policy=LinkPolicy(BASE_URL, track=False, utm=None))

    assert url in made.hrefs()
    assert f"Go:\n{url}\n" in made.text


def test_one_h1_and_no_level_skipped(every: Mail) -> None:
    levels = [int(heading.tag[1]) for heading in every.page.xpath("//h1|//h2|//h3|//h4|//h5|//h6")]

    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip([0, *levels], levels, strict=False))
    assert every.page.xpath("string(//h1)") == "The weir falls"


def test_an_issue_without_headlines_is_headed_by_its_subject() -> None:
    made = mail(content({"kind": "text", "body": "<p>Hello</p>"}))

    assert made.page.xpath("string(//h1)") == "The weir"
    assert "The weir\n========" in made.text


def test_language_and_direction_stand_on_the_page_and_on_the_article(every: Mail) -> None:
    for made, language, direction in (
        (every, "en-GB", "ltr"),
        (mail(content(language="fa")), "fa", "rtl"),
        (mail(content(language="az-Arab")), "az-Arab", "rtl"),
        (mail(content(language="ur-Latn")), "ur-Latn", "ltr"),
    ):
        (article,) = made.page.xpath("//div[@role='article']")
        for element in (made.page, article):
            assert (element.get("lang"), element.get("dir")) == (language, direction)


def test_tables_are_for_layout_and_pictures_have_words(every: Mail) -> None:
    tables = every.page.xpath("//table")
    assert tables
    assert {table.get("role") for table in tables} == {"presentation"}
    assert [image.get("alt") for image in every.page.xpath("//img")] == ["A boat at night", "A map"]
    assert every.page.xpath("string(//title)") == "The weir"


def test_the_inbox_line_comes_first_and_keeps_other_words_away(every: Mail) -> None:
    body = every.html.partition("<body")[2].partition(">")[2].lstrip()

    assert body.startswith('<div class="preheader"')
    assert ">A &amp; B&#847;&zwnj;&nbsp;&#847;" in body


def test_without_an_inbox_line_the_first_words_stand_there() -> None:
    made = mail(content({"kind": "text", "body": f"<p>{'Many words here. ' * 20}</p>"}))
    preheader = made.page.xpath("string(//div[@class='preheader'])")

    assert preheader.startswith("Many words here.")
    assert 60 < len(preheader.partition("\u034f")[0]) <= 110


def test_the_first_words_stand_in_the_inbox_line_as_they_are_read() -> None:
    body = '<p></p><p><strong>Dear all</strong>,<br>look at <a href="https://a.test/">this</a></p>'
    made = mail(content({"kind": "text", "body": body}))
    preheader = made.page.xpath("string(//div[@class='preheader'])").partition("\u034f")[0]
    assert preheader.strip() == "Dear all, look at this"


def test_buttons_are_drawn_for_outlook_too(every: Mail) -> None:
    drawn = re.findall(r'<v:roundrect [^>]*href="([^"]+)"[^>]*>', every.html)

    assert drawn == [f"{BASE_URL}/c/[[token]]/{number}" for number in (2, 3, 7)]


def test_what_authors_write_is_never_markup() -> None:
    evil = '<script>alert(1)</script>"--><![endif]{{ 7 * 7 }}'
    made = mail(
        content(
            {
                "kind": "urgent",
                "headline": evil,
                "button": {"label": evil, "url": "https://a.test/'"},
            },
            {"kind": "media", "image": "https://a.test/x", "alt": evil},
            subject=evil,
        )
    )

    assert "<script" not in made.html
    assert "49" not in made.page.xpath("string(//h1)")
    assert made.page.xpath("string(//h1)") == evil
    assert made.page.xpath("//img")[0].get("alt") == evil
    assert made.html.count("<!--[if") == made.html.count("<![endif]")


def test_placeholders_survive_in_both_parts(every: Mail) -> None:
    assert "Dear [[first_name|friend]]," in every.html
    assert "Dear [[first_name|friend]]," in every.text


def test_a_call_without_an_address_is_words_only() -> None:
    made = mail(
        content(
            {"kind": "update", "headline": "A", "button": {"label": "Later"}},
            {"kind": "actions", "headline": "B", "items": [{"title": "Soon"}]},
            {"kind": "media", "media": "video", "headline": "C"},
        )
    )

    assert made.links == ()
    assert {href.partition(BASE_URL)[2][:3] for href in made.hrefs()} == {"/v/", "/u/", "/p/"}
    for words in ("Later", "Soon", "Watch the video"):
        assert words in made.page.text_content()
        assert words in made.text


def test_a_videos_button_is_its_watch_call() -> None:
    made = mail(
        content(
            {
                "kind": "media",
                "media": "video",
                "image": "https://a.test/still.jpg",
                "alt": "Boat",
                "url": "https://a.test/film",
                "button": {"label": "See the boat", "url": "https://a.test/film"},
            }
        )
    )

    assert [(link.role, link.label) for link in made.links] == [("action", "See the boat")]
    assert made.hrefs().count(f"{BASE_URL}/c/[[token]]/1") == 2
    assert "Watch the video" not in made.text


def test_no_address_is_lost_where_a_picture_is_missing_or_has_a_button_too() -> None:
    made = mail(
        content(
            {"kind": "media", "url": "https://a.test/map", "headline": "The map"},
            {
                "kind": "media",
                "image": "https://a.test/x.jpg",
                "alt": "A map",
                "url": "https://a.test/map",
                "button": {"label": "Print it", "url": "https://a.test/print"},
            },
        )
    )

    assert [link.label for link in made.links] == ["The map", "A map", "Print it"]
    for number in (1, 2, 3):
        assert f"{BASE_URL}/c/[[token]]/{number}" in made.hrefs()
        assert f"{BASE_URL}/c/[[token]]/{number}\n" in made.text


def test_sharing_passes_on_nobodys_token_and_no_placeholder() -> None:
    share = {
        "kind": "share",
        "channels": [
            "email",
            "whatsapp",
            "facebook",
            "bluesky",
            "mastodon",
            "telegram",
            "x",
            "linkedin",
        ],
    }
    made = mail(content(share, subject="[[first_name|Friends]], the weir falls"))
    public = "https%3A%2F%2Fmail.river.test%2Fi%2F7-weir"

    (mailto,) = [href for href in made.hrefs() if href.startswith("mailto:")]
    assert mailto == f"mailto:?subject=Friends%2C%20the%20weir%20falls&body={public}"
    assert len(made.links) == 7
    assert all(public in link.url and "token" not in link.url for link in made.links)


def test_what_a_share_block_names_is_shared_with_its_tags() -> None:
    made = mail(
        content({"kind": "share", "url": "https://a.test/petition", "channels": ["facebook"]})
    )

    assert made.links[0].url == (
        "https://www.facebook.com/sharer/sharer.php?u=https%3A%2F%2Fa.test%2Fpetition%3Futm_source%3D"
        "river%26utm_medium%3Dshare%26utm_campaign%3Dweir-2026-11-22%26utm_content%3Dshare-1"
    )


def test_a_preview_answers_the_question_for_dark_itself(every: Mail) -> None:
    assert "@media (prefers-color-scheme: dark)" in every.html
    questions: tuple[tuple[Scheme, str], ...] = (
        ("dark", "@media all"),
        ("light", "@media not all"),
    )
    for scheme, query in questions:
        made = mail(content(*EVERY_KIND), scheme=scheme)
        assert "prefers-color-scheme" not in made.html
        assert query in made.html
        assert made.page.xpath("//meta[@name='color-scheme']/@content") == [scheme]


def test_the_size_is_that_of_a_readers_own_copy(every: Mail) -> None:
    copy = every.html.replace("[[token]]", "t" * 32)
    assert every.rendered.size == len(copy.encode())


def test_styles_are_small_and_nothing_in_them_is_misunderstood(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        made = mail(content(*EVERY_KIND, language="he"), look={"accent": "#123456"})

    assert caplog.records == []
    assert sum(map(len, re.findall(r"<style.*?</style>", made.html, re.DOTALL))) < 16 * 1024


def test_no_text_is_smaller_than_14_pixels(every: Mail) -> None:
    """Smaller sizes are only on hidden or empty elements."""
    sized = every.page.xpath("//*[contains(@style, 'font-size')]")
    assert len(sized) > 40
    for element in sized:
        sizes = re.findall(r"font-size:\s*(\d+)", element.get("style", ""))
        own = (element.text or "").replace("\xa0", "").strip()
        hidden = "preheader" in element.get("class", "")
        assert int(sizes[-1]) >= 14 or not own or hidden, element.get("class")


def test_links_in_running_text_are_underlined(every: Mail) -> None:
    for link in every.page.xpath("//p//a"):
        assert "text-decoration:underline" in link.get("style")


@pytest.mark.parametrize(
    "look",
    [
        {},
        {"accent": "#ffcc00"},
        {"accent": "#fff"},
        {"accent": "#000000"},
        {"urgent": "#ffee88"},
        {"accent": "#7f7f7f"},
    ],
)
def test_every_colour_can_be_read_whatever_accent_is_chosen(look: dict[str, Any]) -> None:
    chosen = Look.model_validate(look)
    for palette in (light_palette(chosen), dark_palette(chosen)):
        pairs = [
            (palette.text, palette.surface),
            (palette.text, palette.tint),
            (palette.text, palette.alarm_tint),
            (palette.heading, palette.surface),
            (palette.muted, palette.tint),
            (palette.quiet, palette.page),
            (palette.link, palette.surface),
            (palette.on_accent, palette.accent),
            (palette.tint_link, palette.tint),
            (palette.on_alarm, palette.alarm),
            (palette.alarm_link, palette.alarm_tint),
        ]
        assert all(contrast(*pair) >= 4.5 for pair in pairs), palette


def test_a_colour_that_can_be_read_is_left_alone() -> None:
    assert readable("#0b5d57", "#ffffff") == "#0b5d57"


@pytest.mark.parametrize(
    ("look", "words"),
    [
        ({"accent": "green"}, "look.accent: 'green' is not a colour; write it like #0b5d57"),
        ({"colour": "#fff"}, "look.colour: Extra inputs are not permitted"),
        ({"background": "#333333"}, "look.background: #333333 is too dark to carry text"),
        ({"surface_dark": "#cccccc"}, "look.surface_dark: #cccccc is too light"),
        ({"logo": "javascript:alert(1)"}, "look.logo: javascript: links are not allowed"),
        ({"font": "Comic"}, "look.font:"),
    ],
)
def test_a_look_that_cannot_be_used_is_named(look: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        mail(content(), look=look)
    assert "the newsletter 'River & Sons'" in str(caught.value)
    assert words in str(caught.value)


def test_a_logo_and_more_links_stand_where_the_look_says() -> None:
    look = {
        "logo": "https://a.test/logo.png",
        "logo_width": 120,
        "tagline": "For rivers",
        "footer_links": [{"label": "Imprint", "url": "https://a.test/imprint"}],
    }
    made = mail(content(), look=look)

    (logo,) = made.page.xpath("//img")
    assert (logo.get("alt"), logo.get("width")) == ("River & Sons", "120")
    assert "https://a.test/imprint" in made.hrefs()
    assert "Imprint:\nhttps://a.test/imprint" in made.text
    assert "For rivers" in made.page.text_content()


def test_two_hundred_blocks_are_rendered_whole() -> None:
    blocks = [EVERY_KIND[number % len(EVERY_KIND)] for number in range(200)]
    made = mail(content(*blocks), policy=LinkPolicy(BASE_URL, track=True, utm=TAGS))

    assert len(made.page.xpath("//tr[@data-block]")) == 200
    assert made.page.xpath("//tr[@data-block='200']")
    assert len({link.block for link in made.links}) == len(made.links)
