"""When what went wrong at an address ends in its suppression: the same for bounces and refusals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from mailer.bouncing import records
from mailer.reports import Finding


@dataclass(frozen=True, slots=True)
class Rules:
    """When bounces end in a suppression, and what unsigned reports may do.

    *count* transient bounces in a row, over *days* at least. Unless unsigned reports are
    *trusted*, those without a token of ours are counted as transient ones: anybody can write them.
    """

    count: int = 5
    days: int = 14
    trusted: bool = False


def row_of(
    session: Session, subscriber_id: int, issue_id: int | None, rules: Rules, now: datetime
) -> tuple[int, str]:
    """How many went wrong in a row, this one among them, and words for it once they are too many."""
    row = records.bounces_in_a_row(session, subscriber_id, issue_id, now)
    spell = max(row) - min(row)
    enough = len(row) >= rules.count and spell >= timedelta(days=rules.days)
    return len(row), f"{len(row)} times in a row over {spell.days} days" if enough else ""


def words_of(finding: Finding) -> str:
    """Why, in few words."""
    reason = finding.reason.value if finding.reason else "no reason given"
    return f"{reason}, {finding.status}" if finding.status else reason
