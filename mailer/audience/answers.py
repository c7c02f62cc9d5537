"""Store of who opened, clicked and acted: gathered from clicks and opens, read by rules.

Clicks and opens are the record, answers a reading of it as far as a mark; the few rows after the mark
are asked themselves. A row is gathered once nothing changes it any more but erasure and retention,
which take people out of the answers as well.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy import SmallInteger, bindparam, func, literal, select, update
from sqlalchemy.orm import Session

from mailer.audience import bits
from mailer.database.tables import Answered, AnswerMark, Answers, Click, IssueLink, Open
from mailer.database.upserting import insert_into

Source: TypeAlias = type[Click] | type[Open]

SOURCES: Mapping[Source, tuple[Answered, ...]] = {
    Click: (Answered.CLICKED, Answered.ACTED),
    Open: (Answered.OPENED,),
}
CALLS = ("action", "item")  # roles of links that ask to do something

# Numbers are given before rows are committed: of those given so long ago, each is written or never.
_WRITTEN = timedelta(minutes=4)
_AT_ONCE = 100_000  # rows gathered in one transaction


def gathered_up_to(session: Session, source: Source) -> int:
    """The last row that is in the answers, with all before it."""
    mark = session.get(AnswerMark, source.__tablename__)
    return mark.up_to if mark else 0


def gather(session: Session, source: Source, *, below: int | None, now: datetime) -> bool:
    """Gather some rows, none from *below* on; whether there were any. Call it until there are not."""
    mark = _held(session, source)
    if mark.seen_at is None or mark.seen_at <= now - _WRITTEN:
        newest = session.scalar(select(func.max(source.id))) or 0
        mark.settled, mark.seen, mark.seen_at = mark.seen, newest, now
    end = min(mark.settled, mark.up_to + _AT_ONCE)
    if below is not None:
        end = min(end, below - 1)
    if end <= mark.up_to:
        return False
    for deed in SOURCES[source]:
        _add(session, source, deed, (mark.up_to, end))
    mark.up_to = end
    session.flush()
    return True


def _held(session: Session, source: Source) -> AnswerMark:
    """The mark, locked: nobody is taken out of the answers while rows are read to be put into them."""
    name = source.__tablename__
    mark = session.get(AnswerMark, name, with_for_update=True, populate_existing=True)
    if mark is None:
        mark = AnswerMark(source=name, up_to=0, settled=0, seen=0, seen_at=None)
        session.add(mark)
    return mark


def _add(session: Session, source: Source, deed: Answered, rows: tuple[int, int]) -> None:
    after, end = rows
    people = select(source.issue_id, source.subscriber_id).where(
        source.id > after, source.id <= end, source.machine.is_(None), source.subscriber_id > 0
    )
    if deed is Answered.ACTED:
        link = (IssueLink.issue_id == Click.issue_id) & (IssueLink.number == Click.link_number)
        people = people.join(IssueLink, link).where(IssueLink.role.in_(CALLS))
    found = people.distinct().subquery()
    word = bits.word(found.c.subscriber_id)
    postgresql = session.get_bind().dialect.name == "postgresql"
    words = select(
        literal(int(deed), SmallInteger()),
        word,
        found.c.issue_id,
        bits.joined(found.c.subscriber_id, postgresql=postgresql),
    ).group_by(word, found.c.issue_id)
    new = insert_into(session, Answers).from_select(["deed", "word", "issue_id", "people"], words)
    both = Answers.people.op("|")(new.excluded.people)
    session.execute(
        new.on_conflict_do_update(
            index_elements=["deed", "word", "issue_id"], set_={"people": both}
        )
    )


def leave(session: Session, numbers: Collection[int], issue_ids: Sequence[int]) -> None:
    """Take people out of the answers to some issues."""
    if not numbers or not issue_ids:
        return
    for source in SOURCES:
        _held(session, source)
    table = Answers.__table__
    session.connection().execute(
        update(table)  # type: ignore[arg-type]  # a mapped class's table is one
        .where(
            table.c.deed.between(min(Answered), max(Answered)),
            table.c.word == bindparam("of_word"),
            table.c.issue_id == bindparam("of_issue"),
        )
        .values(people=table.c.people.op("&")(bindparam("others", type_=table.c.people.type))),
        [
            {"of_word": word, "of_issue": issue_id, "others": others}
            for word, others in bits.others(numbers).items()
            for issue_id in issue_ids
        ],
    )
