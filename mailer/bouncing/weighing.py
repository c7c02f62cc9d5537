"""Suppresses addresses that a relay refused at once, by the rules for bounces, when an issue ends.

Not while it is sent: that would cost, and a relay that refuses everybody by mistake is stopped
first. An issue that was cancelled for that is never judged.
"""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from mailer.audience import consent, suppressions
from mailer.bouncing import refusals
from mailer.bouncing.reading.judging import judge_reply
from mailer.bouncing.refusals import Refused, Unjudged
from mailer.bouncing.suppressing import Rules, row_of, words_of
from mailer.clock import Clock
from mailer.database.engine import reading, transaction
from mailer.reports import OF_MAILBOX, Kind

_TOGETHER = 200  # refusals judged in one transaction


def weigh(engine: Engine, rules: Rules, clock: Clock) -> Counter[int]:
    """Judge what was refused in issues that have been sent; how many were suppressed, by issue.

    A crash in between costs nothing: the rest is judged by the next call.
    """
    suppressed: Counter[int] = Counter()
    with reading(engine) as session:
        waiting = refusals.unjudged(session)
    for issue in waiting:
        after: int | None = 0
        while after is not None:
            with transaction(engine) as session:
                after = _weigh_some(session, issue, after, suppressed, rules, clock)
    return +suppressed


def _weigh_some(
    session: Session,
    issue: Unjudged,
    after: int,
    suppressed: Counter[int],
    rules: Rules,
    clock: Clock,
) -> int | None:
    """Judge the next refusals; the last one's number, ``None`` when there are no more."""
    found = refusals.some(session, issue, after=after, most=_TOGETHER)
    if not found:
        refusals.judged(session, issue)
        return None
    added = 0
    for one in found:
        reason = _reason(session, issue.issue_id, one, rules)
        if reason and not consent.has_moved(session, one.subscriber_id, one.at):
            added += suppressions.add(
                session,
                one.address,
                reason=reason,
                source="refusal",
                now=clock(),
                evidence={"issue": issue.issue_id, "said": one.reply},
            )
    refusals.count(session, issue.issue_id, added)
    suppressed[issue.issue_id] += added
    return found[-1].subscriber_id


def _reason(session: Session, issue_id: int, one: Refused, rules: Rules) -> str:
    """Why the address is to be suppressed; empty: the next mail may arrive."""
    finding = judge_reply(one.address, one.reply)
    if finding.kind is Kind.PERMANENT:
        return f"refused: {words_of(finding)}"
    if finding.reason not in OF_MAILBOX:
        return ""
    _, words = row_of(session, one.subscriber_id, issue_id, rules, one.at)
    return f"refused {words}: {words_of(finding)}" if words else ""
