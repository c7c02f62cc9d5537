"""Addresses and whole domains that are never mailed again, each with reason, source and date."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mailer.addresses import Address, key_of, parse_address, parse_domain
from mailer.database.tables import Suppression


def target_of(text: str) -> str:
    """How an address (``ann@x.test``) or a domain (``@x.test``, ``x.test``) is stored.

    ``InvalidAddress`` when it is neither.
    """
    stripped = text.strip()
    if "@" not in stripped or stripped.startswith("@"):
        return f"@{parse_domain(stripped)}"
    return key_of(stripped)


def add(session: Session, text: str, *, reason: str, source: str, now: datetime) -> bool:
    """Suppress an address or a domain; ``False`` when it is suppressed already."""
    target = target_of(text)
    if session.get(Suppression, target) is not None:
        return False
    session.add(Suppression(target=target, reason=reason[:200], source=source[:100], at=now))
    session.flush()
    return True


def remove(session: Session, text: str) -> bool:
    """Take a suppression back; ``False`` when there is none."""
    removed = session.execute(
        delete(Suppression)
        .where(Suppression.target == target_of(text))
        .returning(Suppression.target)
    )
    return removed.first() is not None


def find(session: Session, address: str | Address) -> Suppression | None:
    """Why this address is never mailed: its own suppression, else its domain's."""
    parsed = parse_address(address) if isinstance(address, str) else address
    return session.get(Suppression, parsed.key) or session.get(Suppression, f"@{parsed.domain}")


def page(session: Session, *, after: str = "", limit: int = 100) -> list[Suppression]:
    """The next suppressions by target, at most *limit*."""
    return list(
        session.scalars(
            select(Suppression)
            .where(Suppression.target > after)
            .order_by(Suppression.target)
            .limit(limit)
        )
    )
