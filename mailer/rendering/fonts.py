"""Font stacks that every mail program finds something good in."""

from __future__ import annotations

from dataclasses import dataclass

from mailer.rendering.look import Font, Look
from mailer.rendering.words import has_own_letters

# Without quotation marks, which would end a style attribute.
_STACKS: dict[Font, str] = {
    "sans": "-apple-system, BlinkMacSystemFont, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif",
    "serif": "Georgia, Gelasio, Cambria, Times New Roman, serif",
}
_OUTLOOK: dict[Font, str] = {"sans": '"Segoe UI", Arial, sans-serif', "serif": "Georgia, serif"}
_OWN_LETTERS = "-apple-system, BlinkMacSystemFont, Segoe UI, Tahoma, Arial, sans-serif"


@dataclass(frozen=True, slots=True)
class Fonts:
    """The fonts of one mail."""

    body: str
    heading: str
    quote: str
    outlook_heading: str
    tracking: str  # letter-spacing of headings


def fonts_for(look: Look, language: str) -> Fonts:
    """The chosen fonts; one calm stack for languages whose letters the chosen ones lack."""
    if has_own_letters(language):
        return Fonts(_OWN_LETTERS, _OWN_LETTERS, _OWN_LETTERS, _OUTLOOK["sans"], "0")
    return Fonts(
        body=_STACKS[look.font],
        heading=_STACKS[look.heading_font],
        quote=_STACKS["serif"],
        outlook_heading=_OUTLOOK[look.heading_font],
        tracking="-0.4px",
    )
