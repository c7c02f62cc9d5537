"""Reading and writing subscribers by the ten thousand: set-based on SQLite, COPY on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session

from mailer.audience.importing.deciding import Known, New, Writes
from mailer.database.tables import Consent, Fact, Subscriber, Suppression, Unsubscribe


@dataclass(frozen=True, slots=True)
class Target:
    """Where an import goes: the newsletter, and what its records say of when and how."""

    newsletter_id: int
    now: datetime
    source: str

    @property
    def at(self) -> str:
        """The time as both databases take it in text: UTC."""
        return self.now.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def prepare(session: Session) -> None:
    """At the start of each transaction that writes: nobody else changes consent meanwhile.

    SQLite has one writer anyway. On PostgreSQL the lock waits for others and they wait for us, a
    chunk long; reading goes on. So no verdict can be outdated when it is written.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE subscribers, subscriptions IN SHARE ROW EXCLUSIVE MODE"))
    else:
        # Two megabytes, the default, are far less than the index of a million addresses.
        session.execute(text("PRAGMA cache_size = -65536"))


def _elements(session: Session, name: str) -> str:
    """A JSON array given as parameter *name*, as rows with the column ``value``."""
    if session.get_bind().dialect.name == "postgresql":
        return f"json_array_elements_text(CAST(:{name} AS json)) AS listed(value)"
    return f"json_each(:{name}) AS listed"


def _members(session: Session, name: str) -> str:
    """A JSON object given as parameter *name*, as rows with the columns ``key``, ``value``."""
    if session.get_bind().dialect.name == "postgresql":
        return f"json_each(CAST(:{name} AS json)) AS listed"
    return f"json_each(:{name}) AS listed"


def known_by_key(session: Session, newsletter_id: int, keys: Sequence[str]) -> dict[str, Known]:
    """What is known of these addresses."""
    rows = session.execute(
        text(
            "SELECT s.address_key, s.id, s.name, s.language, s.time_zone,"  # noqa: S608  # no input
            f" CAST(s.fields AS TEXT), c.state FROM {_elements(session, 'keys')}"
            " JOIN subscribers s ON s.address_key = listed.value"
            " LEFT JOIN subscriptions c"
            " ON c.subscriber_id = s.id AND c.newsletter_id = :newsletter_id"
        ),
        {"keys": json.dumps(keys), "newsletter_id": newsletter_id},
    )
    return {row[0]: Known(*row[1:]) for row in rows}


def suppressed(session: Session, keys: Sequence[str]) -> Callable[[str, str], str | None] | None:
    """A function from key and domain to the reason never to mail that address;
    ``None`` when none of them is suppressed."""
    rows = session.execute(
        text(
            f"SELECT p.target, p.reason FROM {_elements(session, 'keys')}"  # noqa: S608
            " JOIN suppressions p ON p.target = listed.value"
        ),
        {"keys": json.dumps(keys)},
    )
    reasons: dict[str, str] = dict(rows.tuples())
    domains = session.execute(
        select(Suppression.target, Suppression.reason).where(Suppression.target.like("@%"))
    )
    reasons |= dict(domains.tuples())
    if not reasons:
        return None
    return lambda key, domain: reasons.get(key) or reasons.get(f"@{domain}")


def write(session: Session, target: Target, writes: Writes) -> None:
    """Everything a chunk changes, each change of consent with its record."""
    _add_subscribers(session, target, writes.new)
    _change_details(session, writes)
    for state in Consent:
        joining = {id_: proof for id_, new, proof in writes.joining if new == state}
        _subscribe(session, target, state, joining)
    confirming = dict(writes.confirming)
    _change_state(session, target, Consent.CONFIRMED, confirming, before=(Consent.PENDING,))
    leaving = {id_: proof for id_, proof, _ in writes.leaving}
    before = (Consent.CONFIRMED, Consent.PENDING)
    left = _change_state(session, target, Consent.UNSUBSCRIBED, leaving, before=before)
    _record_leaving(session, target, {id_: why for id_, _, why in writes.leaving if id_ in left})
    _suppress(session, target, writes.suppressing)


def _add_subscribers(session: Session, target: Target, new: Sequence[New]) -> None:
    if not new:
        return
    postgresql = session.get_bind().dialect.name == "postgresql"
    ids = _new_ids(session, len(new), postgresql=postgresql)
    at = target.at
    rows = (
        (id_, row.address, row.key, row.name, row.language, row.time_zone, row.fields,
         row.created_at or at)
        for id_, row in zip(ids, new, strict=True)
    )  # fmt: skip
    columns = "id, address, address_key, name, language, time_zone, fields, created_at"
    if postgresql:
        _copy(session, "subscribers", columns, rows)
    else:
        session.connection().exec_driver_sql(
            f"INSERT INTO subscribers ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            list(rows),
        )
    for state in Consent:
        joining = {id_: row.proof for id_, row in zip(ids, new, strict=True) if row.state == state}
        _subscribe(session, target, state, joining)


def _new_ids(session: Session, count: int, *, postgresql: bool) -> Sequence[int]:
    if postgresql:
        rows = session.execute(
            text(
                "SELECT nextval(pg_get_serial_sequence('subscribers', 'id'))"
                " FROM generate_series(1, :count)"
            ),
            {"count": count},
        )
        return rows.scalars().all()
    # The transaction holds the only write lock there is.
    last = session.scalar(select(func.max(Subscriber.id))) or 0
    return range(last + 1, last + count + 1)


