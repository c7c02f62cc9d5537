"""Every message of the pages stands in every catalogue, and says there what it says in English."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
LOCALES = ROOT / "mailer" / "web" / "locales"
LANGUAGES = sorted(path.stem for path in LOCALES.glob("*.po"))
PLACES = re.compile(r"%\(\w+\)s|\{\w*")  # what follows a name in braces is how it is written
LEAST_TRANSLATED = 0.95  # what is new may wait for its translators, not for long


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("messages", ROOT / "docs" / "messages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def forms(text: str | tuple[str, ...] | list[str]) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def test_there_is_a_language_from_right_to_left_and_one_in_another_script() -> None:
    assert {"fa", "ja"} <= set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_in_the_catalogue(language: str, script: ModuleType) -> None:
    """Where one is missing: make messages."""
    catalogue = script.catalogue(LOCALES / f"{language}.po")
    wanted = script.messages()
    known = {one.id if isinstance(one.id, str) else tuple(one.id) for one in catalogue if one.id}
    assert set(wanted) - known == set()
    assert known - set(wanted) == set(), "nothing says this any more"
    translated = [one for one in catalogue if one.id and all(forms(one.string))]
    assert len(translated) >= LEAST_TRANSLATED * len(wanted)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_keeps_the_places_that_are_filled_in(
    language: str, script: ModuleType
) -> None:
    for one in script.catalogue(LOCALES / f"{language}.po"):
        wanted = set(PLACES.findall(forms(one.id)[-1])) if one.id else set()
        for form in filter(None, forms(one.string) if one.id else []):
            assert set(PLACES.findall(form)) == wanted, one.id
