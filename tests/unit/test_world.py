"""A country or a language is the same one by whatever code or name."""

from __future__ import annotations

import pytest

from mailer.audience.world import country_names, language_tags


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Germany", "DE"),
        ("de", "Deutschland"),
        ("DEU", "Niemcy"),
        ("ÖSTERREICH", "Austria"),
        (" Allemagne ", "Германия"),
        ("UK", "United Kingdom"),
        ("Great Britain", "GB"),
        ("USA", "Vereinigte Staaten"),
        ("Holland", "Pays-Bas"),
        ("TÜRKİYE", "Turkey"),
        ("Czech Republic", "Česko"),
        ("Co\u0302te d’Ivoire", "CI"),
    ],
)
def test_names_and_codes_are_of_one_country(one: str, other: str) -> None:
    assert other in country_names(one)
    assert country_names(one) == country_names(other)


@pytest.mark.parametrize(
    "text", ["", "Lindholm", "Europe", "EU", "European Union", "zz", "150", "Georgetown"]
)
def test_what_is_no_country_has_no_other_names(text: str) -> None:
    assert country_names(text) == frozenset()


def test_countries_are_told_apart() -> None:
    assert "SE" not in country_names("CH")
    assert not country_names("Guinea") & country_names("Guinea-Bissau")
    assert not country_names("Niger") & country_names("Nigeria")


@pytest.mark.parametrize(
    ("name", "tags"),
    [
        ("German", ("de",)),
        ("deutsch", ("de",)),
        ("ALMANCA", ("de",)),
        ("ドイツ語", ("de",)),
        ("TÜRKÇE", ("tr",)),
        ("Cymraeg", ("cy",)),
        ("Farsi", ("fa",)),
        ("Norsk", ("no", "nb", "nn")),
    ],
)
def test_a_language_is_known_by_its_name_in_any_language(name: str, tags: tuple[str, ...]) -> None:
    assert language_tags(name) == tags


@pytest.mark.parametrize("text", ["", "de", "de-AT", "Klingon"])
def test_what_is_no_language_s_name_stays_what_it_is(text: str) -> None:
    assert language_tags(text) == (text,)
