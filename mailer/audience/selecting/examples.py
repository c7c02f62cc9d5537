"""What the newest people have: offered where a rule is written, named where it asks for what nobody has."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.audience.places import is_place
from mailer.database.tables import Subscriber
from mailer.rules.syntax import Comparison, Subject

_NEWEST = 2_000  # people looked at
_MOST = 50
_LONGEST = 60


def subject_of(leaf: Comparison) -> str:
    """What is compared: ``language``, ``field city``."""
    return f"field {leaf.field}" if leaf.field else str(leaf.subject)


def examples(session: Session) -> dict[str, list[str]]:
    """Texts that people have, the most frequent first, by what is compared."""
    newest = (
        select(Subscriber.language, Subscriber.time_zone, Subscriber.address_key, Subscriber.fields)
        .order_by(Subscriber.id.desc())
        .limit(_NEWEST)
    )
    found: Mapping[str, Counter[str]] = defaultdict(Counter)
    for language, time_zone, address, fields in session.execute(newest):
        found[Subject.LANGUAGE][language or ""] += 1
        found[Subject.TIME_ZONE][time_zone or ""] += 1
        found[Subject.DOMAIN][address.rpartition("@")[2]] += 1
        for name, value in _texts(fields):
            found[f"field {name}"][value] += 1
            if is_place(name):
                found[Subject.PLACE][value] += 1
    return {
        str(subject): [text for text, _ in texts.most_common(_MOST) if text]
        for subject, texts in found.items()
    }


def _texts(fields: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        if isinstance(value, str) and len(value) <= _LONGEST:
            yield name, value
