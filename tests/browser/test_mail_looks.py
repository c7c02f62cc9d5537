"""What Chromium makes of a mail: widths, contrast, dark mode, and what is left without styles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

from mailer.rendering.environment import Themes
from tests.support.mails import EVERY_KIND, Mail, content, mail

Colours = Literal["light", "dark"]
Opener = Callable[[str, int, Colours], Page]

COLOURS: tuple[Colours, Colours] = ("light", "dark")
LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnung" * 2
LONG_URL = "https://a.test/" + "veryverylong" * 12

# Of every text that is seen: what it says, its colour, and what it stands on.
TEXTS = """() => {
  const seen = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const words = walker.currentNode.data.trim();
    const element = walker.currentNode.parentElement;
    if (!words || !element.checkVisibility() || ["STYLE", "TITLE"].includes(element.tagName)) continue;
    let under = element;
    while (under && getComputedStyle(under).backgroundColor === "rgba(0, 0, 0, 0)") under = under.parentElement;
    if (words.replace(/\\u00a0/g, "")) seen.push([
      words,
      getComputedStyle(element).color,
      under ? getComputedStyle(under).backgroundColor : "rgb(255, 255, 255)",
    ]);
  }
  return seen;
}"""

STYLES = """(names) => [...document.querySelectorAll("body, body *")]
  .filter(element => !["STYLE", "TBODY"].includes(element.tagName))
  .map(element => [
    element.tagName + "." + element.className,
    Object.fromEntries(names.map(name => [name, getComputedStyle(element).getPropertyValue(name)])),
  ])"""

COMPARED = [
    "color",
    "background-color",
    "font-family",
    "font-size",
    "font-weight",
    "font-style",
    "line-height",
    "text-align",
    "text-decoration-line",
    "letter-spacing",
    "vertical-align",
    "padding-top",
    "padding-right",
    "padding-bottom",
    "padding-left",
    "margin-top",
    "margin-right",
    "margin-bottom",
    "margin-left",
    "border-top-width",
    "border-top-color",
    "border-top-style",
    "border-left-width",
    "border-right-width",
    "border-left-color",
    "border-collapse",
    "border-spacing",
    "border-top-left-radius",
    "width",
    "max-width",
    "height",
    "display",
    "opacity",
    "overflow-x",
    "direction",
]


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """One window for all of these tests, without a network."""
    context = browser.new_context(offline=True)
    yield context.new_page()
    context.close()


@pytest.fixture
def opener(page: Page) -> Opener:
    def open_mail(html: str, width: int, colours: Colours) -> Page:
        widen(page, width)
        page.emulate_media(color_scheme=colours)
        # Loaded: a picture that is still on its way takes another room than its words.
        page.set_content(html, wait_until="load")
        return page

    return open_mail


def widen(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})


def ratio(one: str, other: str) -> float:
    """WCAG 2.2 contrast of two computed colours."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = [int(number) / 255 for number in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def every(**rest: Any) -> Mail:
    return mail(content(*EVERY_KIND), **rest)


@pytest.mark.parametrize("language", ["en", "fa"])
def test_nobody_has_to_scroll_sideways(opener: Opener, language: str) -> None:
    long: dict[str, Any] = {
        "kind": "urgent",
        "headline": LONG_WORD,
        "body": f'<p><a href="{LONG_URL}">{LONG_URL}</a></p>',
        "button": {"label": LONG_WORD, "url": LONG_URL},
    }
    items: dict[str, Any] = {
        "kind": "actions",
        "headline": "A",
        "items": [{"title": LONG_WORD, "url": LONG_URL, "note": LONG_URL}],
    }
    quote: dict[str, Any] = {
        "kind": "response",
        "quote": f"<p>{LONG_WORD}</p>",
        "who": LONG_WORD,
        "view": f"<p>{LONG_URL}</p>",
    }
    for extreme, widths in (([long, items, quote], (320, 375, 480)), ([], (700, 1200))):
        made = mail(
            content(*EVERY_KIND, *extreme, language=language),
            look={"tagline": "For all rivers", "logo": "https://a.test/logo", "logo_width": 504},
        )
        page = opener(made.html, widths[0], "light")
        for width in widths:
            widen(page, width)
            assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(
    "look", [{}, {"accent": "#ffcc00", "urgent": "#ffdd00"}, {"accent": "#101010"}]
)
def test_all_words_can_be_read(opener: Opener, look: Mapping[str, str]) -> None:
    page = opener(every(look=look).html, 700, "light")
    for colours in COLOURS:
        page.emulate_media(color_scheme=colours)
        texts = page.evaluate(TEXTS)
        assert len(texts) > 40
        poor = [(words, ink, ground) for words, ink, ground in texts if ratio(ink, ground) < 4.5]
        assert poor == [], colours


