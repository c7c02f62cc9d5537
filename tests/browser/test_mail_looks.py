"""What Chromium makes of a mail: widths, contrast, dark mode, and what is left without styles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page

from mailer.rendering.environment import Themes
from tests.support.mails import EVERY_KIND, Mail, content, mail

Colours = Literal["light", "dark"]
Opener = Callable[[str, int, Colours], AbstractContextManager[Page]]

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


@pytest.fixture
def opener(browser: Browser) -> Opener:
    @contextmanager
    def open_page(html: str, width: int, colours: Colours) -> Iterator[Page]:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=colours, offline=True
        )
        page = context.new_page()
        page.set_content(html, wait_until="domcontentloaded")
        yield page
        context.close()

    return open_page


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


@pytest.mark.parametrize("width", [320, 375, 480, 700, 1200])
@pytest.mark.parametrize("language", ["en", "fa"])
def test_nobody_has_to_scroll_sideways(opener: Opener, width: int, language: str) -> None:
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
    blocks: list[dict[str, Any]] = [*EVERY_KIND, *([long, items, quote] if width < 600 else [])]
    made = mail(
        content(*blocks, language=language),
        look={"tagline": "For all rivers", "logo": "https://a.test/logo", "logo_width": 504},
    )

    with opener(made.html, width, "light") as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(
    "look", [{}, {"accent": "#ffcc00", "urgent": "#ffdd00"}, {"accent": "#101010"}]
)
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_all_words_can_be_read(opener: Opener, colours: Colours, look: Mapping[str, str]) -> None:
    with opener(every(look=look).html, 700, colours) as page:
        texts = page.evaluate(TEXTS)

    assert len(texts) > 40
    poor = [(words, ink, ground) for words, ink, ground in texts if ratio(ink, ground) < 4.5]
    assert poor == []


def test_dark_is_really_dark_and_light_really_light(opener: Opener) -> None:
    schemes: tuple[tuple[Colours, bool], ...] = (("dark", True), ("light", False))
    for colours, is_dark in schemes:
        with opener(every().html, 700, colours) as page:
            for selector in ("body", ".page", ".card"):
                ground = page.evaluate(
                    "(s) => getComputedStyle(document.querySelector(s)).backgroundColor", selector
                )
                light = luminance(ground)
                assert light < 0.02 if is_dark else light > 0.8, (colours, selector, ground)


@pytest.mark.parametrize("browsers_own", ["light", "dark"])
def test_a_preview_is_as_asked_for_whatever_the_browser_prefers(
    opener: Opener, browsers_own: Colours
) -> None:
    for scheme in ("light", "dark"):
        with opener(every(scheme=scheme).html, 700, browsers_own) as page:
            ground = page.evaluate(
                "getComputedStyle(document.querySelector('.card')).backgroundColor"
            )
        assert (luminance(ground) < 0.02) == (scheme == "dark")


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

    with opener(themes.written, 700, "light") as page:
        meant = page.evaluate(STYLES, COMPARED)
    with opener(bare, 700, "light") as page:
        shown = page.evaluate(STYLES, COMPARED)

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
    with opener(html, 375, "light") as page:
        small = page.evaluate("getComputedStyle(document.querySelector('h1')).fontSize")
        button = page.locator("a.button").first.bounding_box()
        column = page.locator("h1").first.bounding_box()
    with opener(html, 700, "light") as page:
        large = page.evaluate("getComputedStyle(document.querySelector('h1')).fontSize")

    assert (small, large) == ("30px", "35px")
    assert button is not None
    assert column is not None
    assert button["width"] == column["width"]


@pytest.mark.parametrize("width", [390, 560, 607, 631, 640, 900])
def test_name_and_date_stand_side_by_side_or_both_at_the_start(opener: Opener, width: int) -> None:
    with opener(every().html, width, "light") as page:
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
    assert beside or abs(name["left"] - date["left"]) < 1


def test_buttons_are_large_enough_for_a_thumb(opener: Opener) -> None:
    with opener(every().html, 375, "light") as page:
        boxes = page.evaluate(
            "[...document.querySelectorAll('a.button, a.channel, a.watch-link')]"
            ".map(a => { const b = a.getBoundingClientRect(); return [b.width, b.height] })"
        )

    assert len(boxes) == 6
    assert all(width >= 44 and height >= 42 for width, height in boxes)


def test_without_pictures_their_words_stand_in_their_place(opener: Opener) -> None:
    with opener(every().html, 700, "light") as page:
        boxes = page.evaluate(
            "[...document.images].map(i => [i.naturalWidth, i.getBoundingClientRect().height])"
        )
        film = page.get_by_text("Watch the video").bounding_box()

    assert boxes
    assert all(loaded == 0 and height > 20 for loaded, height in boxes)
    assert film is not None
