"""Erases one person: what was counted stays counted, and nothing says any more that it was they.

Rows that are the person's own go with the subscriber, by foreign keys. Rows that are counted
(deliveries, clicks, unsubscribes, bounces, …) get the number of nobody: a random one, below zero,
the same in all of them, so that people are counted as before. Columns marked `PERSONAL` are
emptied; rows that an `ADDRESS_OF` column gives to the address are removed. Of the address no more
is kept than a hash, which tells when it is imported again.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Table, case, delete, insert, select, update
from sqlalchemy.orm import Session

from mailer.addresses import Address, parse_address
from mailer.audience import answers, consent, receipts, subscribers, suppressions
from mailer.audience.leaving import without_own_words
from mailer.database.tables import Base, Batch, Erasure, Fate, Subscriber, Suppression
from mailer.database.tables.base import ADDRESS_OF, PERSONAL
from mailer.errors import NotFound
from mailer.keeping.redacting import without_person
from mailer.keeping.settled import issues_that_know, issues_under_way
from mailer.tokens import Signer

NOBODIES = 2**52  # that many numbers for nobody: two alike are not to be expected, ever
_deliveries = Base.metadata.tables["deliveries"]
_unsubscribes = Base.metadata.tables["unsubscribes"]


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did."""

    subscriber: bool  # there was one; else only a suppression named the address
    under_way: int  # issues still being sent, that give up the number when they have ended


def erase(
    session: Session, address: str | Address, signer: Signer, *, source: str, now: datetime
) -> Erased:
    """Erase everything that is known of the person at this address; ``NotFound``.

    *source* is who wanted it, as it stands with the suppression: ``command``, ``preferences``, …
    """
    parsed = parse_address(address) if isinstance(address, str) else address
    subscriber = subscribers.find(session, parsed)
    if subscriber is None and not suppressions.knows(session, parsed.key):
        raise NotFound("Nobody with the address {address} is known here.", address=parsed.shown)
    hide = partial(_hide, session, _names(parsed, subscriber), signer, source=source, now=now)
    hide(parsed.key)
    _remove_by_address(session, {parsed.key, parsed.shown, parsed.wire})
    if subscriber is None:
        return Erased(subscriber=False, under_way=0)
    former = _given_up(session, subscriber.id)
    for key in former:
        if session.get(Suppression, key) is not None:
            hide(key)
    _remove_by_address(session, {subscriber.address, *former})
    under_way = _leave_records(session, subscriber.id, now=now)
    session.execute(delete(Subscriber).where(Subscriber.id == subscriber.id))
    return Erased(subscriber=True, under_way=under_way)


def _hide(
    session: Session, names: Sequence[str], signer: Signer, key: str, *, source: str, now: datetime
) -> None:
    plain = session.get(Suppression, key)
    if plain is not None:
        plain.reason = without_person(plain.reason, names)
    suppressions.hide(session, key, signer, source=source, now=now)


def _names(address: Address, person: Subscriber | None) -> list[str]:
    """What words that stay must not say of them."""
    fields = person.fields.values() if person else ()
    said = [one for one in fields if isinstance(one, str)]
    return [address.key.partition("@")[0], person.name if person else "", *said]


def finish_erasures(session: Session, *, now: datetime, most: int = 100) -> int:
    """Let issues that have ended forget the numbers of people erased meanwhile; how many."""
    under_way = issues_under_way(session, now=now)
    pending = session.scalars(
        select(Erasure)
        .where(Erasure.issue_id.not_in(under_way))
        .limit(most)
        .with_for_update(skip_locked=True)
    ).all()
    for one in pending:
        for table in records():
            _give_to_nobody(session, table, one.subscriber_id, one.nobody, [one.issue_id])
        receipts.leave(session, one.subscriber_id, [one.issue_id])
        answers.leave(session, [one.subscriber_id], [one.issue_id])
        _forget_batches(session, [one.issue_id])
        session.delete(one)
    return len(pending)


def records() -> list[Table]:
    """The tables that know people by number as the recipients of an issue."""
    return [table for table in counted() if not table.c.issue_id.nullable]


def counted() -> list[Table]:
    """The tables whose rows outlive the person: their numbers are no foreign keys."""
    return [
        table
        for table in Base.metadata.sorted_tables
        if "subscriber_id" in table.c
        and not table.c.subscriber_id.foreign_keys
        and table.name != Erasure.__tablename__
    ]


