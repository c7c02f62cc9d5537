"""What the database knows that an import needs: the people in a chunk, and how far it has come."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from mailer.audience import suppressions
from mailer.audience.importing.deciding import Known
from mailer.database.tables import Fact, Suppression
from mailer.database.tables.audience import OF_DOMAINS, OF_ERASED
from mailer.tokens import Signer


def elements(session: Session, name: str) -> str:
    """A JSON array given as parameter *name*, as rows with the column ``value``."""
    if session.get_bind().dialect.name == "postgresql":
        return f"json_array_elements_text(CAST(:{name} AS json)) AS listed(value)"
    return f"json_each(:{name}) AS listed"


def known_by_key(session: Session, newsletter_id: int, keys: Sequence[str]) -> dict[str, Known]:
    """What is known of these addresses."""
    rows = session.execute(
        text(
            "SELECT s.address_key, s.id, s.name, s.language, s.time_zone,"  # noqa: S608  # no input
            f" CAST(s.fields AS TEXT), c.state FROM {elements(session, 'keys')}"
            " JOIN subscribers s ON s.address_key = listed.value"
            " LEFT JOIN subscriptions c"
            " ON c.subscriber_id = s.id AND c.newsletter_id = :newsletter_id"
        ),
        {"keys": json.dumps(keys), "newsletter_id": newsletter_id},
    )
    return {row[0]: Known(*row[1:]) for row in rows}


def with_tags(session: Session, known: dict[str, Known]) -> dict[str, Known]:
    """The same people with the keys of their tags."""
    rows = session.execute(
        text(
            f"SELECT s.subscriber_id, t.key FROM {elements(session, 'ids')}"  # noqa: S608  # constant
            " JOIN subscriber_tags s ON s.subscriber_id = CAST(listed.value AS BIGINT)"
            " JOIN tags t ON t.id = s.tag_id"
        ),
        {"ids": json.dumps([one.id for one in known.values()])},
    )
    keys: defaultdict[int, set[str]] = defaultdict(set)
    for number, key in rows:
        keys[number].add(key)
    return {key: one._replace(tags=frozenset(keys[one.id])) for key, one in known.items()}


def suppressed(session: Session, keys: Sequence[str], signer: Signer) -> dict[str, str]:
    """Of these addresses, those never to be mailed, and why: themselves, their domain, erased."""
    if session.scalar(select(Suppression.target).limit(1)) is None:
        return {}
    domains = session.execute(select(Suppression.target, Suppression.reason).where(OF_DOMAINS))
    reasons = {row.target: row.reason for row in domains}
    found = {key: reasons[end] for key in keys if (end := f"@{key.rpartition('@')[2]}") in reasons}
    found |= _reasons(session, keys)
    if session.scalar(select(Suppression.target).where(OF_ERASED).limit(1)) is not None:
        hidden = {suppressions.hashed_target(signer, key): key for key in keys}
        reasons = _reasons(session, list(hidden))
        found |= {hidden[target]: reason for target, reason in reasons.items()}
    return found


def _reasons(session: Session, targets: Sequence[str]) -> dict[str, str]:
    rows = session.execute(
        text(
            f"SELECT p.target, p.reason FROM {elements(session, 'targets')}"  # noqa: S608  # constant
            " JOIN suppressions p ON p.target = listed.value"
        ),
        {"targets": json.dumps(targets)},
    )
    return {row.target: row.reason for row in rows}


def kept_progress(session: Session, name: str) -> dict[str, Any] | None:
    """How far an interrupted import of the same files had come."""
    value = session.scalar(select(Fact.value).where(Fact.name == name))
    return json.loads(value) if value else None


def keep_progress(session: Session, name: str, progress: dict[str, Any] | None) -> None:
    """Remember how far an import has come, or forget it when it is done."""
    session.execute(delete(Fact).where(Fact.name == name))
    if progress is not None:
        session.add(Fact(name=name, value=json.dumps(progress)))
