"""What columns mean that are told by the others beside them: marks, times, second addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mailer.addresses import looks_like_address
from mailer.audience.importing.guessing import TELLING, are_marks, are_times
from mailer.audience.importing.headers import is_address_too, is_wish
from mailer.audience.importing.mapped import Column
from mailer.audience.importing.meanings import Meaning, normalise
from mailer.audience.importing.statuses import Standing
from mailer.sentences import Sentence

# When somebody confirmed; where nothing else tells who did, an empty one says: never.
_CONFIRMATIONS = frozenset((
    "confirmtime", "confirmedat", "confirmationdate", "confirmationtime", "confirmedon",
    "doubleoptindate", "optinconfirmedat", "aktivierungsdatum", "aktiviertam", "activationdate", "datedeconfirmation", "bestatigtam", "bestatigungsdatum",
))  # fmt: skip


def confirmed_by_time(
    columns: Sequence[Column], cells: Sequence[Sequence[str]]
) -> tuple[Column, ...]:
    """The columns; where only times tell who confirmed, whoever has none did not."""
    if any(column.meaning in TELLING for column in columns):
        return tuple(columns)
    return tuple(
        replace(column, words=(("", Standing.PENDING),))
        if normalise(column.header) in _CONFIRMATIONS
        and column.meaning is Meaning.EVIDENCE
        and are_times(cells[column.number - 1])
        else column
        for column in columns
    )


def marked(
    columns: tuple[Column, ...], cells: Sequence[Sequence[str]], rows: int
) -> tuple[Column, ...]:
    """The columns; where all that tells who wants a newsletter is a mark, whoever has none did not ask."""
    telling = [column for column in columns if column.meaning in TELLING]
    marks = [
        column
        for column in telling or columns
        if column.meaning is Meaning.SUBSCRIBED
        or (column.meaning is Meaning.FIELD and column.watched and is_wish(column.header))
    ]
    if len(marks) != 1 or len(telling) > 1:
        return columns
    (mark,) = marks
    found = cells[mark.number - 1]
    if len(found) == rows or mark.because == "you" or not are_marks(found):
        return columns
    taken = replace(
        mark, meaning=Meaning.SUBSCRIBED, field="", watched=False, words=(("", Standing.PENDING),)
    )
    return tuple(taken if column is mark else column for column in columns)


def with_spares(
    columns: tuple[Column, ...], address: int | None, sample: Sequence[Sequence[str]]
) -> tuple[Column, ...]:
    """The columns; those of people's second addresses are read where the first is missing.

    Only where the header says so, or a person: whoever invited somebody, or looks after them, has
    an address in their row, too.
    """
    if address is None:
        return columns
    without = [row for row in sample if "@" not in row[address]]
    return tuple(
        replace(column, spare=True)
        if column.number - 1 != address and _is_spare(column, sample, without)
        else column
        for column in columns
    )


def _is_spare(
    column: Column, sample: Sequence[Sequence[str]], without: Sequence[Sequence[str]]
) -> bool:
    at = column.number - 1
    if column.meaning is Meaning.ADDRESS:
        return True
    if column.meaning is Meaning.NAME:
        return any(looks_like_address(row[at]) for row in without)
    cells = [row[at] for row in sample if row[at]]
    return (
        column.meaning is Meaning.FIELD
        and column.because != "you"
        and is_address_too(column.header)
        and sum(map(looks_like_address, cells)) * 2 > len(cells)
    )


def other_addresses(
    columns: Sequence[Column], address: int | None, sample: Sequence[Sequence[str]]
) -> list[str]:
    """What to say of columns that hold addresses where the one that is read holds none."""
    if address is None:
        return []
    first = columns[address].header
    without = [row for row in sample if "@" not in row[address]]
    return [
        Sentence(
            "Whoever has no address in {column!r} is read with the one in {other!r}.",
            column=first,
            other=column.header,
        )
        if column.spare
        else Sentence(
            "The column {other!r} holds addresses, too, also of people who have none in {column!r}, "
            "which is read: their rows are left out. If those are their own, say that both columns "
            'are addresses: "{column}=address", "{other}=address".',
            other=column.header,
            column=first,
        )
        for column in columns
        if column.number - 1 != address and (column.spare or column.meaning is Meaning.FIELD)
        if any(looks_like_address(row[column.number - 1]) for row in without)
    ]
