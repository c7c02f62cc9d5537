"""How long what is kept: rules that people set, on record; what the machine's settings say comes first."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.database.tables import RetentionChange
from mailer.errors import Conflict, InvalidInput

LONGEST = timedelta(days=36_500)


class Rule(enum.StrEnum):
    """What is kept for a time."""

    CLICKS = "clicks"  # whose clicks and opens are
    DELIVERIES = "deliveries"  # to whom an issue went
    UNSUBSCRIBED = "unsubscribed"  # people who have left everything
    UNCONFIRMED = "unconfirmed"  # sign-ups that nobody confirmed

    @property
    def setting(self) -> str:
        """What the machine's settings call it."""
        return f"keep_{self.value}"


@dataclass(frozen=True, slots=True)
class Terms:
    """How long what is kept; ``None``: for ever."""

    clicks: timedelta | None = None
    deliveries: timedelta | None = None
    unsubscribed: timedelta | None = None
    unconfirmed: timedelta = timedelta(days=30)

    def of(self, rule: Rule) -> timedelta | None:
        """How long what one rule is about is kept."""
        kept: timedelta | None = getattr(self, rule.value)
        return kept


Fixed = Mapping[Rule, timedelta | None]  # by the machine's settings


def in_force(session: Session, fixed: Fixed) -> Terms:
    """What is to be kept to now."""
    newest = select(func.max(RetentionChange.id)).group_by(RetentionChange.rule)
    chosen = session.execute(
        select(RetentionChange.rule, RetentionChange.seconds).where(RetentionChange.id.in_(newest))
    )
    known = {str(rule): _span(seconds) for rule, seconds in chosen}
    return Terms(**asdict(Terms()) | known | {rule.value: kept for rule, kept in fixed.items()})


def change(
    session: Session, rule: Rule, kept: timedelta | None, *, fixed: Fixed, by: str, now: datetime
) -> bool:
    """Keep something for so long from now on, and record who said so; ``False``: it was so before.

    ``Conflict`` when the machine's settings say it; ``InvalidInput``.
    """
    if rule in fixed:
        raise Conflict(
            "{setting} is set where the program runs, and comes first.",
            setting=f"MAILER_{rule.setting.upper()}",
        )
    if kept is None and rule is Rule.UNCONFIRMED:
        raise InvalidInput("Sign-ups that nobody confirmed cannot be kept for ever.")
    if kept is not None and not timedelta() < kept <= LONGEST:
        raise InvalidInput("It can be kept for a hundred years at most, or for ever.")
    before = in_force(session, fixed).of(rule)
    if before == kept:
        return False
    session.add(
        RetentionChange(rule=rule, seconds=_seconds(kept), before=_seconds(before), by=by, at=now)
    )
    session.flush()
    return True


@dataclass(frozen=True, slots=True)
class Changed:
    """One change of a rule, as it is on record."""

    rule: Rule
    before: timedelta | None
    kept: timedelta | None
    by: str
    at: datetime


def changes(session: Session, *, most: int = 50) -> list[Changed]:
    """The newest changes, newest first."""
    rows = session.scalars(select(RetentionChange).order_by(RetentionChange.id.desc()).limit(most))
    return [
        Changed(Rule(one.rule), _span(one.before), _span(one.seconds), one.by, one.at)
        for one in rows
    ]


def _span(seconds: int | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _seconds(kept: timedelta | None) -> int | None:
    return None if kept is None else round(kept.total_seconds())
