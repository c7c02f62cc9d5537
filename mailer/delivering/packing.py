"""Many subscriber ids in one column: packed by one portable statement, read back in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

# A range scan reads rows that were not asked for, an IN list has to be sent and parsed.
_DENSE = 4


def pack(ids: Iterable[int]) -> str:
    """``"7,9,12"``."""
    return ",".join(map(str, ids))


def unpack(packed: str) -> list[int]:
    """The ids, ascending: a recipient's position is the same at every lease."""
    return sorted(map(int, packed.split(","))) if packed else []


def is_dense(ids: Sequence[int]) -> bool:
    """Whether the sorted *ids* are best read as a range."""
    return bool(ids) and ids[-1] - ids[0] < _DENSE * len(ids)


def among(column: InstrumentedAttribute[int] | Any, ids: Sequence[int]) -> ColumnElement[bool]:
    """A condition that holds for all of the sorted *ids*, and maybe for some between them."""
    if is_dense(ids):
        condition: ColumnElement[bool] = column.between(ids[0], ids[-1])
        return condition
    listed: ColumnElement[bool] = column.in_(ids)
    return listed
