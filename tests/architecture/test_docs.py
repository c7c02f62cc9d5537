"""The pages name every command, setting and decision, and lead nowhere that does not exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mailer.secret_files import secret_settings
from mailer.settings import Settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def anchors(path: Path) -> set[str]:
    """The headings of a page, as they are linked to."""
    headings = re.findall(r"^#+ (.+)$", text(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def test_the_page_of_commands_is_what_the_commands_say(tmp_path: Path) -> None:
    """Where it is not: python docs/commands.py"""
    written = tmp_path / "cli.md"
    subprocess.run([sys.executable, DOCS / "commands.py", written], check=True, cwd=ROOT)
    assert text(DOCS / "cli.md") == text(written)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_described_with_its_default(name: str) -> None:
    row = re.search(
        rf"^\| `MAILER_{name.upper()}` \| (.+?) \| (.+) \|$",
        text(DOCS / "settings.md"),
        re.MULTILINE,
    )
    assert row, f"docs/settings.md has no line for MAILER_{name.upper()}"

    default = Settings.model_fields[name].default
    if isinstance(default, bool):
        assert row[1] == f"`{str(default).lower()}`"
    elif isinstance(default, str | int | float):
        assert row[1] == (f"`{default:g}`" if isinstance(default, float) else f"`{default}`")


def test_the_retry_schedule_described_is_the_default() -> None:
    row = re.search(r"`MAILER_RETRY_SCHEDULE` \| `(.+?)`", text(DOCS / "settings.md"))
    assert row
    assert Settings(retry_schedule=row[1]).retry_schedule == Settings().retry_schedule


def test_no_setting_is_described_that_does_not_exist() -> None:
    known = {f"MAILER_{name.upper()}" for name in Settings.model_fields}
    known |= {f"MAILER_{name.upper()}_FILE" for name in secret_settings(Settings)}
    for page in PAGES:
        named = set(re.findall(r"\bMAILER_[A-Z0-9_]*[A-Z0-9]\b", text(page)))
        assert named - known <= {"MAILER_TEST_POSTGRES"}, page.name


def test_every_secret_is_said_to_have_a_file() -> None:
    described = text(DOCS / "settings.md")
    for name in secret_settings(Settings):
        row = f"| `MAILER_{name.upper()}_FILE` | `MAILER_{name.upper()}` |"
        assert row in described


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(text(page)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


def test_every_page_can_be_reached_from_the_first() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        waiting += [
            (page.parent / target.partition("#")[0]).resolve()
            for target in LINK.findall(text(page))
            if not re.match(r"[a-z]+:|#", target)
        ]
    assert set(PAGES) <= seen


def test_every_picture_is_shown_somewhere() -> None:
    shown = {target.rpartition("/")[2] for page in PAGES for target in LINK.findall(text(page))}
    assert {path.name for path in (DOCS / "images").iterdir()} <= shown


def test_the_make_targets_named_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", text(ROOT / "Makefile"), re.MULTILINE))
    assert {"install", "run", "test", "test-all", "check", "bench"} <= targets
    for page in PAGES:
        assert set(re.findall(r"`make ([a-z-]+)`", text(page))) <= targets, page.name


@pytest.mark.parametrize("word", ["paused", "scheduled", "sending", "cancelled", "accepted", "refused", "skipped", "deferred", "uncertain", "handed", "lease"])  # fmt: skip
def test_the_page_on_delivery_explains_every_state(word: str) -> None:
    assert word in text(DOCS / "delivery.md")


def test_nothing_tells_on_the_machine_it_was_written_on() -> None:
    for page in PAGES:
        assert not re.search(r"(?<![\w.])/(work|root|home|tmp)/", text(page)), page.name
