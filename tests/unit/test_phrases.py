"""What notices and readers' pages say is there in every language that ships, marks and all."""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailer.errors import ConfigurationError
from mailer.rendering.environment import Themes, shipped_templates
from mailer.rendering.notice import Letterhead, NoticePress
from mailer.rendering.phrases import codes_of, parse_phrases

PRESS = NoticePress(Themes(None))
WORDS = shipped_templates() / "words"
LANGUAGES = sorted(path.stem for path in WORDS.glob("*.toml"))
KINDS = sorted(path.name for path in (shipped_templates() / "notices").iterdir() if path.is_dir())
VALUES = {
    "link": "https://mail.test/x?a=1&b=2",
    "until": "3",
    "address": "ann@readers.test",
    "inviter": "Jo <b>",
    "own_subject": "",
    "own_words": "",
}


def phrases(language: str) -> dict[str, str]:
    return dict(_flat(tomllib.loads((WORDS / f"{language}.toml").read_text(encoding="utf-8"))))


def _flat(table: dict[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        elif above:
            yield above + name, value


def marks(phrase: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(phrase) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_phrase_is_translated_with_the_same_marks(language: str) -> None:
    english, own = phrases("en"), phrases(language)
    assert own.keys() == english.keys()
    assert {place: marks(own[place]) for place in own} == {
        place: marks(english[place]) for place in english
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_notice_is_written_in_every_language(kind: str, language: str) -> None:
    rendered = PRESS.render(kind, Letterhead("River", language, {}), VALUES)

    assert "{" not in rendered.subject + rendered.text
    assert "[[" not in rendered.html
    if kind != "test":
        assert "https://mail.test/x?a=1&b=2" in rendered.text
        assert 'href="https://mail.test/x?a=1&amp;b=2"' in rendered.html


def test_values_are_escaped_and_never_read_as_marks() -> None:
    press = NoticePress(Themes(None))
    values = {**VALUES, "inviter": "<script>[[link]]"}
    rendered = press.render("invitation", Letterhead("River", "en", {}), values)

    assert "<script>" not in rendered.html
    assert "&lt;script&gt;[[link]]" in rendered.html


def test_a_folder_of_ones_own_replaces_words_and_notices(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "de.toml").write_text('[notices.confirm]\ntitle = "Ahoi"\n')
    (tmp_path / "notices" / "confirm").mkdir(parents=True)
    (tmp_path / "notices" / "confirm" / "subject.txt").write_text('{{ say("title") }}, {{ link }}')
    press = NoticePress(Themes(tmp_path))

    rendered = press.render("confirm", Letterhead("River", "de-AT", {}), VALUES)

    assert rendered.subject == "Ahoi, https://mail.test/x?a=1&b=2"
    assert "Ahoi" in rendered.html
    assert "Noch ein Schritt" not in rendered.html


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"pages": {"form": {"buton": "x"}}}, "nobody asks for pages.form.buton"),
        ({"pages": {"form": {"button": "{no}"}}}, "{no}"),
        ({"pages": {"form": {"button": "{"}}}, "cannot be read"),
        ({"pages": {"form": {"button": 3}}}, "is no text"),
    ],
)
def test_phrases_that_cannot_be_used_are_named(table: dict[str, Any], words: str) -> None:
    english = {"pages": {"form": {"button": "Subscribe"}}}
    with pytest.raises(ConfigurationError) as caught:
        parse_phrases([english, table])
    assert words in str(caught.value)


def test_a_language_is_found_without_its_region() -> None:
    themes = Themes(None)
    assert [themes.spoken(one) for one in ("de-AT", "pt-BR", "en", "xx", "../etc")] == [
        "de",
        "pt",
        "en",
        None,
        None,
    ]
    assert codes_of("pt-BR") == ("en", "pt", "pt-BR")
