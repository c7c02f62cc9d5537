"""Charts as SVG made by the server: no script, named for screen readers, at home in light and dark.

Colours come from classes (charts.css): no inline style. Each stands beside a table of its numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_STEPS = (1, 2, 2.5, 5, 10)
_WIDTH, _HEIGHT = 860, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 14, 30
_LINES = 4
_MOST_LABELS = 7


@dataclass(frozen=True, slots=True)
class Point:
    """One value: *label* stands below the axis, *words* say it all."""

    label: str
    value: float
    words: str


def area(points: Sequence[Point], *, name: str, number: Callable[[float], str]) -> Markup:
    """A line over time with the area below it."""
    scale = _Scale(len(points), max((one.value for one in points), default=0))
    line = " ".join(f"{scale.x(at):.1f},{scale.y(one.value):.1f}" for at, one in enumerate(points))
    fill = f"{scale.x(0):.1f},{scale.floor} {line} {scale.x(len(points) - 1):.1f},{scale.floor}"
    marks = "".join(_mark(scale, at, one) for at, one in enumerate(points))
    return _chart(
        name,
        scale.grid(number) + scale.labels(points),
        f'<polygon class="fill" points="{fill}"/><polyline class="line" points="{line}"/>{marks}',
    )


def pairs(
    points: Sequence[tuple[Point, Point]], *, name: str, number: Callable[[float], str]
) -> Markup:
    """Two bars for each moment, side by side."""
    most = max((one.value for pair in points for one in pair), default=0)
    scale = _Scale(len(points) + 1, most)
    step = scale.step
    bars = ""
    for at, pair in enumerate(points):
        for side, one in enumerate(pair):
            left = scale.x(at) + step * (0.18 + 0.32 * side)
            top = scale.y(one.value)
            bars += (
                f'<rect class="bar-{side + 1}" x="{left:.1f}" y="{top:.1f}" rx="2" '
                f'width="{step * 0.3:.1f}" height="{scale.floor - top:.1f}">'
                f"<title>{escape(one.words)}</title></rect>"
            )
    first = [pair[0] for pair in points]
    return _chart(name, scale.grid(number) + scale.labels(first, shift=step / 2), bars)


def share(part: float, kind: str = "") -> Markup:
    """A bar that is *part* (0 to 1) full; the number stands beside it."""
    width = 1000 * min(1.0, max(0.0, part))
    return Markup(
        '<svg class="bar {}" viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" width="1000" height="8"/>'
        '<rect class="value" width="{:.1f}" height="8"/></svg>'
    ).format(kind, width)


class _Scale:
    """Where values stand in the picture."""

    def __init__(self, count: int, most: float) -> None:
        self.count = count
        self.most = nice(most)
        self.step = (_WIDTH - _LEFT - _RIGHT) / max(count - 1, 1)
        self.floor = _HEIGHT - _BOTTOM

    def x(self, at: int) -> float:
        return _LEFT + self.step * at

    def y(self, value: float) -> float:
        return _TOP + (self.floor - _TOP) * (1 - value / self.most)

    def grid(self, number: Callable[[float], str]) -> str:
        lines = min(_LINES, int(self.most))
        drawn = ""
        for at in range(lines + 1):
            value = self.most * at / lines
            y = self.y(value)
            drawn += (
                f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
                f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">'
                f"{escape(number(value))}</text>"
            )
        return drawn

    def labels(self, points: Sequence[Point], *, shift: float = 0.0) -> str:
        every = max(1, math.ceil(len(points) / _MOST_LABELS))
        return "".join(
            f'<text x="{self.x(at) + shift:.1f}" y="{_HEIGHT - 8}" '
            f'text-anchor="{self._anchor(at, shift)}">{escape(one.label)}</text>'
            for at, one in enumerate(points)
            if at % every == 0
        )

    def _anchor(self, at: int, shift: float) -> str:
        """Labels at the edges stay within the picture."""
        if shift or 0 < at < self.count - 1:
            return "middle"
        return "end" if at else "start"


def nice(most: float) -> float:
    """The end of an axis for values up to *most*: four even steps that people count in."""
    if most <= 1:
        return 1
    rough = most / _LINES
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(one * magnitude for one in _STEPS if one * magnitude >= rough)
    return max(1.0, math.ceil(step)) * _LINES if most > _LINES else float(math.ceil(most))


def _mark(scale: _Scale, at: int, one: Point) -> str:
    x = scale.x(at)
    left, right = max(_LEFT, x - scale.step / 2), min(_WIDTH - _RIGHT, x + scale.step / 2)
    return (
        f'<g class="hit"><title>{escape(one.words)}</title>'
        f'<rect x="{left:.1f}" y="{_TOP}" width="{right - left:.1f}" height="{scale.floor - _TOP}"/>'
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{scale.floor}"/>'
        f'<circle cx="{x:.1f}" cy="{scale.y(one.value):.1f}" r="4"/></g>'
    )


def _chart(name: str, axes: str, drawn: str) -> Markup:
    return Markup(  # noqa: S704  # numbers of ours, words escaped above
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(name)}">{axes}{drawn}</svg>'
    )