def _leave_records(session: Session, number: int, *, now: datetime) -> int:
    nobody = -1 - secrets.randbelow(NOBODIES)
    under_way = issues_under_way(session, now=now)
    concerned = issues_that_know(session, number, now=now)
    ended = sorted(concerned.difference(under_way))
    _keep_reasons(session, number)
    _keep_skips(session, number, concerned)
    of_issues = records()
    for table in counted():
        if table in of_issues:
            _empty(session, table, number, concerned)
            _give_to_nobody(session, table, number, nobody, ended)
        else:
            _give_to_nobody(session, table, number, nobody, None)
    receipts.leave(session, number, ended)
    answers.leave(session, [number], ended)
    _forget_batches(session, ended)
    if under_way:
        session.execute(
            insert(Erasure),
            [
                {"issue_id": issue_id, "subscriber_id": number, "nobody": nobody}
                for issue_id in under_way
            ],
        )
    return len(under_way)


def _give_to_nobody(
    session: Session, table: Table, number: int, nobody: int, issue_ids: Sequence[int] | None
) -> None:
    wanted = [table.c.subscriber_id == number]
    if issue_ids is not None:
        wanted.append(table.c.issue_id.in_(issue_ids))
    values = {"subscriber_id": nobody, **_emptied(table)}
    session.execute(update(table).where(*wanted).values(values))


def _empty(session: Session, table: Table, number: int, issue_ids: Iterable[int]) -> None:
    values = _emptied(table)
    if values:
        session.execute(
            update(table)
            .where(table.c.subscriber_id == number, table.c.issue_id.in_(issue_ids))
            .values(values)
        )


def _emptied(table: Table) -> dict[str, Any]:
    if table is _unsubscribes:
        return {}  # done one by one: see _keep_reasons
    values: dict[str, Any] = {
        column.name: None if column.nullable else ""
        for column in table.c
        if column.info == PERSONAL
    }
    if table is _deliveries:  # why somebody was skipped is our own word, and counted
        skipped = _deliveries.c.fate == int(Fate.SKIPPED)
        values["reply"] = case((skipped, _deliveries.c.reply), else_="")
    return values


def _keep_reasons(session: Session, number: int) -> None:
    """Of the reasons for leaving keep what was chosen from a list, not what was written."""
    of_them = _unsubscribes.c.subscriber_id == number
    for id_, reason in session.execute(
        select(_unsubscribes.c.id, _unsubscribes.c.reason).where(of_them)
    ).all():
        session.execute(
            update(_unsubscribes)
            .where(_unsubscribes.c.id == id_)
            .values(reason=without_own_words(reason))
        )


def _keep_skips(session: Session, number: int, issue_ids: Iterable[int]) -> None:
    """Why they were skipped is counted; where that names them, it no longer does."""
    person = session.get_one(Subscriber, number)
    names = _names(parse_address(person.address), person)
    of_them = (
        _deliveries.c.subscriber_id == number,
        _deliveries.c.issue_id.in_(issue_ids),
        _deliveries.c.fate == int(Fate.SKIPPED),
    )
    for reply in session.scalars(select(_deliveries.c.reply).where(*of_them).distinct()).all():
        told = without_person(reply, names)
        if told != reply:
            same = _deliveries.c.reply == reply
            session.execute(update(_deliveries).where(*of_them, same).values(reply=told))


def _forget_batches(session: Session, issue_ids: Sequence[int]) -> None:
    """Closed batches need no longer know whom they held."""
    session.execute(
        update(Batch)
        .where(Batch.issue_id.in_(issue_ids), Batch.open.is_(False), Batch.subscriber_ids != "")
        .values(subscriber_ids="")
        .execution_options(synchronize_session=False)
    )


def _given_up(session: Session, number: int) -> set[str]:
    """Addresses that this person had before, but for those that somebody has by now."""
    before = {parse_address(one) for one in consent.addresses_before(session, number)}
    return {
        spelling
        for one in before
        if subscribers.find(session, one) is None
        for spelling in (one.key, one.shown, one.wire)
    }


def _remove_by_address(session: Session, spellings: set[str]) -> None:
    written = spellings | {one.lower() for one in spellings}
    for table in Base.metadata.sorted_tables:
        for column in table.c:
            if column.info == ADDRESS_OF:
                session.execute(delete(table).where(column.in_(written)))
