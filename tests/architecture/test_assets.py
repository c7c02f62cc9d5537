"""What browsers get: built from ui/, small, listed word by word for translators, and in the wheel."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from hatch_build import Assets, node_home, npm, run_node

ROOT = Path(__file__).parents[2]
DIST = ROOT / "mailer" / "web" / "static" / "dist"
MOST_SCRIPT = 110 * 1024


def test_the_built_files_are_those_of_the_sources() -> None:
    """`make assets` brings them up to date."""
    assert not Assets(ROOT).stale()


def test_the_composer_is_at_most_110_kb_of_script() -> None:
    scripts = list(DIST.rglob("*.js"))
    assert scripts
    assert sum(len(gzip.compress(path.read_bytes(), 9)) for path in scripts) <= MOST_SCRIPT


def test_the_script_evaluates_no_text_and_brings_no_style() -> None:
    """What the policy of our pages would refuse."""
    for path in DIST.rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\beval\(|new Function\(|createElement\(.style.\)", text)


def test_every_word_of_the_composer_can_be_translated() -> None:
    words = json.loads((DIST / "words.json").read_text(encoding="utf-8"))
    assert {"Saved", "Send me a test", "Keep mine"} <= set(words)


def test_packages_are_pinned_without_addresses() -> None:
    packages = json.loads((ROOT / "ui" / "package.json").read_text())
    wanted = packages["dependencies"] | packages["devDependencies"]
    lock = json.loads((ROOT / "ui" / "package-lock.json").read_text())["packages"]

    assert all(re.fullmatch(r"[\d.]+", version) for version in wanted.values())
    assert {name: lock[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert not any("resolved" in package for package in lock.values())
    assert all(package["integrity"] for name, package in lock.items() if name)


def test_node_comes_from_its_wheel() -> None:
    assert (node_home() / "bin" / "node").is_file()
    assert Path(npm()).is_file()


def test_packages_are_fetched_also_where_only_the_system_knows_the_proxys_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NODE_EXTRA_CA_CERTS", "NODE_USE_SYSTEM_CA"):
        monkeypatch.delenv(name, raising=False)
    run_node(tmp_path, "-e", "process.exit(process.env.NODE_USE_SYSTEM_CA === '1' ? 0 : 1)")


def test_a_build_that_fails_says_so_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="is not ready"):
        run_node(tmp_path, "-e", "process.exit(1)")
