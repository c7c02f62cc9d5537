"""Writing subscribers by the ten thousand: set by set on SQLite, by COPY on PostgreSQL."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from operator import itemgetter
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from mailer.audience.importing import tagging
from mailer.audience.importing.candidates import Candidate
from mailer.audience.importing.deciding import Details, Writes
from mailer.audience.importing.lookups import elements
from mailer.audience.importing.statuses import Standing
from mailer.database.tables import Consent, Newsletter, Unsubscribe
from mailer.errors import NotFound

# Of a candidate, what stands in the table of subscribers, in this order after the number.
_COLUMNS = "address, address_key, name, language, time_zone, fields, created_at"
_TABLE = itemgetter(slice(Candidate._fields.index("address"), None))
_PROOF = itemgetter(Candidate._fields.index("proof"))
_STANDING = itemgetter(Candidate._fields.index("standing"))
_TAGS = itemgetter(Candidate._fields.index("tags"))

_ROWS_A_STATEMENT = 50


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


def prepare(session: Session, target: Target) -> None:
    """At the start of each transaction that writes: nobody else changes consent meanwhile.

    SQLite has one writer anyway. On PostgreSQL the lock waits for others and they wait for us, a
    chunk long; reading goes on. So no verdict can be outdated when it is written. Nor is there
    need to check foreign keys, four times a row and for half of PostgreSQL's time: newsletter and
    subscribers stay, and both are looked up here. ``NotFound`` when the newsletter is gone.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE subscribers, subscriptions IN SHARE ROW EXCLUSIVE MODE"))
        if _may_vouch(session):
            session.execute(text("SET LOCAL session_replication_role = replica"))
    else:
        # Two megabytes, the default, are far less than the index of a million addresses.
        session.execute(text("PRAGMA cache_size = -16384"))
    there = select(Newsletter.id).where(Newsletter.id == target.newsletter_id)
    if session.scalar(there.with_for_update(read=True, key_share=True)) is None:
        raise NotFound("The newsletter is gone; what was imported before has gone with it.")


def _may_vouch(session: Session) -> bool:
    """Whether this role may leave the foreign keys unchecked (GRANT SET ON PARAMETER …)."""
    since_15 = (session.connection().dialect.server_version_info or (0,)) >= (15,)
    query = (
        "SELECT has_parameter_privilege('session_replication_role', 'SET')"
        if since_15
        else "SELECT current_setting('is_superuser') = 'on'"
    )
    return bool(session.scalar(text(query)))


def write(session: Session, target: Target, writes: Writes) -> range:
    """Everything a chunk changes, each change of consent with its record; new people's numbers."""
    added = _add_subscribers(session, target, writes.new)
    tags = map(_TAGS, writes.new)
    tagged = [(id_, told) for id_, told in zip(added, tags, strict=True) if told]
    tagging.write(session, tagged + writes.tagging, now=target.now)
    _change_details(session, writes.details)
    if writes.joining:
        _subscribe(session, target, *zip(*writes.joining, strict=True))
    _change_state(session, target, Consent.CONFIRMED, writes.confirming, before=(Consent.PENDING,))
    before = (Consent.CONFIRMED, Consent.PENDING)
    left = _change_state(session, target, Consent.UNSUBSCRIBED, writes.leaving, before=before)
    _record_leaving(session, target, left)
    _suppress(session, target, writes.suppressing)
    return added


def _add_subscribers(session: Session, target: Target, new: Sequence[Candidate]) -> range:
    """Add them with their subscriptions; their numbers."""
    if not new:
        return range(0)
    postgresql = session.get_bind().dialect.name == "postgresql"
    ids = _new_ids(session, len(new), postgresql=postgresql)
    if postgresql:
        _copy_subscribers(session, ids, new, target.at)
    else:
        _insert_subscribers(session, new, target.at)
    _subscribe(session, target, ids, new)
    return ids


def _copy_subscribers(
    session: Session, ids: Sequence[int], new: Iterable[Candidate], at: str
) -> None:
    null = _NULL
    lines = (
        f"{id_}\t{address}\t{key}\t{name}\t{language or null}\t{zone or null}\t{fields}\t{joined or at}"
        for id_, (address, key, name, language, zone, fields, joined) in zip(
            ids, map(_TABLE, new), strict=True
        )
    )
    _copy(session, "subscribers", f"id, {_COLUMNS}", lines)


