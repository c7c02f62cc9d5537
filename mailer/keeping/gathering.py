"""Gathers who got issues and who answered them, so that rules need not look at each row."""

from __future__ import annotations

from sqlalchemy import Engine

from mailer.audience import answers, receipts
from mailer.clock import Clock
from mailer.database.engine import reading, transaction
from mailer.keeping.settled import issues_under_way
from mailer.tracking import judging


def gather(engine: Engine, clock: Clock) -> int:
    """Gather every issue whose ledger is written no more; how many.

    Reading takes the longest and holds nobody up; an issue that went on meanwhile is left alone.
    """
    with reading(engine) as session:
        under_way = issues_under_way(session, now=clock())
        waiting = receipts.ungathered(session, besides=under_way)
    for issue_id in waiting:
        with reading(engine) as session:
            found = receipts.gathered(session, issue_id)
        with transaction(engine) as session:
            receipts.keep(session, issue_id, found, now=clock())
    return len(waiting)


def gather_answers(engine: Engine, clock: Clock) -> None:
    """Gather the clicks and opens that were judged, a share in each transaction."""
    for source in answers.SOURCES:
        more = True
        while more:
            with transaction(engine) as session:
                unjudged = judging.first_unjudged(session, source)
                more = answers.gather(session, source, below=unjudged, now=clock())
