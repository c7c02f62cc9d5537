"""Addresses and whole domains that are never mailed again, each with reason, source and date.

Of an erased person only a keyed hash of the address is kept, as ``#`` and 64 hexadecimal digits;
the same of an address that somebody gave up for another.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, literal_column, select
from sqlalchemy.orm import Session

from mailer.addresses import Address, key_of, parse_address, parse_domain
from mailer.audience import suppression_records
from mailer.database.tables import Suppression
from mailer.errors import InvalidAddress
from mailer.tokens import Signer

# Reasons that the person's own sign-up, once confirmed, takes back; no import does.
ERASED = "erased"
MOVED = "given up for a new address"
_OWN = (ERASED, MOVED)


class Kind(enum.StrEnum):
    """What is suppressed."""

    ADDRESS = "address"
    DOMAIN = "domain"
    ERASED = "erased"  # an address of which only the hash is kept


_IS: Mapping[Kind, ColumnElement[bool]] = {
    Kind.DOMAIN: Suppression.target.like(literal_column("'@%'")),
    Kind.ERASED: Suppression.target.like(literal_column("'#%'")),
    Kind.ADDRESS: and_(
        Suppression.target.not_like(literal_column("'@%'")),
        Suppression.target.not_like(literal_column("'#%'")),
    ),
}


def target_of(text: str) -> str:
    """How an address (``ann@x.test``) or a domain (``@x.test``, ``x.test``) is stored.

    ``InvalidAddress`` when it is neither.
    """
    stripped = text.strip()
    if "@" not in stripped or stripped.startswith("@"):
        return f"@{parse_domain(stripped)}"
    return key_of(stripped)


def hashed_target(signer: Signer, key: str) -> str:
    """How the suppression of an erased address is stored."""
    return f"#{signer.hash_address(key)}"


def add(
    session: Session,
    text: str,
    *,
    reason: str,
    source: str,
    now: datetime,
    evidence: Mapping[str, Any] = MappingProxyType({}),
) -> bool:
    """Suppress an address or a domain; ``False`` when it is suppressed already."""
    target = target_of(text)
    if session.get(Suppression, target) is not None:
        return False
    new = {"target": target, "reason": reason[:200], "source": source[:100], "at": now}
    session.add(Suppression(**new))
    session.flush()
    suppression_records.suppressed(session, [new], now=now, evidence=evidence)
    return True


def remove(session: Session, text: str, signer: Signer, *, by: str, now: datetime) -> bool:
    """Take a suppression back, an erased address's too; ``False`` when there is none.

    Whoever is concerned gets mail again: that, and *by* whom, is on record.
    """
    target = target_of(text)
    removed = session.execute(
        delete(Suppression)
        .where(Suppression.target.in_((target, hashed_target(signer, target))))
        .returning(Suppression.reason)
    )
    reason = removed.scalar()
    if reason is not None:
        suppression_records.taken_back(session, target, reason=reason, source=by[:100], now=now)
    return reason is not None


def find(session: Session, address: str | Address, signer: Signer) -> Suppression | None:
    """Why this address is never mailed: its own suppression, its domain's, or it was erased."""
    parsed = parse_address(address) if isinstance(address, str) else address
    targets = (parsed.key, f"@{parsed.domain}", hashed_target(signer, parsed.key))
    return next(filter(None, (session.get(Suppression, target) for target in targets)), None)


def knows(session: Session, key: str) -> bool:
    """Whether anything here names an address in plain: a suppression, or a record of one."""
    return session.get(Suppression, key) is not None or suppression_records.names(session, key)


def hide(session: Session, key: str, signer: Signer, *, source: str, now: datetime) -> None:
    """Of an erased person's address keep no more than it takes to know it again.

    Whatever suppressed it before goes on doing so: whoever complained and was erased stays as
    suppressed as they were.
    """
    before = session.get(Suppression, key)
    hashed = session.get(Suppression, hashed_target(signer, key))
    if hashed is None:
        hashed = Suppression(
            target=hashed_target(signer, key), reason=ERASED, source=source[:100], at=now
        )
        session.add(hashed)
    if before is not None:  # weightier than that the address was given up, or erased before
        hashed.reason, hashed.source, hashed.at = before.reason, before.source, before.at
        session.delete(before)
    session.flush()


def give_up(session: Session, key: str, signer: Signer, *, now: datetime) -> None:
    """Their person has another address now: no list with the old one brings it back."""
    target = hashed_target(signer, key)
    if session.get(Suppression, key) is None and session.get(Suppression, target) is None:
        session.add(Suppression(target=target, reason=MOVED, source="new address", at=now))
        session.flush()


def is_own(suppression: Suppression) -> bool:
    """Whether the person's own confirmed sign-up takes it back: they were erased, or moved."""
    return suppression.reason in _OWN


def lift_own(session: Session, address: str | Address, signer: Signer, *, now: datetime) -> bool:
    """Whoever was erased or had moved has confirmed this address; ``False``: there was no need.

    Suppressions for any other reason stay.
    """
    key = key_of(address) if isinstance(address, str) else address.key
    lifted = session.execute(
        delete(Suppression)
        .where(
            # In plain, too: so a list of hashes stands where somebody here had the address.
            Suppression.target.in_((key, hashed_target(signer, key))),
            Suppression.reason.in_(_OWN),
        )
        .returning(Suppression.target, Suppression.reason)
    ).all()
    for target, reason in lifted:
        if target == key:
            suppression_records.taken_back(session, key, reason=reason, source="confirmed", now=now)
    return bool(lifted)


def page(
    session: Session,
    *,
    after: str = "",
    limit: int = 100,
    kind: Kind | None = None,
    words: str = "",
) -> list[Suppression]:
    """The next suppressions by target, at most *limit*; only those of a kind, or with such words.

    No hash is found by words: `find_hashed` does that, of a whole address.
    """
    query = select(Suppression).where(Suppression.target > after)
    if kind is not None:
        query = query.where(_IS[kind])
    if words:
        found = func.lower(Suppression.target).contains(words.lower(), autoescape=True)
        query = query.where(found, ~_IS[Kind.ERASED])
    return list(session.scalars(query.order_by(Suppression.target).limit(limit)))


def find_hashed(session: Session, text: str, signer: Signer) -> Suppression | None:
    """The suppression of an address of which only the hash is known; ``None`` also for other words."""
    try:
        key = key_of(text)
    except InvalidAddress:
        return None
    return session.get(Suppression, hashed_target(signer, key))


def counted(session: Session) -> Mapping[Kind, int]:
    """How many suppressions there are of each kind."""
    every = session.scalar(select(func.count()).select_from(Suppression)) or 0
    few = {
        kind: session.scalar(select(func.count()).where(_IS[kind])) or 0
        for kind in (Kind.DOMAIN, Kind.ERASED)
    }
    return {Kind.ADDRESS: every - sum(few.values()), **few}
