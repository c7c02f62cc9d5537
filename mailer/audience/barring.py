"""Takes lists of suppressions in, whole or not at all, and counts what became of each row."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from mailer.audience import suppression_records, suppressions
from mailer.audience.suppression_files import Listed
from mailer.database.tables import Subscriber, Suppression
from mailer.errors import InvalidAddress
from mailer.tokens import Signer

_AT_ONCE = 500  # rows; SQLite takes so many values in one list
_REMEMBERED = 100
_HASH = re.compile(r"#[0-9a-f]{64}")


@dataclass(slots=True)
class BarReport:
    """What became of a list's rows."""

    rows: int = 0
    added: int = 0
    known: int = 0  # suppressed before, or earlier in the list
    left_out: Counter[str] = field(default_factory=Counter)
    invalid: int = 0
    invalid_rows: list[tuple[int, str]] = field(default_factory=list)  # the first: line, why


def bar(
    session: Session,
    rows: Iterable[Listed],
    signer: Signer,
    *,
    reason: str,
    source: str,
    now: datetime,
) -> BarReport:
    """Suppress everything on a list; *reason* and *source* where its rows give none.

    Hashes of erased addresses (our own lists) are taken as they are; where somebody here has such
    an address, it is suppressed in plain.
    """
    report = BarReport()
    iterator = iter(rows)
    while some := list(islice(iterator, _AT_ONCE)):
        report.rows += len(some)
        targets: dict[str, Listed] = {}
        for one in some:
            target = _target_of(one, report)
            if target is not None and targets.setdefault(target, one) is not one:
                report.known += 1
        _store(session, targets, report, reason=reason, source=source, now=now)
    _find_hashed(session, signer, now=now)
    return report


def all_suppressions(session: Session) -> Iterator[Suppression]:
    """Every suppression, streamed."""
    return iter(
        session.scalars(
            select(Suppression)
            .order_by(Suppression.target)
            .execution_options(yield_per=_AT_ONCE, populate_existing=True)
        )
    )


def _target_of(one: Listed, report: BarReport) -> str | None:
    if one.left_out:
        report.left_out[one.left_out] += 1
        return None
    try:
        if one.target.startswith("#"):
            return _hash_of(one.target)
        return suppressions.target_of(one.target)
    except InvalidAddress as error:
        report.invalid += 1
        if len(report.invalid_rows) < _REMEMBERED:
            report.invalid_rows.append((one.line, str(error)))
        return None


def _hash_of(text: str) -> str:
    if not _HASH.fullmatch(text):
        raise InvalidAddress("A hash has 64 digits from 0 to f.")
    return text


def _store(
    session: Session,
    targets: dict[str, Listed],
    report: BarReport,
    *,
    reason: str,
    source: str,
    now: datetime,
) -> None:
    wanted: Sequence[str] = list(targets)
    known = set(session.scalars(select(Suppression.target).where(Suppression.target.in_(wanted))))
    report.known += len(known)
    new = [(target, one) for target, one in targets.items() if target not in known]
    report.added += len(new)
    if new:
        rows = [
            {
                "target": target,
                "reason": (one.reason or reason)[:200],
                "source": (one.source or source)[:100],
                "at": datetime.fromisoformat(one.at).replace(tzinfo=UTC) if one.at else now,
            }
            for target, one in new
        ]
        session.execute(insert(Suppression), rows)
        suppression_records.suppressed(session, rows, now=now)


def _find_hashed(session: Session, signer: Signer, *, now: datetime) -> None:
    """Somebody here may have an address of which the list has the hash."""
    hashes = {
        one.target: one
        for one in session.scalars(select(Suppression).where(Suppression.target.like("#%")))
    }
    if not hashes:
        return
    for key in session.scalars(select(Subscriber.address_key).execution_options(yield_per=10_000)):
        one = hashes.get(suppressions.hashed_target(signer, key))
        if one is not None and session.get(Suppression, key) is None:
            plain = {"target": key, "reason": one.reason, "source": one.source, "at": one.at}
            session.add(Suppression(**plain))
            suppression_records.suppressed(session, [plain], now=now)
    session.flush()
