"""docs/blocks.md and docs/themes.md describe everything there is, with examples that work."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mailer.blocks import BLOCK_KINDS, parse_content
from mailer.rendering.environment import shipped_templates
from mailer.rendering.look import Look

DOCS = Path(__file__).parents[2] / "docs"
BLOCKS = (DOCS / "blocks.md").read_text(encoding="utf-8")
THEMES = (DOCS / "themes.md").read_text(encoding="utf-8")


def section(kind: str) -> str:
    found = re.search(rf"^## {kind}$(.*?)(?=^## |\Z)", BLOCKS, re.MULTILINE | re.DOTALL)
    assert found, f"docs/blocks.md has no section on {kind}"
    return found[1]


@pytest.mark.parametrize("kind", sorted(BLOCK_KINDS))
def test_every_kind_of_block_is_described_with_an_example_of_all_its_fields(kind: str) -> None:
    example = re.search(r"```json\n(.*?)```", section(kind), re.DOTALL)
    assert example
    block = json.loads(example[1])

    assert block["kind"] == kind
    assert set(block) | {"id"} == set(BLOCK_KINDS[kind].model_fields)
    parse_content({"subject": "x", "blocks": [block]})


def test_no_kind_is_described_that_does_not_exist() -> None:
    headings = set(re.findall(r"^## (\w+)$", BLOCKS, re.MULTILINE))
    assert headings == set(BLOCK_KINDS)


def test_every_part_of_a_look_is_described() -> None:
    named = set(re.findall(r"`(\w+)`", THEMES))
    assert set(Look.model_fields) <= named


def test_every_file_of_the_default_theme_is_described() -> None:
    theme = shipped_templates() / "themes/default"
    files = {path.name for path in theme.iterdir() if path.is_file()}
    assert files
    assert all(f"`{name}`" in THEMES for name in files)
    for suffix in ("html", "txt"):
        assert {path.stem for path in (theme / "blocks").glob(f"*.{suffix}")} == set(BLOCK_KINDS)
