"""What every file of the program keeps to."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "mailer").rglob("*.py"))
EVERYTHING = [
    *MODULES,
    *sorted((ROOT / "tests").rglob("*.py")),
    *sorted((ROOT / "bench").glob("*.py")),
]
MIGRATIONS = ROOT / "mailer" / "database" / "migrations" / "versions"
MOST_LINES = 400
MEANINGLESS = {"utils", "util", "helpers", "common", "services", "managers", "core", "misc"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def hidden_imports(tree: ast.Module) -> Iterator[int]:
    """Lines of imports inside functions or classes, or only for the type checker."""
    for outer in ast.walk(tree):
        hides = isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if hides or (isinstance(outer, ast.If) and "TYPE_CHECKING" in ast.unparse(outer.test)):
            for node in ast.walk(outer):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield node.lineno


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_says_in_one_sentence_what_it_is_for(path: Path) -> None:
    first, _, _ = (ast.get_docstring(tree_of(path)) or "").partition("\n\n")

    assert re.fullmatch(r"\S.*[^.!?][.?]?", first, re.DOTALL), f"{name_of(path)} has no docstring"
    assert not re.search(r"[.!?]\s+[A-Z]", first), f"{name_of(path)} says more than one sentence"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_is_short_enough_to_be_read_at_once(path: Path) -> None:
    if path.parent == MIGRATIONS:  # written once, from the tables, and never changed
        return
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_no_import_is_hidden_in_a_function_or_from_the_contracts() -> None:
    inside = {name_of(path): list(hidden_imports(tree_of(path))) for path in MODULES}
    assert {name: lines for name, lines in inside.items() if lines} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [name_of(path) for path in MODULES if path.stem in MEANINGLESS] == []
    assert [name_of(path.parent) for path in MODULES if path.parent.name in MEANINGLESS] == []


def test_nothing_is_mocked() -> None:
    mocking = []
    for path in EVERYTHING:
        for node in ast.walk(tree_of(path)):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [one.name for one in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{one.name}" for one in node.names]
            mocking += [name_of(path) for name in names if "mock" in name.lower()]
    assert mocking == []


def test_time_is_passed_in() -> None:
    clocks = {
        name_of(path) for path in MODULES if re.search(r"datetime\.(utc)?now\(", path.read_text())
    }
    assert clocks == {"mailer/clock.py"}


def test_the_scheduler_script_stays_thin() -> None:
    body = tree_of(ROOT / "scheduler.py").body

    assert [type(node).__name__ for node in body] == ["Expr", "ImportFrom", "If"]
    assert ast.unparse(body[1]) == "from mailer.scheduling import main"
    assert ast.unparse(body[2]) == "if __name__ == '__main__':\n    main()"
