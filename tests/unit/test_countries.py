"""A country is the same one by whatever code or name."""

from __future__ import annotations

import pytest

from mailer.audience.countries import names_of


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
        ("Czech Republic", "Česko"),
        ("Co\u0302te d’Ivoire", "CI"),
    ],
)
def test_names_and_codes_are_of_one_country(one: str, other: str) -> None:
    assert other in names_of(one)
    assert names_of(one) == names_of(other)


@pytest.mark.parametrize(
    "text", ["", "Lindholm", "Europe", "EU", "European Union", "zz", "150", "Georgetown"]
)
def test_what_is_no_country_has_no_other_names(text: str) -> None:
    assert names_of(text) == frozenset()


def test_countries_are_told_apart() -> None:
    assert "SE" not in names_of("CH")
    assert not names_of("Guinea") & names_of("Guinea-Bissau")
    assert not names_of("Niger") & names_of("Nigeria")
