"""Keeps to the terms of retention: what is older than they allow is removed or made nobody's.

Everything is done in small transactions, so that nothing else waits, and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime

from sqlalchemy import Engine, Select, exists, or_, select
from sqlalchemy.orm import Session, aliased

from mailer.addresses import parse_address
from mailer.database.engine import reading, transaction
from mailer.database.tables import Consent, Subscriber, Subscription
from mailer.keeping import erasing, loosening, pictures, thinning
from mailer.keeping.terms import Terms
from mailer.tokens import Signer

_PEOPLE = 20  # erased in one transaction


def retain(
    engine: Engine, signer: Signer, terms: Terms, *, now: datetime, most: int = 1_000
) -> Counter[str]:
    """Do what the terms ask for, *most* transactions long; what was done, by name.

    What is left then is done by the next call.
    """
    done: Counter[str] = Counter()
    for name, step in _steps(engine, signer, terms, now):
        while most > 0:
            most -= 1
            with transaction(engine) as session:
                count = step(session)
            if not count:
                break
            done[name] += count
    return done


Step = Callable[[Session], int]


def _steps(
    engine: Engine, signer: Signer, terms: Terms, now: datetime
) -> Iterator[tuple[str, Step]]:
    yield "numbers of erased people", lambda session: erasing.finish_erasures(session, now=now)
    yield "batches", lambda session: thinning.forget_batches(session, now=now)
    with reading(engine) as session:
        seen = pictures.shown(session)
    yield "unused pictures", lambda session: pictures.sweep(session, seen, now=now)
    if terms.unsubscribed is not None:
        left = now - terms.unsubscribed
        yield "people who left", lambda session: _erase_who_left(session, signer, left, now)
    if terms.clicks is not None:
        clicked = now - terms.clicks
        yield (
            "readers of clicks",
            lambda session: loosening.loosen(session, before=clicked, now=now),
        )
    if terms.deliveries is not None:
        mailed = now - terms.deliveries
        yield "deliveries", lambda session: thinning.thin_out(session, before=mailed, now=now)


def _erase_who_left(session: Session, signer: Signer, before: datetime, now: datetime) -> int:
    """Some people who left all their newsletters, the last of them *before*."""
    people = left(before=before).limit(_PEOPLE)
    addresses = session.scalars(select(Subscriber.address).where(Subscriber.id.in_(people))).all()
    for address in addresses:
        erasing.erase(session, parse_address(address), signer, source="retention", now=now)
    return len(addresses)


def left(*, before: datetime) -> Select[int]:
    """The numbers of those who left all their newsletters, the last of them *before*."""
    other = aliased(Subscription)
    stays = exists().where(
        other.subscriber_id == Subscription.subscriber_id,
        or_(other.state != Consent.UNSUBSCRIBED, other.changed_at >= before),
    )
    gone = Subscription.state == Consent.UNSUBSCRIBED
    long_ago = Subscription.changed_at < before  # one of many: the others need not be looked up
    return select(Subscription.subscriber_id).where(gone, long_ago, ~stays).distinct()
