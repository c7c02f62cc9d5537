"""Store of what became of the forms that came in, counted by day; says nothing of anybody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.database.tables import FormCount, Outcome
from mailer.database.upserting import insert_into

# Taken in, or confirmed: everything else was refused, with a word or in silence.
TAKEN = frozenset({Outcome.ASKED, Outcome.CONFIRMED, Outcome.KNOWN})


def count(session: Session, newsletter_id: int, outcome: Outcome, now: datetime) -> None:
    """Count one form, or one confirmation."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    new = insert_into(session, FormCount).values(
        newsletter_id=newsletter_id, day=day, outcome=outcome, number=1
    )
    session.execute(
        new.on_conflict_do_update(
            index_elements=[FormCount.newsletter_id, FormCount.day, FormCount.outcome],
            set_={"number": FormCount.number + 1},
        )
    )


def counted(
    session: Session, since: datetime, newsletter_id: int | None = None
) -> Mapping[int, Mapping[Outcome, int]]:
    """By newsletter, how many there were of each outcome from the day of *since* on."""
    day = since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    query = (
        select(FormCount.newsletter_id, FormCount.outcome, func.sum(FormCount.number))
        .where(FormCount.day >= day)
        .group_by(FormCount.newsletter_id, FormCount.outcome)
    )
    if newsletter_id is not None:
        query = query.where(FormCount.newsletter_id == newsletter_id)
    found: dict[int, dict[Outcome, int]] = {}
    for newsletter, outcome, number in session.execute(query):
        found.setdefault(newsletter, {})[outcome] = int(number)
    return found
