"""Excel workbooks (.xlsx) as rows of cells; the only importer of openpyxl."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import IO, Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from mailer.addresses import tidy_name
from mailer.audience.importing.blocks import Row
from mailer.errors import InvalidFile

# What openpyxl and the parsers below it raise about files that are none, or half.
_BROKEN = (
    InvalidFileException, zipfile.BadZipFile, SyntaxError, LookupError, ValueError, TypeError,
    AttributeError, EOFError, OverflowError, OSError,
)  # fmt: skip


@contextmanager
def _opened(stream: IO[bytes], name: str) -> Iterator[Any]:
    try:
        with warnings.catch_warnings():  # of styles and extensions, which we do not read
            warnings.simplefilter("ignore")
            book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
            try:
                yield book
            finally:
                book.close()
    except _BROKEN as error:
        if isinstance(error, InvalidFile):
            raise
        raise InvalidFile(
            "{name} cannot be read as an Excel workbook ({problem}); save it again, or as CSV.",
            name=name,
            problem=tidy_name(str(error)),
        ) from error


def sheet_names(stream: IO[bytes], name: str) -> list[str]:
    """The visible sheets with cells; ``InvalidFile``."""
    with _opened(stream, name) as book:
        return [
            sheet.title
            for sheet in book.worksheets
            if sheet.sheet_state == "visible" and any(any(row.cells) for row in _rows(sheet))
        ]


def rows_of_sheet(stream: IO[bytes], name: str, sheet: str) -> Iterator[Row]:
    """Every row of one sheet, each cell as the text a person would see in a CSV."""
    with _opened(stream, name) as book:
        yield from _rows(book[sheet])


def _rows(sheet: Any) -> Iterator[Row]:
    # What other programs write about a sheet's size is often wrong; the cells themselves are not.
    sheet.reset_dimensions()
    for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells = [_text(value) for value in values]
        while cells and not cells[-1]:
            cells.pop()
        yield Row(number, cells)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(" ", timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value).replace("\0", "")
