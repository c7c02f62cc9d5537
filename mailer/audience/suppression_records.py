"""Store of when what was suppressed, and when it was taken back: read beside a person's consent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import delete, exists, insert, select
from sqlalchemy.orm import Session

from mailer.database.tables import Subscriber, SuppressionChange


def suppressed(
    session: Session,
    rows: Sequence[Mapping[str, Any]],
    *,
    now: datetime,
    evidence: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Record that these are suppressed from now on; rows as of `Suppression`.

    Since when they were elsewhere, which a list may say, goes with the evidence.
    """
    session.execute(
        insert(SuppressionChange),
        [
            {
                **row,
                "suppressed": True,
                "at": now,
                "evidence": {**evidence, **({"since": str(at.date())} if at != now else {})},
            }
            for row in rows
            for at in [row["at"]]
        ],
    )


def taken_back(session: Session, target: str, *, reason: str, source: str, now: datetime) -> None:
    """Record that this one no longer is; of an address that nobody has, nothing is kept at all."""
    somebody = exists().where(Subscriber.address_key == target)
    if not target.startswith("@") and not session.scalar(select(somebody)):
        session.execute(delete(SuppressionChange).where(SuppressionChange.target == target))
        return
    session.add(
        SuppressionChange(target=target, suppressed=False, at=now, source=source, reason=reason)
    )
    session.flush()


def names(session: Session, target: str) -> bool:
    """Whether there is a record of it."""
    return bool(session.scalar(select(exists().where(SuppressionChange.target == target))))


def of_targets(
    session: Session, targets: Iterable[str], since: datetime
) -> list[SuppressionChange]:
    """What was recorded of these addresses and domains from a moment on, and what held then."""
    rows = session.scalars(
        select(SuppressionChange)
        .where(SuppressionChange.target.in_(sorted(targets)))
        .order_by(SuppressionChange.at, SuppressionChange.id)
    ).all()
    before = {one.target: one for one in rows if one.at < since}
    held = [one for one in before.values() if one.suppressed]
    return held + [one for one in rows if one.at >= since]
