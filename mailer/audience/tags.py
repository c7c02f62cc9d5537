"""Tags: words that people are marked with, one by one or a whole selection at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy import delete, exists, func, insert, literal, select
from sqlalchemy.orm import Session

from mailer.audience.naming import require_unused, reword, segments_that
from mailer.audience.selecting import Selection
from mailer.database.tables import SubscriberTag, Tag
from mailer.errors import Conflict, InvalidInput, NotFound
from mailer.names import clean_title, name_key
from mailer.rules.syntax import Comparison, Leaf, Subject
from mailer.sentences import Sentence


@dataclass(frozen=True, slots=True)
class CountedTag:
    """A tag, and how many people have it."""

    name: str
    people: int


def ensure(session: Session, names: Iterable[str], *, now: datetime) -> dict[str, int]:
    """The numbers of these tags by their keys; those that do not exist are made."""
    wanted = {
        name_key(shown): shown for name in names if (shown := clean_title(name, Sentence("tag")))
    }
    known = _ids(session, wanted)
    for key, shown in wanted.items():
        if key not in known:
            tag = Tag(name=shown, key=key, created_at=now)
            session.add(tag)
            session.flush()
            known[key] = tag.id
    return known


def _ids(session: Session, keys: Iterable[str]) -> dict[str, int]:
    rows = session.execute(select(Tag.key, Tag.id).where(Tag.key.in_(list(keys))))
    return {row.key: row.id for row in rows}


def get(session: Session, name: str) -> Tag:
    """The tag with this name; ``NotFound``."""
    tag = session.scalar(select(Tag).where(Tag.key == name_key(name)))
    if tag is None:
        raise NotFound(
            "There is no tag {name!r}; `mailer tag list` shows those there are.", name=name
        )
    return tag


def counted(session: Session) -> list[CountedTag]:
    """All tags by name, with their people counted."""
    people = (
        select(SubscriberTag.tag_id, func.count().label("people"))
        .group_by(SubscriberTag.tag_id)
        .subquery()
    )
    rows = session.execute(
        select(Tag.name, func.coalesce(people.c.people, 0))
        .outerjoin(people, people.c.tag_id == Tag.id)
        .order_by(Tag.key)
    )
    return [CountedTag(*row) for row in rows]


def of(session: Session, subscriber_id: int) -> list[str]:
    """One person's tags by name."""
    return list(
        session.scalars(
            select(Tag.name)
            .join(SubscriberTag, SubscriberTag.tag_id == Tag.id)
            .where(SubscriberTag.subscriber_id == subscriber_id)
            .order_by(Tag.key)
        )
    )


def tag(session: Session, name: str, selection: Selection, *, now: datetime) -> int:
    """Mark everybody of a selection, by one statement; how many did not have the tag before."""
    (tag_id,) = ensure(session, [name], now=now).values()
    has = exists().where(
        SubscriberTag.tag_id == tag_id, SubscriberTag.subscriber_id == selection.id
    )
    chosen = selection.ids(literal(tag_id)).where(~has)
    added = session.execute(
        insert(SubscriberTag).from_select(["tag_id", "subscriber_id"], chosen),
        execution_options={"preserve_rowcount": True},
    )
    return int(added.rowcount)  # type: ignore[attr-defined]  # an INSERT counts rows


def untag(session: Session, name: str, selection: Selection) -> int:
    """Take a tag from everybody of a selection; how many had it. ``NotFound``."""
    removed = session.execute(
        delete(SubscriberTag).where(
            SubscriberTag.tag_id == get(session, name).id,
            SubscriberTag.subscriber_id.in_(selection.ids()),
        ),
        execution_options={"synchronize_session": False},
    )
    return int(removed.rowcount)  # type: ignore[attr-defined]  # a DELETE counts rows


def mark(session: Session, subscriber_id: int, names: Iterable[str], *, now: datetime) -> int:
    """Give one person these tags; how many they did not have."""
    ids = set(ensure(session, names, now=now).values())
    have = set(
        session.scalars(
            select(SubscriberTag.tag_id).where(SubscriberTag.subscriber_id == subscriber_id)
        )
    )
    session.add_all(
        SubscriberTag(tag_id=tag_id, subscriber_id=subscriber_id) for tag_id in sorted(ids - have)
    )
    session.flush()
    return len(ids - have)


def unmark(session: Session, subscriber_id: int, name: str) -> bool:
    """Take a tag from one person; ``False`` when they have it not. ``NotFound``."""
    theirs = session.get(SubscriberTag, (get(session, name).id, subscriber_id))
    if theirs is None:
        return False
    session.delete(theirs)
    session.flush()
    return True


def rename(session: Session, name: str, new: str) -> Tag:
    """Another name, also in every rule; ``Conflict`` where another tag has it."""
    found, shown = get(session, name), clean_title(new, Sentence("tag"))
    old, key = found.key, name_key(shown)
    if key != old and _ids(session, [key]):
        raise Conflict(
            "There is a tag {name!r} already; merge the two, if they mean the same.", name=shown
        )
    found.name, found.key = shown, key
    reword(session, lambda leaf: _called(leaf, old, shown))
    return found


def merge(session: Session, name: str, into: str) -> int:
    """Whoever has one tag has the other instead, also in every rule; how many had it not yet."""
    gone, kept = get(session, name), get(session, into)
    if gone.id == kept.id:
        raise InvalidInput("A tag cannot be merged with itself.")
    having = select(SubscriberTag.subscriber_id)
    new = having.with_only_columns(literal(kept.id), SubscriberTag.subscriber_id).where(
        SubscriberTag.tag_id == gone.id,
        SubscriberTag.subscriber_id.not_in(having.where(SubscriberTag.tag_id == kept.id)),
    )
    added = session.execute(
        insert(SubscriberTag).from_select(["tag_id", "subscriber_id"], new),
        execution_options={"preserve_rowcount": True},
    )
    reword(session, lambda leaf: _called(leaf, gone.key, kept.name))
    session.execute(delete(Tag).where(Tag.id == gone.id))
    return int(added.rowcount)  # type: ignore[attr-defined]  # an INSERT counts rows


def _called(leaf: Leaf, old: str, new: str) -> Leaf:
    """*leaf* with the tag of the key *old* under its new name."""
    if not isinstance(leaf, Comparison) or not _speaks(leaf, old):
        return leaf
    values = [new if name_key(str(one)) == old else one for one in leaf.values]
    return replace(leaf, values=tuple(dict.fromkeys(values)))


def _speaks(leaf: Leaf, key: str) -> bool:
    return (
        isinstance(leaf, Comparison)
        and leaf.subject is Subject.TAG
        and any(name_key(str(value)) == key for value in leaf.values)
    )


def remove(session: Session, name: str) -> int:
    """Take a tag from everybody and forget it; how many had it. ``Conflict`` while it is needed."""
    found = get(session, name)
    what = Sentence("The tag {tag!r}", tag=found.name)
    require_unused(session, partial(_speaks, key=found.key), what)
    people = session.scalar(
        select(func.count()).select_from(SubscriberTag).where(SubscriberTag.tag_id == found.id)
    )
    session.execute(delete(Tag).where(Tag.id == found.id))
    return people or 0


def needed_by(session: Session) -> dict[str, list[str]]:
    """The segments that speak of tags, by the tags' names."""
    return {
        tag.name: found
        for tag in session.scalars(select(Tag))
        if (found := segments_that(session, partial(_speaks, key=tag.key)))
    }
