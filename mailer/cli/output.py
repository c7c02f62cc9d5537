"""What commands print: words and tables for people, JSON for programs."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def say(words: str, data: Mapping[str, Any] | None = None, *, as_json: bool = False) -> None:
    """Print *words*, or *data* as one JSON object."""
    if as_json:
        write(json.dumps(data or {}, default=str, ensure_ascii=False))
    else:
        console.print(words, markup=False, soft_wrap=True)


def show(
    title: str, columns: Iterable[str], rows: Iterable[Iterable[object]], *, as_json: bool
) -> None:
    """Print a table, or a JSON array of objects with the columns' names as keys."""
    columns = list(columns)
    if as_json:
        named = [dict(zip(columns, row, strict=True)) for row in rows]
        write(json.dumps(named, default=str, ensure_ascii=False))
        return
    table = Table(*columns, title=title or None, title_justify="left")
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))  # what people wrote is no markup
    console.print(table)


def many(count: int, one: str, more: str) -> str:
    """The number with its noun: ``1 person``, ``2,000 people``."""
    return f"{count:,} {one if count == 1 else more}"


def write(text: str) -> None:
    """Write *text* as it is: no wrapping, no markup."""
    sys.stdout.write(text + "\n")


def complain(sentence: str) -> None:
    """One clear sentence on standard error."""
    errors.print(f"Error: {sentence}", markup=False, soft_wrap=True, style="red")


def log() -> None:
    """Say on standard error what goes on, as the long-running parts do."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # Every command of every connection to the built-in inbox, with readers' addresses.
    logging.getLogger("mail.log").setLevel(logging.WARNING)
