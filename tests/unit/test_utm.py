"""Tags are added as text: whatever the author wrote into an address stays as it was, byte by byte."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.utm import UtmTags, slugify, tag

TAGS = UtmTags(source="river", campaign="weir-2026-11-22")
OURS = "utm_source=river&utm_medium=email&utm_campaign=weir-2026-11-22&utm_content=plan-1"

_LETTERS = st.text(st.characters(codec="utf-8", exclude_characters="#?&= \t\r\n"), max_size=8)
_KEYS = st.one_of(
    _LETTERS,
    st.sampled_from(
        ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm%5Fsource", "a[]"]
    ),
)
_PAIRS = st.builds(
    lambda key, sign, value: key + sign + value, _KEYS, st.sampled_from(["", "=", "=="]), _LETTERS
)
_URLS = st.builds(
    lambda path, query, fragment: f"https://a.test{path}{query}{fragment}",
    st.sampled_from(["", "/", "/%20", "/ü", "/a;b=1"]),
    st.one_of(st.just(""), st.lists(_PAIRS, max_size=5).map(lambda pairs: "?" + "&".join(pairs))),
    st.one_of(st.just(""), _LETTERS.map("#".__add__), st.just("#/route?utm_source=x")),
)


@pytest.mark.parametrize(
    ("url", "tagged"),
    [
        ("https://a.test", f"https://a.test?{OURS}"),
        ("https://a.test/x#part", f"https://a.test/x?{OURS}#part"),
        ("https://a.test/?flag", f"https://a.test/?flag&{OURS}"),
        ("https://a.test/?a[]=%20&b=+", f"https://a.test/?a[]=%20&b=+&{OURS}"),
        ("https://a.test/?", f"https://a.test/?{OURS}"),
        ("https://a.test/?a=1&", f"https://a.test/?a=1&{OURS}"),
        ("HTTPS://A.test/x", f"HTTPS://A.test/x?{OURS}"),
        ("https://a.test/#/?utm_source=x", f"https://a.test/?{OURS}#/?utm_source=x"),
    ],
)
def test_tags_stand_before_the_fragment(url: str, tagged: str) -> None:
    assert tag(url, TAGS, "plan-1").url == tagged


@pytest.mark.parametrize("url", ["mailto:a@b.test", "tel:+491", "#top", "/relative", ""])
def test_only_web_addresses_are_tagged(url: str) -> None:
    assert tag(url, TAGS, "plan-1").url == url


def test_the_authors_value_wins_and_a_differing_one_is_reported() -> None:
    tagged = tag("https://a.test/?utm_source=FB&utm_medium=email&utm_content=", TAGS, "plan-1")

    assert tagged.url == (
        "https://a.test/?utm_source=FB&utm_medium=email&utm_content=&utm_campaign=weir-2026-11-22"
    )
    assert tagged.conflicts == (
        "utm_source is 'FB', not 'river'",
        "utm_content is '', not 'plan-1'",
    )


def test_tags_are_written_in_lower_case() -> None:
    tags = UtmTags(source="River", campaign="A B", medium="E-Mail")

    assert tag("https://a.test", tags, "Plan-1").url == (
        "https://a.test?utm_source=river&utm_medium=e-mail&utm_campaign=a%20b&utm_content=plan-1"
    )


@given(_URLS)
def test_tagging_only_inserts_before_the_fragment(url: str) -> None:
    tagged = tag(url, TAGS, "plan-1").url

    before, hash_mark, fragment = url.partition("#")
    assert tagged.startswith(before)
    assert tagged.endswith(hash_mark + fragment)
    inserted = tagged[len(before) : len(tagged) - len(hash_mark + fragment)]
    assert all(part in OURS.split("&") for part in inserted.lstrip("?&").split("&") if part)


@given(_URLS)
def test_tagging_twice_is_tagging_once(url: str) -> None:
    once = tag(url, TAGS, "plan-1")
    assert tag(once.url, TAGS, "plan-1") == once


@given(_URLS)
def test_every_tag_is_there_once_and_everything_else_is_read_as_before(url: str) -> None:
    before = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    after = parse_qsl(urlsplit(tag(url, TAGS, "plan-1").url).query, keep_blank_values=True)

    assert after[: len(before)] == before
    keys = [key for key, _ in after]
    for key in ("utm_source", "utm_medium", "utm_campaign", "utm_content"):
        assert keys.count(key) == max(1, [key for key, _ in before].count(key))


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Harrow Weir is coming down!", "harrow-weir-is-coming-down"),
        ("The mayor’s answer", "the-mayors-answer"),
        ("Räuber & Söhne", "rauber-sohne"),
        ("Спасём реку", "spasem-reku"),
        ("!?", "block-3"),
        ("", "block-3"),
    ],
)
def test_a_slug_is_plain_latin(text: str, slug: str) -> None:
    assert slugify(text, "block-3") == slug


@given(st.text())
def test_a_slug_is_short_and_needs_no_escape(text: str) -> None:
    slug = slugify(text, "x")
    assert 0 < len(slug) <= 60
    assert slug.strip("-") == slug
    assert all(c in "abcdefghijklmnopqrstuvwxyz0123456789-" for c in slug)


def test_a_long_slug_ends_with_a_whole_word() -> None:
    assert slugify("word " * 40, "x") == "-".join(["word"] * 12)
    assert len(slugify("w" * 200, "x")) == 60