def _insert_subscribers(session: Session, new: Sequence[Candidate], at: str) -> None:
    """SQLite numbers them one after the other itself. Many a statement: each costs its own."""
    row = f"(?, ?, ?, ?, ?, ?, COALESCE(?, '{at}'))"
    whole = len(new) - len(new) % _ROWS_A_STATEMENT
    for some, size in ((new[:whole], _ROWS_A_STATEMENT), (new[whole:], 1)):
        values = chain.from_iterable(map(_TABLE, some))
        parameters = list(zip(*[values] * (size * row.count("?")), strict=True))
        if parameters:
            session.connection().exec_driver_sql(
                f"INSERT INTO subscribers ({_COLUMNS}) VALUES {','.join([row] * size)}",  # noqa: S608  # constants
                parameters,
            )


def _new_ids(session: Session, count: int, *, postgresql: bool) -> range:
    """Numbers nobody else gets: under the lock there is no other who would take some."""
    if postgresql:
        sequence = "pg_get_serial_sequence('subscribers', 'id')"
        last = session.scalar(
            text(f"SELECT setval({sequence}, nextval({sequence}) + :count - 1)"),
            {"count": count},
        )
    else:
        # Not the greatest number there is: somebody who was erased may have had a greater one.
        given = text("SELECT seq FROM sqlite_sequence WHERE name = 'subscribers'")
        last = (session.scalar(given) or 0) + count
    return range(last - count + 1, last + 1)


def _subscribe(
    session: Session, target: Target, ids: Sequence[int], people: Sequence[Candidate]
) -> None:
    """New subscriptions, none of which exists."""
    proofs: defaultdict[Standing, dict[int, str]] = defaultdict(dict)
    standings = list(map(_STANDING, people))
    if standings.count(standings[0]) == len(standings):  # of nearly every list
        proofs[standings[0]] = dict(zip(ids, map(_PROOF, people), strict=True))
    else:
        for id_, one in zip(ids, people, strict=True):
            proofs[one.standing][id_] = one.proof
    for standing, of_standing in proofs.items():
        _insert_subscriptions(session, target, standing.consent, of_standing)
        _record_changes(session, target, standing.consent, of_standing)


def _insert_subscriptions(
    session: Session, target: Target, state: Consent, ids: Iterable[int]
) -> None:
    session.execute(
        text(
            "INSERT INTO subscriptions (newsletter_id, subscriber_id, state, changed_at, source)"  # noqa: S608  # constant
            " SELECT :newsletter_id, CAST(value AS BIGINT), :state, :at, :source"
            f" FROM {elements(session, 'ids')}"
        ),
        {
            "newsletter_id": target.newsletter_id,
            "state": state.value,
            "at": _moment(session, target),
            "source": target.source,
            "ids": json.dumps(list(ids)),
        },
    )


def _change_state(
    session: Session,
    target: Target,
    state: Consent,
    changing: Sequence[tuple[int, Candidate]],
    *,
    before: Iterable[Consent],
) -> list[tuple[int, Candidate]]:
    """Bring those who are in one of the states *before* to *state*; who they were."""
    if not changing:
        return []
    states = ", ".join(f"'{one.value}'" for one in before)
    changed = set(
        session.execute(
            text(
                "UPDATE subscriptions SET state = :state, changed_at = :at, source = :source"  # noqa: S608  # constant
                " WHERE newsletter_id = :newsletter_id AND subscriber_id IN"
                f" (SELECT CAST(value AS BIGINT) FROM {elements(session, 'ids')})"
                f" AND state IN ({states}) RETURNING subscriber_id"
            ),
            {
                "state": state.value,
                "at": _moment(session, target),
                "source": target.source,
                "newsletter_id": target.newsletter_id,
                "ids": json.dumps([id_ for id_, _ in changing]),
            },
        ).scalars()
    )
    done = [(id_, one) for id_, one in changing if id_ in changed]
    _record_changes(session, target, state, {id_: one.proof for id_, one in done})
    return done


