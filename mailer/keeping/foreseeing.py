"""Counts what terms would change if they were kept to now; nothing is changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from mailer.database.tables import Delivery
from mailer.keeping import loosening, retaining, thinning
from mailer.keeping.terms import Rule, Terms


def foresee(session: Session, terms: Terms, *, now: datetime) -> dict[Rule, int]:
    """What each rule with an end would reach: clicks and opens, deliveries, people."""
    found: dict[Rule, int] = {}
    if terms.clicks is not None:
        found[Rule.CLICKS] = loosening.attached(session, before=now - terms.clicks, now=now)
    if terms.deliveries is not None:
        old = thinning.issues_ended(session, before=now - terms.deliveries, now=now)
        found[Rule.DELIVERIES] = _count(
            session, select(Delivery.issue_id).where(Delivery.issue_id.in_(old))
        )
    if terms.unsubscribed is not None:
        left = retaining.left(before=now - terms.unsubscribed)
        found[Rule.UNSUBSCRIBED] = _count(session, left)
    return found


def _count(session: Session, found: Select[Any]) -> int:
    return session.scalar(select(func.count()).select_from(found.subquery())) or 0