def test_dark_is_really_dark_and_light_really_light(opener: Opener) -> None:
    page = opener(every().html, 700, "light")
    for colours in COLOURS:
        page.emulate_media(color_scheme=colours)
        for selector in ("body", ".page", ".card"):
            light = luminance(ground(page, selector))
            assert light < 0.02 if colours == "dark" else light > 0.8, (colours, selector)


def test_a_preview_is_as_asked_for_whatever_the_browser_prefers(opener: Opener) -> None:
    for scheme in COLOURS:
        page = opener(every(scheme=scheme).html, 700, "light")
        for browsers_own in COLOURS:
            page.emulate_media(color_scheme=browsers_own)
            assert (luminance(ground(page, ".card")) < 0.02) == (scheme == "dark")


def ground(page: Page, selector: str) -> str:
    return str(
        page.evaluate(
            "(s) => getComputedStyle(document.querySelector(s)).backgroundColor", selector
        )
    )


class RecordingThemes(Themes):
    """Keeps what the theme wrote, before anything was inlined."""

    written: str = ""

    def render(self, theme: str, file: str, values: Mapping[str, Any]) -> str:
        text = super().render(theme, file, values)
        if file == "issue.html":
            self.written = text
        return text


@pytest.mark.parametrize("language", ["en", "ar", "ja"])
def test_a_program_that_drops_all_styles_shows_the_same_mail(opener: Opener, language: str) -> None:
    themes = RecordingThemes(None)
    made = mail(content(*EVERY_KIND, language=language), themes=themes)
    bare = re.sub(r"<style\b.*?</style>", "", made.html, flags=re.DOTALL)
    assert "<style" in themes.written

    meant = opener(themes.written, 700, "light").evaluate(STYLES, COMPARED)
    shown = opener(bare, 700, "light").evaluate(STYLES, COMPARED)

    assert [name for name, _ in shown] == [name for name, _ in meant]
    differing = [
        (name, key, value, got[key])
        for (name, want), (_, got) in zip(meant, shown, strict=True)
        for key, value in want.items()
        if got[key] != value
    ]
    assert differing == []


def test_small_screens_get_the_small_layout_after_inlining(opener: Opener) -> None:
    html = every().html
    page = opener(html, 375, "light")
    small = page.evaluate("getComputedStyle(document.querySelector('h1')).fontSize")
    button = page.locator("a.button").first.bounding_box()
    column = page.locator("h1").first.bounding_box()
    widen(page, 700)
    large = page.evaluate("getComputedStyle(document.querySelector('h1')).fontSize")

    assert (small, large) == ("30px", "35px")
    assert button is not None
    assert column is not None
    assert button["width"] == column["width"]


def test_name_and_date_stand_side_by_side_or_both_at_the_start(opener: Opener) -> None:
    page = opener(every().html, 390, "light")
    for width in (390, 560, 607, 631, 640, 900):
        widen(page, width)
        name, date = (
            page.evaluate(
                """selector => {
                  const range = document.createRange();
                  range.selectNodeContents(document.querySelector(selector));
                  const box = range.getBoundingClientRect();
                  return { left: box.left, bottom: box.bottom };
                }""",
                selector,
            )
            for selector in (".mast-brand", ".mast-date")
        )
        beside = abs(name["bottom"] - date["bottom"]) < 4
        assert beside or abs(name["left"] - date["left"]) < 1, width


def test_buttons_are_large_enough_for_a_thumb(opener: Opener) -> None:
    page = opener(every().html, 375, "light")
    boxes = page.evaluate(
        "[...document.querySelectorAll('a.button, a.channel, a.watch-link')]"
        ".map(a => { const b = a.getBoundingClientRect(); return [b.width, b.height] })"
    )

    assert len(boxes) == 6
    assert all(width >= 44 and height >= 42 for width, height in boxes)


def test_without_pictures_their_words_stand_in_their_place(opener: Opener) -> None:
    page = opener(every().html, 700, "light")
    boxes = page.evaluate(
        "[...document.images].map(i => [i.naturalWidth, i.getBoundingClientRect().height])"
    )
    film = page.get_by_text("Watch the video").bounding_box()

    assert boxes
    assert all(loaded == 0 and height > 20 for loaded, height in boxes)
    assert film is not None
