"""An issue that some people have got, followed, answered and left: what erasure and retention meet."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert, select
from sqlalchemy.orm import Session

from mailer.audience import consent
from mailer.database.engine import transaction
from mailer.database.tables import (
    Attempt,
    Base,
    Batch,
    Click,
    Delivery,
    Doubt,
    Fate,
    Issue,
    IssueLink,
    IssueState,
    Newsletter,
    Subscriber,
)
from mailer.delivering.packing import pack
from tests.support.factories import NOON, add_issue, add_newsletter, add_subscriber

PEOPLE = ("ann", "bo", "cy", "di")


def address_of(name: str) -> str:
    return f"{name}@readers.test"


def a_sent_issue(engine: Engine, *, ended: datetime = NOON, newsletter: str = "river") -> int:
    """Sent to Ann, Bo, Cy (refused) and Di (skipped); Ann and Bo followed links, Ann left by it."""
    with transaction(engine) as session:
        owner = session.scalars(select(Newsletter).where(Newsletter.slug == newsletter)).first()
        people = {}
        if owner is None:
            owner = add_newsletter(session, newsletter)
        for name in PEOPLE:
            known = session.scalars(
                select(Subscriber).where(Subscriber.address == address_of(name))
            ).first()
            people[name] = known or add_subscriber(session, address_of(name), newsletter=owner)
        issue = add_issue(
            session, owner, state=IssueState.SENT, planned=4, started_at=ended, finished_at=ended
        )
        for number in (1, 2):
            session.add(
                IssueLink(
                    issue_id=issue.id,
                    number=number,
                    url=f"https://act.test/{number}",
                    label=f"Act {number}",
                    role="action",
                    block=f"now-{number}",
                    block_position=number,
                )
            )
        _record(session, issue, {name: one.id for name, one in people.items()}, ended)
        consent.unsubscribe(
            session,
            newsletter_id=owner.id,
            subscriber_id=people["ann"].id,
            now=ended,
            method="page",
            issue_id=issue.id,
            reason="Too many mails: write to Ann, 3 Ferry Lane",
        )
        return issue.id


def _record(session: Session, issue: Issue, ids: dict[str, int], at: datetime) -> None:
    fates = {
        "ann": (Fate.ACCEPTED, "250 2.1.5 <ann@readers.test> taken"),
        "bo": (Fate.ACCEPTED, "250 taken"),
        "cy": (Fate.REFUSED, "550 5.1.1 <cy@readers.test>: no such user"),
        "di": (Fate.SKIPPED, "suppressed: asked"),
    }
    rows: list[dict[str, Any]] = [
        {
            "issue_id": issue.id,
            "subscriber_id": ids[name],
            "fate": int(fate),
            "attempts": 1,
            "at": at + timedelta(minutes=number),
            "reply": reply,
        }
        for number, (name, (fate, reply)) in enumerate(fates.items())
    ]
    session.execute(insert(Delivery), rows)
    session.execute(
        insert(Batch).values(
            issue_id=issue.id,
            subscriber_ids=pack(sorted(ids.values())),
            size=4,
            due_at=at,
            open=False,
            accepted=2,
            refused=1,
            skipped=1,
            leased_until=at,
        )
    )
    session.execute(
        insert(Attempt).values(
            issue_id=issue.id,
            subscriber_id=ids["ann"],
            number=1,
            doubt=int(Doubt.UNCERTAIN),
            at=at,
            reply="451 ann@readers.test: later",
            worker="w",
        )
    )
    clicks = [("ann", 1, 0, None), ("ann", 1, 5, None), ("ann", 2, 70, None), ("bo", 1, 6, None)]
    clicks += [("bo", 2, 0, "prefetch")]  # type: ignore[list-item]
    session.execute(
        insert(Click),
        [
            {
                "issue_id": issue.id,
                "subscriber_id": ids[name],
                "link_number": link,
                "at": at + timedelta(minutes=minutes),
                "machine": machine,
            }
            for name, link, minutes, machine in clicks
        ],
    )


def everything_written(session: Session, without: tuple[str, ...] = ()) -> str:
    """Every value of every table, as text."""
    tables = [table for table in Base.metadata.sorted_tables if table.name not in without]
    return "\n".join(
        f"{table.name}: {dict(row._mapping)}"
        for table in tables
        for row in session.execute(select(table))
    )
