"""Charts say what they show, stay within their picture and need no inline style."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from mailer.web.editor.charts import Point, area, nice, pairs, share


def words(value: float) -> str:
    return f"{value:,.0f}"


def numbers(svg: str, attribute: str) -> list[float]:
    return [float(one) for one in etree.fromstring(svg).xpath(f"//@{attribute}")]


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=80))
def test_every_value_stands_within_the_picture(values: list[int]) -> None:
    points = [Point(str(at), value, f"{at}: {value}") for at, value in enumerate(values)]

    for drawn in (
        area(points, name="Clicks", number=words),
        pairs(list(zip(points, points, strict=True)), name="Joined", number=words),
    ):
        left, top, width, height = map(float, etree.fromstring(drawn).get("viewBox", "").split())
        for attribute, low, high in (
            ("x", left, width),
            ("y", top, height),
            ("cx", left, width),
            ("cy", top, height),
        ):
            assert all(low <= one <= high for one in numbers(drawn, attribute))
        assert all(0 <= one <= height for one in numbers(drawn, "cy"))
        assert all(one >= 0 for one in numbers(drawn, "height"))


@given(st.floats(0, 1e12))
def test_an_axis_ends_at_or_above_its_highest_value_and_not_far_above(most: float) -> None:
    end = nice(most)

    assert end >= most
    assert end <= max(4.0, 2.6 * most)


def test_a_chart_has_a_name_and_words_for_each_value() -> None:
    drawn = area(
        [Point("Mon", 3, "Mon: 3 clicks"), Point("Tue", 0, "Tue: 0")],
        name="Clicks <b>",
        number=words,
    )

    tree = etree.fromstring(drawn)
    assert tree.get("role") == "img"
    assert tree.get("aria-label") == "Clicks <b>"
    assert tree.xpath("//*[local-name()='title']/text()") == ["Mon: 3 clicks", "Tue: 0"]


@pytest.mark.parametrize("label", ['"><script>', "&amp;", "'"])
def test_words_of_people_are_escaped(label: str) -> None:
    drawn = area([Point(label, 1, label)], name=label, number=words)

    assert "<script>" not in drawn
    assert etree.fromstring(drawn).get("aria-label") == label


def test_nothing_needs_an_inline_style() -> None:
    drawn = area([Point("a", 1, "a")], name="a", number=words) + share(0.5)

    assert "style=" not in drawn


@pytest.mark.parametrize(("part", "width"), [(0.0, "0.0"), (0.293, "293.0"), (7.0, "1000.0")])
def test_a_bar_is_as_full_as_its_share(part: float, width: str) -> None:
    assert etree.fromstring(share(part)).xpath("//*[@class='value']/@width") == [width]
