"""A newsletter's people can change everything about a mail's looks, and are told what is wrong."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest

from mailer.errors import ConfigurationError
from mailer.rendering.environment import Themes, shipped_templates
from mailer.rendering.notice import Letterhead, NoticePress
from mailer.rendering.words import Words, direction
from mailer.web.languages import Speech, day_words, speaking
from tests.support.mails import EVERY_KIND, content, mail

TEXT = {"kind": "text", "body": "<p>Hello</p>"}


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_one_file_of_ones_own_replaces_one_of_the_shipped_ones(tmp_path: Path) -> None:
    put(tmp_path, "themes/default/blocks/text.html", "<td>MINE {{ block.body.html }}</td>")
    made = mail(content(TEXT), themes=Themes(tmp_path))

    assert "MINE <p" in made.html
    assert "Unsubscribe" in made.html


def test_a_theme_of_ones_own_takes_what_it_lacks_from_the_default_one(tmp_path: Path) -> None:
    put(tmp_path, "themes/plain/styles.css", "p { color: #0000aa; }")
    made = mail(content(TEXT), themes=Themes(tmp_path), theme="plain")

    assert 'style="color:#0000aa">Hello' in made.html
    assert Themes(tmp_path).names() == ("default", "plain")


def test_a_shipped_template_can_be_built_upon(tmp_path: Path) -> None:
    put(tmp_path, "themes/default/footer.html", '<p>Before</p>{% include "default/footer.html" %}')
    made = mail(content(TEXT), themes=Themes(tmp_path))

    assert "Before" in made.html
    assert "/u/[[token]]" in made.html


def test_a_frame_of_ones_own_holds_issues_and_single_mails_alike(tmp_path: Path) -> None:
    put(tmp_path, "themes/mine/frame.html", "<body>MINE{% block card %}{% endblock %}</body>")
    themes = Themes(tmp_path)
    letterhead = Letterhead("River Watch", "en", {}, theme="mine")
    notice = NoticePress(themes).render("test", letterhead, {"address": "ann@readers.test"})

    for html in (mail(content(TEXT), themes=themes, theme="mine").html, notice.html):
        assert "MINE" in html
        assert 'class="mast"' in html


def test_a_change_of_a_template_is_seen_at_once(tmp_path: Path) -> None:
    path = put(tmp_path, "themes/default/blocks/text.txt", "ONE")
    themes = Themes(tmp_path)
    assert "ONE" in mail(content(TEXT), themes=themes).text
    path.write_text("OTHER THINGS", encoding="utf-8")
    path.touch()

    assert "OTHER THINGS" in mail(content(TEXT), themes=themes).text


@pytest.mark.parametrize(
    ("template", "line", "words"),
    [
        ("<td>\n{{ blokc.body }}</td>", 2, "'blokc' is undefined"),
        ("<td>\n\n{{ block.boddy }}</td>", 3, "has no attribute 'boddy'"),
        ("<td>{% if %}</td>", 1, "Expected an expression"),
        ("<td>\n{% for x in block.body %}</td>", 2, "Unexpected end of template"),
        ("<td>\n{{ 1 / 0 }}</td>", 2, "division by zero"),
        ("<td>\n{{ block.__class__.__mro__ }}</td>", 2, "unsafe"),
        ("<td>\n{{ block.body|nosuch }}</td>", 2, "No filter named 'nosuch'"),
        ('<td>\n{% include "nowhere.html" %}</td>', 2, "nowhere.html"),
        ("<td>\n{{ words.on(3) }}</td>", 2, "'int' object has no attribute"),
    ],
)
def test_a_failing_template_is_named_with_its_line(
    tmp_path: Path, template: str, line: int, words: str
) -> None:
    put(tmp_path, "themes/mine/blocks/text.html", template)
    with pytest.raises(ConfigurationError) as caught:
        mail(content(TEXT), themes=Themes(tmp_path), theme="mine")

    assert f"themes/mine/blocks/text.html line {line}" in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize("theme", ["nosuch", "../themes/default", "", "a/b", "."])
def test_a_theme_that_does_not_exist_is_answered_with_those_that_do(
    tmp_path: Path, theme: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"There is no theme .*; there are: default"):
        mail(content(TEXT), themes=Themes(tmp_path), theme=theme)


def test_templates_read_no_other_files(tmp_path: Path) -> None:
    put(tmp_path, "secret.txt", "SECRET")
    put(tmp_path, "themes/mine/blocks/text.html", '<td>{% include "../../secret.txt" %}</td>')
    with pytest.raises(ConfigurationError, match=r"secret\.txt"):
        mail(content(TEXT), themes=Themes(tmp_path), theme="mine")


def test_single_words_can_be_replaced_and_languages_added(tmp_path: Path) -> None:
    put(tmp_path, "words/en.toml", 'unsubscribe = "No more mails"')
    put(tmp_path, "words/gsw.toml", 'urgent = "Pressant"')
    themes = Themes(tmp_path)

    assert "No more mails" in mail(content(TEXT), themes=themes).html
    swiss = mail(content(*EVERY_KIND, language="gsw"), themes=themes)
    assert "Pressant · until Friday" in swiss.html
    assert themes.words("de-AT").unsubscribe == "Abmelden"
    assert themes.words("xx").unsubscribe == "No more mails"


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("unsubscribe = ", "cannot be read"),
        ('unsubscrib = "x"', "nobody asks for 'unsubscrib'"),
        ('dated = "{dey}"', "'dey' stands for nothing"),
        ('months = ["January"]', "a year has 12 months"),
        ('digits = "01"', "there are 10 digits"),
        ("urgent = 3", "'urgent' is no text"),
    ],
)
def test_words_that_cannot_be_used_are_named(tmp_path: Path, toml: str, words: str) -> None:
    put(tmp_path, "words/en.toml", toml)
    with pytest.raises(ConfigurationError) as caught:
        mail(content(TEXT), themes=Themes(tmp_path))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "language", sorted(path.stem for path in (shipped_templates() / "words").glob("*.toml"))
)
def test_days_in_mails_have_the_digits_that_pages_have(language: str) -> None:
    words = Themes(None).words(language)
    with speaking(Speech(language)):
        assert words.number(2026) in day_words(date(2026, 12, 4))
    assert words.number(2026) in words.on(date(2026, 12, 4))
    assert words.number(4) in words.by(date(2026, 12, 4))


def test_every_shipped_language_is_complete() -> None:
    names = {field.name for field in fields(Words)}
    english = tomllib.loads((shipped_templates() / "words/en.toml").read_text(encoding="utf-8"))
    assert {name for name, value in english.items() if not isinstance(value, dict)} == names
    languages = sorted(path.stem for path in (shipped_templates() / "words").glob("*.toml"))
    assert "de" in languages
    for language in languages:
        own = tomllib.loads(
            (shipped_templates() / f"words/{language}.toml").read_text(encoding="utf-8")
        )
        assert names - set(own) <= {"comma"}, language
        made = mail(content(*EVERY_KIND, language=language))
        assert made.page.get("dir") == direction(language)
