"""Holds what a sink took against what the ledger says: nobody missing, nobody doubled unseen."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine, select

from mailer.database.engine import reading, transaction
from mailer.database.tables import (
    Attempt,
    Batch,
    Delivery,
    Doubt,
    Fate,
    IssueState,
    Subscriber,
)
from mailer.delivering.auditing import Audit
from mailer.delivering.packing import unpack
from mailer.delivering.recording import decided_ids
from tests.support.factories import add_issue, add_newsletter, add_readers
from tests.support.patience import SECONDS
from tests.support.sending import audited, start, state_of
from tests.support.sink import Sink


@dataclass(frozen=True)
class Account:
    """What came of a whole issue."""

    audit: Audit
    fates: dict[str, Fate]
    doubled: dict[str, int]  # copies too many, by address
    uncertain: Counter[str]  # attempts whose end nobody saw, by address


def issue_under_way(
    engine: Engine, readers: int, *, batch_size: int = 150
) -> tuple[int, list[str]]:
    """A started issue and the addresses of its audience."""
    with transaction(engine) as session:
        newsletter = add_newsletter(session)
        addresses = add_readers(session, newsletter, readers)
        issue_id = add_issue(session, newsletter).id
    assert start(engine, issue_id, batch_size=batch_size) == readers
    return issue_id, addresses


def account(engine: Engine, issue_id: int, sink: Sink, addresses: Sequence[str]) -> Account:
    """Check the promises about an issue that has been sent, and say what it took to keep them."""
    made = _account(engine, issue_id, sink)
    assert state_of(engine, issue_id) is IssueState.SENT
    assert made.audit.balanced
    assert (made.audit.planned, made.audit.waiting) == (len(addresses), 0)
    assert made.fates.keys() == set(addresses), "everybody planned has a delivery, nobody else"
    accepted = {address for address, fate in made.fates.items() if fate is Fate.ACCEPTED}
    missing = accepted - sink.counts.keys()
    assert not missing, "recorded as accepted, but the relay never got it"
    unseen = made.doubled.keys() - made.uncertain.keys()
    assert not unseen, "doubled, and the ledger does not say so"
    assert all(more <= made.uncertain[address] for address, more in made.doubled.items())
    assert made.audit.uncertain == len(made.uncertain)
    return made


def _account(engine: Engine, issue_id: int, sink: Sink) -> Account:
    with reading(engine) as session:
        people = session.execute(select(Subscriber.id, Subscriber.address))
        names = {one: address for one, address in people}  # noqa: C416  # rows are no pairs to mypy
        fates = session.execute(
            select(Delivery.subscriber_id, Delivery.fate).where(Delivery.issue_id == issue_id)
        )
        doubts = session.scalars(
            select(Attempt.subscriber_id).where(
                Attempt.issue_id == issue_id, Attempt.doubt == int(Doubt.UNCERTAIN)
            )
        )
        return Account(
            audit=audited(engine, issue_id),
            fates={names[one]: Fate(fate) for one, fate in fates},
            doubled={address: n - 1 for address, n in sink.counts.items() if n > 1},
            uncertain=Counter(names[one] for one in doubts),
        )


def in_doubt(engine: Engine, issue_id: int) -> int:
    """How many recipients were granted to workers and have no delivery: what a kill puts in doubt."""
    with reading(engine) as session:
        batches = session.execute(
            select(Batch.subscriber_ids, Batch.handed).where(
                Batch.issue_id == issue_id, Batch.open.is_(True), Batch.handed > 0
            )
        ).all()
        return sum(
            len(granted) - len(decided_ids(session, issue_id, granted))
            for granted in (unpack(packed)[:handed] for packed, handed in batches)
        )


def wait_until(true: Callable[[], bool], *, seconds: float = SECONDS) -> float:
    """Wait until something is true; how many seconds it took."""
    started = time.monotonic()
    while not true():
        assert time.monotonic() - started < seconds, f"not within {seconds:g} s"
        time.sleep(0.002)
    return time.monotonic() - started


def wait_for_bodies(sink: Sink, number: int) -> None:
    """Wait until the sink has read so many messages."""
    wait_until(lambda: sink.bodies >= number)


@contextmanager
def standing_at(sink: Sink, number: int) -> Iterator[None]:
    """Once the sink has read so many messages it answers none, for as long as something is done.

    However long that takes, the sending is then where it was.
    """
    sink.stands_at = number
    try:
        wait_for_bodies(sink, number)
        yield
    finally:
        sink.stands_at = None


def until_still(sink: Sink, *, seconds: float = 1.5) -> int:
    """Wait until the sink has read nothing for so long; how many messages it has read in all."""
    seen, since = sink.bodies, time.monotonic()
    while time.monotonic() - since < seconds:
        time.sleep(0.02)
        if sink.bodies != seen:
            seen, since = sink.bodies, time.monotonic()
    return seen


def wait_until_sent(engine: Engine, issue_id: int, *, seconds: float = SECONDS) -> float:
    """Wait until everybody is decided; how many seconds it took."""
    started = time.monotonic()
    while (state := state_of(engine, issue_id)) is not IssueState.SENT:
        late = time.monotonic() - started > seconds
        assert not late, f"{state} after {seconds:g} s: {audited(engine, issue_id)}"
        time.sleep(0.05)
    return time.monotonic() - started
