"""Finds clicks and opens of scanners that pose as browsers, by what no person does.

Both are recorded at once, with what their request said of itself (`mailer.tracking.machines`). What
only a look at several clicks, or at the delivery, can tell is judged here, half a minute later.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, pairwise
from typing import TypeAlias

from sqlalchemy import literal, select, update
from sqlalchemy.orm import Session

from mailer.database.tables import Click, Delivery, Fact, Fate, Open

_BURST = timedelta(seconds=3)  # so long a scanner takes for the links of a mail
_BURST_LINKS = 3  # different ones: nobody opens so many in that time
_LONGEST_BURST = 100  # clicks looked at together: a flood is judged in time all the same
_TOO_SOON = timedelta(seconds=2)  # after the relay took the mail, which still had a way to go
_SETTLED = timedelta(seconds=30)  # older clicks get no neighbours any more
_MOST = 20_000  # clicks looked at in one transaction
Judged: TypeAlias = type[Click] | type[Open]
_FACTS: Mapping[Judged, str] = {Click: "clicks judged up to", Open: "opens judged up to"}

_IN_A_BURST = f"{_BURST_LINKS} links within {_BURST.seconds} seconds"
_AT_ONCE = f"within {_TOO_SOON.seconds} seconds of sending"


@dataclass(frozen=True, slots=True)
class _Seen:
    id: int
    issue_id: int
    subscriber_id: int
    link_number: int
    at: datetime


def judge(session: Session, *, now: datetime, at_hand: bool = False) -> int:
    """Mark machines among the clicks and opens that nobody judged yet; how many were marked.

    Mails *at_hand*, in the built-in inbox, have no way to go: haste gives nobody away there.
    A bounded share of the work: call it again while `pending` says so.
    """
    return sum(_judge(session, table, now=now, at_hand=at_hand) for table in _FACTS)


def pending(session: Session, *, now: datetime) -> bool:
    """Whether there are clicks or opens to judge; only reads."""
    return any(_waits(session, table, now) for table in _FACTS)


def first_unjudged(session: Session, source: Judged) -> int | None:
    """The first click or open that may turn out to be a machine's."""
    waiting = select(source.id).where(
        source.id > _judged_until(session, source), source.machine.is_(None)
    )
    return session.scalar(waiting.order_by(source.id).limit(1))


def _judge(session: Session, table: Judged, *, now: datetime, at_hand: bool) -> int:
    seen = _unjudged(session, table, now)
    if not seen:
        return 0
    marks = _marks(seen)
    if not at_hand:
        marks |= _too_soon(session, seen)
    for reason in sorted(set(marks.values())):
        session.execute(
            update(table)
            .where(table.id.in_([one for one, why in marks.items() if why == reason]))
            .values(machine=reason)
            .execution_options(synchronize_session=False)
        )
    _remember(session, _FACTS[table], _judged_up_to(seen))
    return len(marks)


def _waits(session: Session, table: Judged, now: datetime) -> bool:
    newer = select(table.id).where(
        table.id > _judged_until(session, table), table.at < now - _SETTLED, table.machine.is_(None)
    )
    return session.scalar(newer.limit(1)) is not None


def _judged_until(session: Session, table: Judged) -> int:
    known = session.scalar(select(Fact.value).where(Fact.name == _FACTS[table]))
    return int(known) if known is not None else 0


def _remember(session: Session, fact: str, number: int) -> None:
    renewed = session.execute(
        update(Fact)
        .where(Fact.name == fact)
        .values(value=str(number))
        .returning(Fact.name)
        .execution_options(synchronize_session=False)
    )
    if renewed.first() is None:
        session.add(Fact(name=fact, value=str(number)))
        session.flush()


def _unjudged(session: Session, table: Judged, now: datetime) -> list[_Seen]:
    # An open has no link: however many there are, they are no burst of different ones.
    link = Click.link_number if table is Click else literal(0)
    rows = session.execute(
        select(table.id, table.issue_id, table.subscriber_id, link, table.at)
        .where(
            table.id > _judged_until(session, table),
            table.at < now - _SETTLED,
            table.machine.is_(None),
        )
        .order_by(table.id)
        .limit(_MOST)
    )
    return [_Seen(*row) for row in rows]


def _judged_up_to(seen: Sequence[_Seen]) -> int:
    """The last of them; where there are more, only as far as no burst can reach into the rest."""
    last = seen[-1]
    if len(seen) < _MOST:
        return last.id
    whole = [one.id for one in seen if one.at < last.at - _BURST]
    return max(whole, default=last.id)


def _marks(seen: Sequence[_Seen]) -> dict[int, str]:
    """Ids of clicks that are part of a burst, and that this is why."""
    bursts = (_in_bursts(clicks) for clicks in _by_reader(seen).values())
    return dict.fromkeys(chain.from_iterable(bursts), _IN_A_BURST)


def _too_soon(session: Session, seen: Sequence[_Seen]) -> dict[int, str]:
    """Ids of clicks on mails that were still under way, and that this is why."""
    by_reader = _by_reader(seen)
    sent = _sent_at(session, by_reader)
    soon = (
        one.id
        for reader, at in sent.items()
        for one in by_reader[reader]
        if one.at < at + _TOO_SOON
    )
    return dict.fromkeys(soon, _AT_ONCE)


def _by_reader(seen: Sequence[_Seen]) -> dict[tuple[int, int], list[_Seen]]:
    clicks: dict[tuple[int, int], list[_Seen]] = defaultdict(list)
    for one in seen:
        clicks[one.issue_id, one.subscriber_id].append(one)
    return clicks


def _in_bursts(clicks: Iterable[_Seen]) -> Iterator[int]:
    """Ids of one reader's clicks that are part of a burst of different links."""
    window: deque[_Seen] = deque()
    for one in sorted(clicks, key=lambda one: (one.at, one.id)):
        while window and one.at - window[0].at > _BURST:
            window.popleft()
        window.append(one)
        if len({other.link_number for other in window}) >= _BURST_LINKS:
            yield from (other.id for other in window)
            if len(window) > _LONGEST_BURST:
                window.popleft()


def _sent_at(
    session: Session, readers: Mapping[tuple[int, int], object]
) -> dict[tuple[int, int], datetime]:
    """When relays took the mails of *readers*."""
    by_issue: dict[int, list[int]] = defaultdict(list)
    for issue_id, subscriber_id in readers:
        by_issue[issue_id].append(subscriber_id)
    sent = {}
    for issue_id, ids in by_issue.items():
        for some in _slices(ids):
            rows = session.execute(
                select(Delivery.subscriber_id, Delivery.at).where(
                    Delivery.issue_id == issue_id,
                    Delivery.fate == int(Fate.ACCEPTED),
                    Delivery.subscriber_id.in_(some),
                )
            )
            sent.update({(issue_id, subscriber_id): at for subscriber_id, at in rows})
    return sent


def _slices(ids: list[int], size: int = 5000) -> Iterator[list[int]]:
    edges = [*range(0, len(ids), size), len(ids)]
    return (ids[start:end] for start, end in pairwise(edges))
