"""How a newsletter looks: what its people may choose, and the colours that follow from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from mailer.blocks import Line, MaybeUrl, Url
from mailer.errors import ConfigurationError
from mailer.rendering.colours import contrast, ink_on, mixed, readable

_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")
_LEAST_TEXT_CONTRAST = 7.0
_DARK_CONTRAST = 6.5  # of what was made lighter for the dark look

Font = Literal["sans", "serif"]


def _six_digits(colour: Any) -> Any:
    if not isinstance(colour, str):
        return colour
    colour = colour.strip().lower()
    if not _HEX.fullmatch(colour):
        raise ValueError(f"{colour!r} is not a colour; write it like #0b5d57")
    return colour if len(colour) == 7 else "#" + "".join(2 * digit for digit in colour[1:])


def _light(colour: str) -> str:
    if contrast(colour, "#1b2023") < _LEAST_TEXT_CONTRAST:
        raise ValueError(
            f"{colour} is too dark to carry text; the dark colours are background_dark"
        )
    return colour


def _dark(colour: str) -> str:
    if contrast(colour, "#e4e8e8") < _LEAST_TEXT_CONTRAST:
        raise ValueError(f"{colour} is too light for the dark look; choose a darker one")
    return colour


Colour = Annotated[str, BeforeValidator(_six_digits)]
LightColour = Annotated[Colour, AfterValidator(_light)]
DarkColour = Annotated[Colour, AfterValidator(_dark)]


class FooterLink(BaseModel):
    """One more link at the end of every mail; it is not counted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: Annotated[Line, Field(min_length=1)]
    url: Url


class Look(BaseModel):
    """What a newsletter may choose; every value has a default that looks well."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    accent: Colour = "#0b5d57"
    accent_dark: Colour | None = None  # without it, the accent made lighter
    urgent: Colour = "#b5380f"
    background: LightColour = "#f2efe8"
    surface: LightColour = "#ffffff"
    background_dark: DarkColour = "#0e1212"
    surface_dark: DarkColour = "#171c1c"
    font: Font = "sans"
    heading_font: Font = "sans"
    logo: MaybeUrl = None
    logo_alt: Line = ""
    logo_width: Annotated[int, Field(ge=16, le=504)] = 160
    tagline: Line = ""
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""
    footer_links: Annotated[tuple[FooterLink, ...], Field(max_length=12)] = ()


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one scheme; every text colour is readable on what it stands on."""

    page: str
    surface: str
    heading: str
    text: str
    muted: str
    quiet: str  # small print on the page
    rule: str
    link: str  # also the outline and words of a quiet button
    accent: str
    on_accent: str
    tint: str  # panels: share, our view, the place of a picture
    tint_link: str
    alarm: str
    on_alarm: str
    alarm_tint: str
    alarm_link: str


def parse_look(look: Mapping[str, Any], newsletter: str) -> Look:
    """The chosen look; ``ConfigurationError`` names the newsletter and the first wrong value."""
    try:
        return Look.model_validate(dict(look))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(("look", *map(str, first["loc"])))
        message = first["msg"].removeprefix("Value error, ")
        raise ConfigurationError(
            f"The look of the newsletter {newsletter!r} cannot be used: {place}: {message}."
        ) from error


def light_palette(look: Look) -> Palette:
    """What a reader with a light screen sees."""
    return _palette(
        _Scheme("#1b2023", "#000000", 0.07),
        page=look.background,
        surface=look.surface,
        accent=look.accent,
        urgent=look.urgent,
    )


def dark_palette(look: Look) -> Palette:
    """What a reader with a dark screen sees, where the mail program asks for it."""
    surface = look.surface_dark
    return _palette(
        _Scheme("#dfe5e4", "#ffffff", 0.13),
        page=look.background_dark,
        surface=surface,
        accent=look.accent_dark or readable(look.accent, surface, ratio=_DARK_CONTRAST),
        urgent=readable(look.urgent, surface, ratio=_DARK_CONTRAST),
    )


@dataclass(frozen=True, slots=True)
class _Scheme:
    ink: str
    strongest: str  # what headings lean to
    tinting: float  # share of the accent in a panel


def _palette(scheme: _Scheme, *, page: str, surface: str, accent: str, urgent: str) -> Palette:
    ink = scheme.ink
    tint = mixed(surface, accent, scheme.tinting)
    alarm_tint = mixed(surface, urgent, scheme.tinting)
    return Palette(
        page=page,
        surface=surface,
        heading=mixed(ink, scheme.strongest, 0.4),
        text=ink,
        muted=readable(mixed(ink, surface, 0.36), surface, tint, alarm_tint),
        quiet=readable(mixed(ink, page, 0.36), page),
        rule=mixed(surface, ink, 0.13),
        link=readable(accent, surface),
        accent=accent,
        on_accent=ink_on(accent),
        tint=tint,
        tint_link=readable(accent, tint),
        alarm=urgent,
        on_alarm=ink_on(urgent),
        alarm_tint=alarm_tint,
        alarm_link=readable(urgent, alarm_tint),
    )
