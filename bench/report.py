"""A benchmark's result: a table for people, JSON for machines."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

_WIDE = 100
_LONGEST_TEXT = 24
RESULTS = Path(__file__).parent / "results"


class Samples:
    """What each candidate was measured to need, once per repetition."""

    def __init__(self) -> None:
        self._of: dict[str, list[Mapping[str, float]]] = {}

    @property
    def names(self) -> list[str]:
        """The candidates, in the order they came."""
        return list(self._of)

    def add(self, name: str, sample: Mapping[str, float]) -> None:
        """One more repetition of one candidate."""
        self._of.setdefault(name, []).append(sample)

    def middle(self, name: str) -> dict[str, float]:
        """The median of each figure."""
        samples = self._of[name]
        return {key: statistics.median(sample[key] for sample in samples) for key in samples[0]}

    def largest(self, name: str, key: str) -> float:
        """The worst of one figure."""
        return max(sample[key] for sample in self._of[name])

    def ratio(self, key: str, name: str, base: str) -> float:
        """The median of the ratios to *base* within each repetition: noise of the hour falls out."""
        pairs = zip(self._of[name], self._of[base], strict=True)
        return round(statistics.median(one[key] / other[key] for one, other in pairs), 2)


@dataclass
class Report:
    """Rows under named columns."""

    name: str
    about: str
    columns: list[str]
    rows: list[list[object]] = field(default_factory=list)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    load: float = field(default_factory=lambda: os.getloadavg()[0])

    def add(self, *values: object) -> None:
        """One more row, in the columns' order."""
        self.rows.append(list(values))

    def show(self) -> None:
        """Print the table and write ``bench/results/<name>.json``."""
        console = Console()
        if not console.is_terminal:
            console.width = _WIDE  # into a file or a pipe: as wide as it needs to be
        console.print(self._table())
        RESULTS.mkdir(exist_ok=True)
        result = {
            "name": self.name,
            "about": self.about,
            "began": self.began.isoformat(timespec="seconds"),
            "machine": _machine(),
            "load": {"before": round(self.load, 2), "after": round(os.getloadavg()[0], 2)},
            "rows": [dict(zip(self.columns, row, strict=True)) for row in self.rows],
        }
        (RESULTS / f"{self.name}.json").write_text(json.dumps(result, indent=1) + "\n")

    def _table(self) -> Table:
        """Titles break between words only, and figures never."""
        table = Table(title=f"{self.name}: {self.about}", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for number, title in enumerate(self.columns):
            longest = max(len(word) for word in title.split())
            figures = max((len(str(row[number])) for row in self.rows), default=0)
            table.add_column(
                title,
                min_width=max(longest, min(figures, _LONGEST_TEXT)),
                justify="right" if self._is_figure(number) else "left",
            )
        for row in self.rows:
            table.add_row(*map(str, row))
        return table

    def _is_figure(self, number: int) -> bool:
        return all(
            str(row[number]).strip("%").replace(",", "").replace(".", "").isdigit()
            for row in self.rows
        )


def _machine() -> dict[str, object]:
    """What it ran on: figures mean nothing without."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }
