"""A benchmark's result: a table for people, JSON for machines."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"


@dataclass
class Report:
    """Rows under named columns."""

    name: str
    about: str
    columns: list[str]
    rows: list[list[object]] = field(default_factory=list)

    def add(self, *values: object) -> None:
        """One more row, in the columns' order."""
        self.rows.append(list(values))

    def show(self) -> None:
        """Print the table and write ``bench/results/<name>.json``."""
        table = Table(*self.columns, title=f"{self.name}: {self.about}")
        for row in self.rows:
            table.add_row(*map(str, row))
        Console().print(table)
        RESULTS.mkdir(exist_ok=True)
        result = {
            "name": self.name,
            "about": self.about,
            "python": platform.python_version(),
            "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
        }
        (RESULTS / f"{self.name}.json").write_text(json.dumps(result, indent=1) + "\n")
