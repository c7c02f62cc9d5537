"""Colours that stay readable: contrast as WCAG 2.2 defines it, and what to do where it is low."""

from __future__ import annotations

import colorsys

ENOUGH = 4.5  # WCAG 2.2, success criterion 1.4.3
_BLACK = "#000000"
_WHITE = "#ffffff"
_STEPS = 50
_CALM = 0.7  # saturation of colours that were made lighter: no neon on black


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two ``#rrggbb`` colours, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour: str, into: str, share: float) -> str:
    """*colour* with *share* (0 to 1) of *into* in it."""
    return "#" + "".join(
        f"{round(a + (b - a) * share):02x}"
        for a, b in zip(_channels(colour), _channels(into), strict=True)
    )


def readable(colour: str, *backgrounds: str, ratio: float = ENOUGH) -> str:
    """*colour*, made darker or lighter just as far as it takes to be read on all *backgrounds*."""
    on_light = _luminance(backgrounds[0]) > 0.18
    hue, lightness, saturation = colorsys.rgb_to_hls(*(c / 255 for c in _channels(colour)))
    if not on_light:
        saturation = min(saturation, _CALM)
    goal = 0.0 if on_light else 1.0
    tried = colour
    for step in range(1, _STEPS + 1):
        if all(contrast(tried, background) >= ratio for background in backgrounds):
            return tried
        tried = _hex(hue, lightness + (goal - lightness) * step / _STEPS, saturation)
    return _BLACK if on_light else _WHITE


def ink_on(background: str) -> str:
    """White or near-black, whichever is easier to read on *background*."""
    dark = "#10151a"
    return _WHITE if contrast(_WHITE, background) >= contrast(dark, background) else dark


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hex(hue: float, lightness: float, saturation: float) -> str:
    channels = colorsys.hls_to_rgb(hue, lightness, saturation)
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
