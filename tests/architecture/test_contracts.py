"""The import contracts hold, cover every module, and each of them breaks when it should."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CONFIG: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS: dict[str, dict[str, Any]] = {
    contract["id"]: contract for contract in CONFIG["tool"]["importlinter"]["contracts"]
}

# For each contract, a line that it must not let pass, and the file it is added to.
VIOLATIONS = {
    "layers": ("database/engine.py", "import mailer.delivering.ledger"),
    "acyclic": ("rendering/colours.py", "import mailer.rendering.issue"),
    "pure": ("rendering/words.py", "import mailer.database.engine"),
    "lean": ("working.py", "import mailer.rendering.inlining"),
    "commands": ("cli/commands.py", "import mailer.settings"),
    "premailer": ("rendering/text.py", "import premailer"),
    "aiosmtplib": ("delivering/lane.py", "import aiosmtplib"),
    "aiosmtpd": ("inbox/mails.py", "import aiosmtpd"),
    "mailboxes": ("bouncing/taking.py", "import imaplib"),
    "apscheduler": ("delivering/worker.py", "import apscheduler"),
    "jinja2": ("composing/publishing.py", "import jinja2"),
    "cryptography": ("tokens.py", "import cryptography"),
    "argon2": ("staffing/users.py", "import argon2"),
    "segno": ("staffing/users.py", "import segno"),
    "babel": ("tracking/clicks.py", "import babel"),
    "pyotp": ("staffing/users.py", "import pyotp"),
    "email_validator": ("audience/subscribers.py", "import email_validator"),
    "nh3": ("composing/importing/html.py", "import nh3"),
    "pillow": ("blocks.py", "import PIL"),
    "openpyxl": ("audience/importing/running.py", "import openpyxl"),
    "uvicorn": ("scheduling.py", "import uvicorn"),
    "starlette": ("tracking/clicks.py", "import starlette"),
    "psycopg": ("database/writers.py", "import psycopg"),
    "alembic": ("bootstrap.py", "import alembic"),
    "terminal": ("scheduling.py", "import rich"),
}


def lint(folder: Path) -> str:
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"COLUMNS": "300", "PYTHONPATH": str(folder), "TERM": "dumb"},
    ).stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The program and its contracts, in a folder where they may be broken."""
    shutil.copytree(ROOT / "mailer", tmp_path / "mailer", ignore=shutil.ignore_patterns("*.pyc"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_holds() -> None:
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in lint(ROOT)


def test_every_contract_can_break(copy: Path) -> None:
    for file, line in VIOLATIONS.values():
        path = copy / "mailer" / file
        path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")

    said = lint(copy)

    broken = {name for name, one in CONTRACTS.items() if f"{one['name']} BROKEN" in said}
    assert broken == set(CONTRACTS) == set(VIOLATIONS), said


def test_a_room_that_no_layer_names_breaks_the_layers(copy: Path) -> None:
    (copy / "mailer" / "attic.py").write_text('"""Nobody put it anywhere."""\n', encoding="utf-8")

    said = lint(copy)

    assert f"{CONTRACTS['layers']['name']} BROKEN" in said
    assert "mailer.attic" in said


def test_every_room_stands_in_exactly_one_layer() -> None:
    layers = [
        name for layer in CONTRACTS["layers"]["layers"] for name in re.split(r"\s*\|\s*", layer)
    ]
    rooms = {
        path.stem
        for path in (ROOT / "mailer").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    } - {"__init__"}

    assert sorted(layers) == sorted(rooms)
    assert CONTRACTS["layers"]["exhaustive"]


def test_no_contract_looks_away() -> None:
    assert not [one["name"] for one in CONTRACTS.values() if "ignore_imports" in one]
