"""The wheel holds everything that the program needs, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOT_SHIPPED = {"__pycache__"}


def files(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not NOT_SHIPPED.intersection(path.parts)
    }


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in a wheel built now."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder)]
    done = subprocess.run([*command, str(ROOT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_every_template_is_in_the_wheel(shipped: set[str]) -> None:
    templates = files(ROOT / "templates")
    assert templates
    assert {f"mailer/templates/{name}" for name in templates} <= shipped


def test_every_file_of_the_program_is_in_the_wheel(shipped: set[str]) -> None:
    """Modules, migrations, styles, the sample and its picture."""
    assert {f"mailer/{name}" for name in files(ROOT / "mailer")} <= shipped
    assert any(name.startswith("mailer/database/migrations/versions/0001") for name in shipped)


def test_nothing_else_is_in_the_wheel(shipped: set[str]) -> None:
    others = {
        name for name in shipped if not name.startswith("mailer/") and ".dist-info/" not in name
    }
    assert others == set()


def test_the_licence_is_in_the_wheel(shipped: set[str]) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in shipped)


def test_the_built_pages_are_in_the_wheel_and_their_sources_are_not(shipped: set[str]) -> None:
    """Whoever installs it needs no Node."""
    built = {name for name in shipped if name.startswith("mailer/web/static/dist/")}
    assert {"mailer/web/static/dist/manifest.json", "mailer/web/static/dist/icons.svg"} <= built
    assert any(name.endswith(".js") for name in built)
    assert not any("node_modules" in name or name.startswith("ui/") for name in shipped)
