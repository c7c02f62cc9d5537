"""What staff change of one person, consent apart: name, language, zone, fields, tags; on record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy.orm import Session

from mailer.addresses import clean_name
from mailer.audience import consent, fields, tags
from mailer.database.tables import Subscriber
from mailer.errors import InvalidInput
from mailer.field_kinds import Kept


@dataclass(frozen=True, slots=True)
class Details:
    """A form as it came back; fields that were not on it stay as they are."""

    name: str
    language: str | None
    time_zone: str | None
    fields: Mapping[str, str] = field(default_factory=dict)


def as_written(value: Any) -> str:
    """A field's value as a form shows it, and sends it back when it was left alone."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value).strip()


def change(
    session: Session, person: Subscriber, wanted: Details, *, by: str, now: datetime
) -> list[str]:
    """Keep what was changed, with a record of who did it; the names of what that was.

    ``InvalidInput`` names what does not fit; nothing is changed then.
    """
    if wanted.time_zone and wanted.time_zone not in available_timezones():
        raise InvalidInput("Please choose a time zone from the list.")
    values: dict[str, Any] = {
        "name": clean_name(wanted.name),
        "language": wanted.language,
        "time_zone": wanted.time_zone,
    }
    kept = _changed_fields(session, person, wanted.fields)
    changed = [name for name, value in values.items() if getattr(person, name) != value]
    for name in changed:
        setattr(person, name, values[name])
    if kept:
        together = {**person.fields, **kept}
        person.fields = {name: value for name, value in together.items() if value is not None}
    changed += [f"field {name}" for name in sorted(kept)]
    _note(session, person, changed, by=by, now=now)
    return changed


def tag(session: Session, person: Subscriber, name: str, *, by: str, now: datetime) -> bool:
    """Give one person a tag, a new one if need be; ``False`` when they have it."""
    if not tags.mark(session, person.id, [name], now=now):
        return False
    _note(session, person, [f"tag {tags.get(session, name).name}"], by=by, now=now)
    return True


def untag(session: Session, person: Subscriber, name: str, *, by: str, now: datetime) -> bool:
    """Take a tag from one person; ``False`` when they have it not, ``NotFound`` when nobody can."""
    if not tags.unmark(session, person.id, name):
        return False
    _note(session, person, [f"no tag {tags.get(session, name).name}"], by=by, now=now)
    return True


def _changed_fields(
    session: Session, person: Subscriber, given: Mapping[str, str]
) -> dict[str, Kept | None]:
    """What differs from what is known; what was left alone keeps its kind, whatever that is."""
    touched = {
        name: text for name, text in given.items() if text != as_written(person.fields.get(name))
    }
    kept = fields.kept_values(session, touched)
    return {name: value for name, value in kept.items() if value != person.fields.get(name)}


def _note(
    session: Session, person: Subscriber, changed: list[str], *, by: str, now: datetime
) -> None:
    """Which ones were changed, never what they said before: that is nobody's business any more."""
    if changed:
        evidence = {"by": by, "changed": ", ".join(changed)}
        consent.note(
            session, subscriber_id=person.id, now=now, source=consent.DETAILS, evidence=evidence
        )
