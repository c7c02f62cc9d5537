"""Store of what came back: each report once, with what was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.addresses import key_of, parse_address
from mailer.bouncing.reading.judging import judge_reply
from mailer.database.tables import (
    Bounce,
    Delivery,
    Fate,
    Issue,
    Newsletter,
    Subscriber,
    Subscription,
)
from mailer.errors import InvalidAddress
from mailer.reports import BOUNCES, OF_MAILBOX, Finding, Kind

_LOOKED_BACK = 100  # issues: deliveries are found by issue


def recorded(session: Session, report: str) -> list[Bounce]:
    """What was recorded of this report before; nothing if it is new."""
    return list(
        session.scalars(select(Bounce).where(Bounce.report == report).order_by(Bounce.position))
    )


def add(
    session: Session,
    *,
    report: str,
    position: int,
    finding: Finding,
    signed: bool,
    subscriber_id: int | None,
    issue_id: int | None,
    outcome: str,
    now: datetime,
) -> None:
    """Record one finding of a report; ``IntegrityError`` when it was recorded meanwhile."""
    session.add(
        Bounce(
            report=report,
            position=position,
            issue_id=issue_id,
            subscriber_id=subscriber_id,
            signed=signed,
            address=finding.address[:320],
            kind=finding.kind,
            status=finding.status[:12],
            reason=finding.reason.value if finding.reason else "",
            diagnostic=finding.words,
            outcome=outcome[:200],
            at=now,
        )
    )
    session.flush()


def of_issue(session: Session, issue_id: int) -> Counter[Kind]:
    """How many recipients of an issue each kind of report named."""
    rows = session.execute(
        select(Bounce.kind, func.count(Bounce.subscriber_id.distinct()))
        .where(Bounce.issue_id == issue_id)
        .group_by(Bounce.kind)
    )
    return Counter({Kind(kind): count for kind, count in rows})


def page(
    session: Session,
    *,
    before: int | None = None,
    limit: int = 100,
    kind: Kind | None = None,
    issue_id: int | None = None,
    unidentified: bool = False,
) -> list[Bounce]:
    """What came back, newest first: at most *limit*, those before the number *before*."""
    query = select(Bounce).order_by(Bounce.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Bounce.id < before)
    if kind is not None:
        query = query.where(Bounce.kind == kind)
    if issue_id is not None:
        query = query.where(Bounce.issue_id == issue_id)
    if unidentified:
        query = query.where(Bounce.subscriber_id.is_(None))
    return list(session.scalars(query))


def issue_or_none(session: Session, issue_id: int) -> int | None:
    """The issue's number, if there still is such an issue."""
    return session.scalar(select(Issue.id).where(Issue.id == issue_id))


def subscriber_at(session: Session, addresses: Sequence[str]) -> Subscriber | None:
    """Who has the first of these addresses that somebody has."""
    for address in addresses:
        try:
            key = key_of(address)
        except InvalidAddress:
            continue
        found = session.scalars(
            select(Subscriber).where(Subscriber.address_key == key)
        ).one_or_none()
        if found is not None:
            return found
    return None


def newsletters_of(session: Session, subscriber_id: int, issue_id: int | None) -> list[int]:
    """The newsletter of the issue; if it is not known, all that the person subscribes to."""
    if issue_id is not None:
        return list(session.scalars(select(Issue.newsletter_id).where(Issue.id == issue_id)))
    return list(
        session.scalars(
            select(Subscription.newsletter_id).where(Subscription.subscriber_id == subscriber_id)
        )
    )


def last_issue_of(session: Session, subscriber_id: int) -> int | None:
    """The last issue that a relay accepted for this person."""
    offered = _offered(session, subscriber_id, Fate.ACCEPTED)
    return next((issue_id for issue_id, _, _, _ in offered), None)


def mailed_at(session: Session, subscriber_id: int, issue_id: int) -> datetime | None:
    """When it was decided what became of an issue for this person."""
    return session.scalar(
        select(Delivery.at).where(
            Delivery.issue_id == issue_id, Delivery.subscriber_id == subscriber_id
        )
    )


def bounces_in_a_row(
    session: Session, subscriber_id: int, issue_id: int | None, now: datetime
) -> list[datetime]:
    """When this person's last mails bounced or were refused, the one of *issue_id* now among them.

    The row ends at the first mail, going back, that was accepted and of which no bounce came.
    Refusals that say nothing of the mailbox neither count nor end it.
    """
    bounced = _bounced(session, subscriber_id)
    bounced.setdefault(issue_id, now)
    row: list[datetime] = []
    for one, at, fate, reply in _offered(session, subscriber_id, Fate.ACCEPTED, Fate.REFUSED):
        if one in bounced:
            row.append(bounced[one])
        elif fate == int(Fate.REFUSED):
            if judge_reply("", reply).reason in OF_MAILBOX:
                row.append(at)
        elif row:
            break
    return row or [now]


def _bounced(session: Session, subscriber_id: int) -> dict[int | None, datetime]:
    rows = session.execute(
        select(Bounce.issue_id, Bounce.at).where(
            Bounce.subscriber_id == subscriber_id, Bounce.kind.in_(BOUNCES)
        )
    )
    return {issue_id: at for issue_id, at in rows}  # noqa: C416  # rows are no tuples to mypy


def _offered(
    session: Session, subscriber_id: int, *fates: Fate
) -> list[tuple[int, datetime, int, str]]:
    """Issues that ended so for this person: when, how, and with what words, the last first."""
    recent = (
        select(Issue.id)
        .where(Issue.started_at.is_not(None))
        .order_by(Issue.started_at.desc())
        .limit(_LOOKED_BACK)
    )
    rows = session.execute(
        select(Delivery.issue_id, Delivery.at, Delivery.fate, Delivery.reply)
        .where(
            Delivery.issue_id.in_(recent),
            Delivery.subscriber_id == subscriber_id,
            Delivery.fate.in_([int(fate) for fate in fates]),
        )
        .order_by(Delivery.at.desc(), Delivery.issue_id.desc())
    )
    return [(issue_id, at, fate, reply) for issue_id, at, fate, reply in rows]


def addresses_taken_in(session: Session) -> frozenset[tuple[str, str]]:
    """Local part (before a plus) and domain of each address of ours that mail comes back to."""
    paths = session.scalars(
        select(Newsletter.return_path).where(Newsletter.return_path.is_not(None))
    )
    ours: set[tuple[str, str]] = set()
    for path in paths:
        local, _, domain = parse_address(path or "").wire.lower().rpartition("@")
        ours |= {(local, domain), ("unsubscribe", domain)}
    return frozenset(ours)


def counted(session: Session) -> list[tuple[str, str, int]]:
    """How many of each kind came back, by what was done; counts in a row are put together."""
    rows = session.execute(
        select(Bounce.kind, Bounce.outcome, func.count()).group_by(Bounce.kind, Bounce.outcome)
    )
    sums: Counter[tuple[str, str]] = Counter()
    for kind, outcome, number in rows:
        sums[kind.value, outcome.partition(": ")[0] if "in a row" in outcome else outcome] += number
    return [(kind, outcome, number) for (kind, outcome), number in sorted(sums.items())]
