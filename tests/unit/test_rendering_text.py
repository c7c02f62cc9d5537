"""The plain-text part reads as if a person had written it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.rendering.text import Notes, quoted, read_body, seen_width, tidy, underlined, wrapped
from tests.support.mails import BASE_URL, EVERY_KIND, content, mail


@given(st.text(st.sampled_from("ab [|]\u4e00。（）-"), max_size=200), st.integers(5, 40))
def test_wrapping_changes_nothing_but_blanks(text: str, width: int) -> None:
    assert "".join(wrapped(text, width).split()) == "".join(text.split())


@given(st.lists(st.text(st.characters(categories=["Ll", "Lu"]), min_size=1, max_size=9)))
def test_no_line_of_ordinary_words_is_too_long(words: list[str]) -> None:
    assert all(seen_width(line) <= 20 for line in wrapped(" ".join(words), 20).split("\n"))


def test_addresses_and_placeholders_are_never_broken() -> None:
    url = "https://a.test/" + "long/" * 30
    placeholder = "[[first_name|dear friend of this river and of all its many fishes]]"
    lines = wrapped(f"Look at {url} now, {placeholder}, and write to us", 40).split("\n")

    assert url in lines
    assert any(placeholder in line for line in lines)


def test_chinese_and_japanese_break_between_letters_but_not_before_a_full_stop() -> None:
    lines = wrapped("水" * 10 + "。" + "「川」" * 4, 20).split("\n")

    assert lines[0] == "水" * 9
    assert lines[1].startswith("水。「川」")
    assert not any(line.startswith(("。", "」")) or line.endswith("「") for line in lines)


def test_a_note_is_never_torn_from_its_brackets() -> None:
    for width in range(10, 30):
        assert "[12]" in wrapped("some words about it [12] and more", width)


def test_a_heading_is_underlined_as_wide_as_it_is_seen() -> None:
    assert underlined("Weir", "=") == "Weir\n===="
    assert underlined("川の水", "-") == "川の水\n------"


def test_a_body_becomes_paragraphs_lists_and_notes() -> None:
    words, notes = read_body(
        "<p>First<br>second <strong>now</strong> &amp; <em>then</em>.</p><p>See "
        '<a href="https://a.test/x?a=1&amp;b=2">the plan</a>, <a href="tel:+49">call</a> or write to '
        '<a href="mailto:a@b.test?subject=Hi">us</a> (<a href="mailto:c@d.test">c@d.test</a>).</p>'
        "<ul><li>one</li><li><p>two</p><ol><li>deep</li></ol></li></ul><p>End</p>",
        Notes(count=3),
    )

    assert words == (
        "First\nsecond *now* & then.\n\n"
        "See the plan [4], call <+49> or write to us <a@b.test> (c@d.test).\n\n"
        "- one\n- two\n  1. deep\n\nEnd"
    )
    assert notes == "[4] https://a.test/x?a=1&b=2"


def test_long_items_hang_under_their_own_words() -> None:
    words, _ = read_body(f"<ol><li>{'word ' * 30}</li></ol>", Notes())
    assert all(line.startswith("   word") for line in words.split("\n")[1:])


def test_quotes_are_marked_as_in_mail() -> None:
    assert quoted("a\n\nb") == "> a\n>\n> b"


@pytest.mark.parametrize("text", ["a  \n\n\n\n\nb\t\n", "\n\na\n\n\nb"])
def test_blanks_are_tidied(text: str) -> None:
    assert tidy(text) == "a\n\n\nb\n"


def test_a_mail_reads_from_top_to_bottom() -> None:
    text = mail(content(*EVERY_KIND)).text

    order = [
        "River & Sons\n22 November 2026",
        "The weir falls\n==============",
        f"Dear [[first_name|friend]], see all of it [1].\n\n[1] {BASE_URL}/c/[[token]]/1",
        f"See the plan:\n{BASE_URL}/c/[[token]]/2",
        "*** Urgent · until Friday 4 December 2026 ***",
        "Object now\n----------",
        f" 1. Bonn\n    They vote in May.\n    {BASE_URL}/c/[[token]]/4",
        f" 2. Ulm\n    {BASE_URL}/c/[[token]]/5",
        "> You are right.\n-- Ann Example, Mayor",
        "Our view:\nWe thank her [2].",
        "[Video: A boat at night]",
        "Watch the video:",
        "[Picture: A map]",
        "* * *",
        "- one\n- two",
        "E-mail:\nmailto:?subject=The%20weir&body=",
        "You receive this mail because you subscribed to River & Sons.",
        f"Unsubscribe:\n{BASE_URL}/u/[[token]]",
        f"{BASE_URL}/p/[[token]]",
        f"{BASE_URL}/v/[[token]]",
        "1 Quay <Street>\nBonn",
    ]
    places = [text.find(part) for part in order]
    assert -1 not in places, order[places.index(-1)]
    assert places == sorted(places)


def test_lines_are_short_unless_they_are_addresses() -> None:
    text = mail(content(*EVERY_KIND)).text
    long = [line for line in text.split("\n") if seen_width(line) > 74]
    assert all(re.search(r"(https|mailto):\S+$", line) for line in long)


def test_both_parts_lead_to_the_same_places() -> None:
    made = mail(content(*EVERY_KIND))
    in_text = set(re.findall(r"(?:https|mailto):[^\s>]+", made.text))

    assert in_text == set(made.hrefs())