def _moment(session: Session, target: Target) -> Any:
    return target.now if session.get_bind().dialect.name == "postgresql" else target.at


def _record_changes(
    session: Session, target: Target, state: Consent, proofs: Mapping[int, str]
) -> None:
    if not proofs:
        return
    columns = "newsletter_id, subscriber_id, state, at, source, evidence"
    newsletter_id, word, at, source = target.newsletter_id, state.value, target.at, target.source
    if session.get_bind().dialect.name == "postgresql":
        rest = f"{word}\t{at}\t{source}"
        lines = (f"{newsletter_id}\t{id_}\t{rest}\t{proof}" for id_, proof in proofs.items())
        _copy(session, "consent_changes", columns, lines)
    else:
        members = ",".join([f'"{id_}":{proof}' for id_, proof in proofs.items()])
        session.connection().exec_driver_sql(
            f"INSERT INTO consent_changes ({columns})"  # noqa: S608  # constants
            " SELECT ?, CAST(key AS INTEGER), ?, ?, ?, value FROM json_each(?)",
            (newsletter_id, word, at, source, f"{{{members}}}"),
        )


def _record_leaving(
    session: Session, target: Target, left: Sequence[tuple[int, Candidate]]
) -> None:
    if left:
        session.execute(
            insert(Unsubscribe),
            [
                {
                    "newsletter_id": target.newsletter_id,
                    "subscriber_id": id_,
                    "at": target.now,
                    "method": "import",
                    "reason": one.reason,
                }
                for id_, one in left
            ],
        )


def _change_details(session: Session, details: Sequence[Details]) -> None:
    if not details:
        return
    if session.get_bind().dialect.name != "postgresql":
        session.connection().exec_driver_sql(
            "UPDATE subscribers SET name = ?, language = ?, time_zone = ?, fields = ? WHERE id = ?",
            [(one.name, one.language, one.time_zone, one.fields, one.id) for one in details],
        )
        return
    rows = [f"[{one.id},{json.dumps(one[1:4])[1:-1]},{one.fields}]" for one in details]
    session.execute(
        text(
            "UPDATE subscribers s SET name = r.value ->> 1, language = r.value ->> 2,"
            " time_zone = r.value ->> 3, fields = r.value -> 4"
            " FROM json_array_elements(CAST(:rows AS json)) AS r(value)"
            " WHERE s.id = CAST(r.value ->> 0 AS bigint)"
        ),
        {"rows": f"[{','.join(rows)}]"},
    )


def _suppress(session: Session, target: Target, suppressing: Sequence[Candidate]) -> None:
    """Suppress whoever is not yet, with a record."""
    if suppressing:
        source, at = target.source, _moment(session, target)
        rows = [
            {"target": one.key, "reason": one.suppression_reason, "source": source, "at": at}
            for one in suppressing
        ]
        session.execute(text(_RECORD_NEW), rows)
        session.execute(text(_SUPPRESS_NEW), rows)


_RECORD_NEW = (
    "INSERT INTO suppression_changes (target, suppressed, at, source, reason, evidence)"
    " SELECT CAST(:target AS VARCHAR), true, :at, :source, :reason, '{}'"
    " WHERE NOT EXISTS (SELECT 1 FROM suppressions WHERE target = CAST(:target AS VARCHAR))"
)
_SUPPRESS_NEW = (
    "INSERT INTO suppressions (target, reason, source, at)"
    " VALUES (:target, :reason, :source, :at) ON CONFLICT (target) DO NOTHING"
)


_BLOCK = 1000
_NULL = "\x01"  # no value holds control characters: readers of files see to that


def _copy(session: Session, table: str, columns: str, lines: Iterator[str]) -> None:
    """COPY lines of values between tabs into a table of PostgreSQL.

    Block by block: the server writes one while the next is made here.
    """
    connection = session.connection().connection.driver_connection
    assert connection is not None  # noqa: S101  # a pooled connection in use has one
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN WITH (NULL E'\\x01')") as copy,
    ):
        while block := list(islice(lines, _BLOCK)):
            copy.write("\n".join(block).replace("\\", "\\\\") + "\n")