def _subscribe(session: Session, target: Target, state: Consent, proofs: dict[int, str]) -> None:
    """New subscriptions, none of which exists."""
    if not proofs:
        return
    columns = "newsletter_id, subscriber_id, state, changed_at, source"
    common = (target.newsletter_id, state.value, target.at, target.source)
    if session.get_bind().dialect.name == "postgresql":
        newsletter_id, _, at, source = common
        _copy(
            session,
            "subscriptions",
            columns,
            ((newsletter_id, id_, state.value, at, source) for id_ in proofs),
        )
    else:
        session.connection().exec_driver_sql(
            f"INSERT INTO subscriptions ({columns})"  # noqa: S608  # constants
            " SELECT ?, value, ?, ?, ? FROM json_each(?)",
            (*common, json.dumps(list(proofs))),
        )
    _record_changes(session, target, state, proofs)


def _change_state(
    session: Session,
    target: Target,
    state: Consent,
    proofs: dict[int, str],
    *,
    before: Iterable[Consent],
) -> set[int]:
    """Bring those who are in one of the states *before* to *state*; who they were."""
    if not proofs:
        return set()
    states = ", ".join(f"'{one.value}'" for one in before)
    changed = set(
        session.execute(
            text(
                "UPDATE subscriptions SET state = :state, changed_at = :at, source = :source"  # noqa: S608
                " WHERE newsletter_id = :newsletter_id AND subscriber_id IN"
                f" (SELECT CAST(value AS BIGINT) FROM {_elements(session, 'ids')})"
                f" AND state IN ({states}) RETURNING subscriber_id"
            ),
            {
                "state": state.value,
                "at": _moment(session, target),
                "source": target.source,
                "newsletter_id": target.newsletter_id,
                "ids": json.dumps(list(proofs)),
            },
        ).scalars()
    )
    kept = {id_: proof for id_, proof in proofs.items() if id_ in changed}
    _record_changes(session, target, state, kept)
    return changed


def _moment(session: Session, target: Target) -> Any:
    return target.now if session.get_bind().dialect.name == "postgresql" else target.at


def _record_changes(
    session: Session, target: Target, state: Consent, proofs: dict[int, str]
) -> None:
    if not proofs:
        return
    columns = "newsletter_id, subscriber_id, state, at, source, evidence"
    if session.get_bind().dialect.name == "postgresql":
        head = (target.newsletter_id, state.value, target.at, target.source)
        newsletter_id, word, at, source = head
        _copy(
            session,
            "consent_changes",
            columns,
            ((newsletter_id, id_, word, at, source, proof) for id_, proof in proofs.items()),
        )
        return
    members = ",".join([f'"{id_}":{proof}' for id_, proof in proofs.items()])
    session.connection().exec_driver_sql(
        f"INSERT INTO consent_changes ({columns})"  # noqa: S608  # constants
        " SELECT ?, CAST(key AS INTEGER), ?, ?, ?, value FROM json_each(?)",
        (target.newsletter_id, state.value, target.at, target.source, f"{{{members}}}"),
    )


def _record_leaving(session: Session, target: Target, reasons: dict[int, str | None]) -> None:
    if reasons:
        session.execute(
            insert(Unsubscribe),
            [
                {
                    "newsletter_id": target.newsletter_id,
                    "subscriber_id": id_,
                    "at": target.now,
                    "method": "import",
                    "reason": reason,
                }
                for id_, reason in reasons.items()
            ],
        )


def _change_details(session: Session, writes: Writes) -> None:
    if not writes.details:
        return
    if session.get_bind().dialect.name == "postgresql":
        rows = "[" + ",".join(
            f"[{d.id},{json.dumps(d.name)},{json.dumps(d.language)},{json.dumps(d.time_zone)},{d.fields}]"
            for d in writes.details
        ) + "]"  # fmt: skip
        session.execute(
            text(
                "UPDATE subscribers s SET name = r.value ->> 1, language = r.value ->> 2,"
                " time_zone = r.value ->> 3, fields = r.value -> 4"
                " FROM json_array_elements(CAST(:rows AS json)) AS r(value)"
                " WHERE s.id = CAST(r.value ->> 0 AS bigint)"
            ),
            {"rows": rows},
        )
        return
    session.connection().exec_driver_sql(
        "UPDATE subscribers SET name = ?, language = ?, time_zone = ?, fields = ? WHERE id = ?",
        [(d.name, d.language, d.time_zone, d.fields, d.id) for d in writes.details],
    )


def _suppress(session: Session, target: Target, suppressing: Sequence[tuple[str, str]]) -> None:
    if suppressing:
        session.execute(
            text(
                "INSERT INTO suppressions (target, reason, source, at)"
                " VALUES (:target, :reason, :source, :at) ON CONFLICT (target) DO NOTHING"
            ),
            [
                {"target": key, "reason": reason, "source": target.source,
                 "at": _moment(session, target)}
                for key, reason in suppressing
            ],
        )  # fmt: skip


_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _copy(session: Session, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """COPY rows into a table of PostgreSQL, in its text format."""
    lines = [
        "\t".join(
            [
                "\\N" if value is None
                else str(value) if not isinstance(value, str)
                else value.translate(_ESCAPES)
                for value in row
            ]
        )
        for row in rows
    ]  # fmt: skip
    connection = session.connection().connection.driver_connection
    assert connection is not None  # noqa: S101  # a pooled connection in use has one
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
    ):
        copy.write("\n".join(lines))


def kept_progress(session: Session, name: str) -> dict[str, Any] | None:
    """How far an interrupted import of the same files had come."""
    value = session.scalar(select(Fact.value).where(Fact.name == name))
    return json.loads(value) if value else None


def keep_progress(session: Session, name: str, progress: dict[str, Any] | None) -> None:
    """Remember how far an import has come, or forget it when it is done."""
    session.execute(delete(Fact).where(Fact.name == name))
    if progress is not None:
        session.add(Fact(name=name, value=json.dumps(progress)))
