"""After an erasure no column of any table names the person, nor does an archive; asked of the tables."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Engine,
    Enum,
    LargeBinary,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Session

from mailer.audience import consent, suppressions
from mailer.database.engine import reading, transaction
from mailer.database.tables import Base, Delivery, Fate, IssueState, Subscriber, Tag
from mailer.database.tables.base import ADDRESS_OF, Moment, Words
from mailer.keeping import thinning
from mailer.keeping.archiving import archive
from mailer.keeping.erasing import counted, erase
from tests.support.factories import NOON, add_issue, add_newsletter, add_subscriber
from tests.support.readership import everything_written
from tests.support.sending import SIGNER

ADDRESS, NAME, BEFORE = "zqferry@readers.test", "Zqanna Oakham", "zqbefore@readers.test"
NAMING = ("zqferry", "zqanna", "oakham", "zqbefore", "203.0.113.77")
SAID = f"{NAME} <{ADDRESS}> at 203.0.113.77"
LATER = NOON + timedelta(days=3)

# Words of the program itself: they say what was done, never of whom. Whatever is not here and is
# kept of somebody has to be emptied, or to go.
OUR_WORDS = {
    *("attempts.worker", "bounces.report", "bounces.status", "bounces.reason", "bounces.outcome"),
    *("clicks.machine", "opens.machine", "unsubscribes.method"),
}


def value(column: Column[Any], known: Mapping[str, Any]) -> Any:
    """Something that names the person wherever a column can say anything."""
    if column.foreign_keys:
        [key] = column.foreign_keys
        return known[key.column.table.name]
    if column.name == "subscriber_id":
        return known["subscribers"]
    if column.info == ADDRESS_OF:
        return ADDRESS
    kind = column.type
    if isinstance(kind, Enum):
        return kind.python_type(kind.enums[0])
    if isinstance(kind, String | Text | Words):
        return "ours" if str(column) in OUR_WORDS else SAID[: kind.length or None]
    return next((said for type_, said in _SAID.items() if isinstance(kind, type_)), 1)


_SAID: Mapping[type, Any] = {
    JSON: {"said": SAID},
    LargeBinary: SAID.encode(),
    Moment: NOON,
    Boolean: True,
}


def fill(session: Session, table: Table, known: Mapping[str, Any]) -> None:
    """A row of the person's."""
    own = table.autoincrement_column
    columns = [one for one in table.c if one is not own]
    session.execute(insert(table).values({one.name: value(one, known) for one in columns}))


def of_people() -> list[Table]:
    """The tables that know somebody by number or by address."""
    return [
        table
        for table in Base.metadata.sorted_tables
        if "subscriber_id" in table.c or any(one.info == ADDRESS_OF for one in table.c)
    ]


def somebody(session: Session) -> dict[str, Any]:
    """Whom every table knows something of; what rows of theirs refer to."""
    river = add_newsletter(session)
    person = add_subscriber(session, ADDRESS)
    person.name, person.fields = NAME, {"said": SAID}
    tag = Tag(name="volunteer", key="volunteer", created_at=NOON)
    session.add(tag)
    issue = add_issue(session, river, state=IssueState.SENT, started_at=NOON, finished_at=NOON)
    session.flush()
    known = {
        "newsletters": river.id, "subscribers": person.id, "issues": issue.id, "tags": tag.id,
    }  # fmt: skip
    for table in of_people():
        fill(session, table, known)
    consent.note(
        session,
        subscriber_id=person.id,
        now=NOON,
        source=consent.NEW_ADDRESS,
        evidence={"from": BEFORE, "to": ADDRESS},
    )
    for target in (ADDRESS, BEFORE):
        suppressions.add(
            session, target, reason=f"asked: {NAME} <{ADDRESS}>", source="list", now=NOON
        )
    return known


def test_no_column_of_any_table_names_an_erased_person(engine: Engine, tmp_path: Path) -> None:
    with transaction(engine) as session:
        somebody(session)
        before = counts(session)
        written = everything_written(session).lower()
        assert all(name in written for name in NAMING)

    with transaction(engine) as session:
        erase(session, ADDRESS, SIGNER, source="test", now=LATER)
    archive(engine, tmp_path / "all.zip", now=LATER)

    with reading(engine) as session:
        written = everything_written(session).lower()
        assert counts(session) == before, "what was counted is counted"
    with zipfile.ZipFile(tmp_path / "all.zip") as zipped:
        written += "".join(zipped.read(one).decode().lower() for one in zipped.namelist())
    assert [line for line in written.splitlines() if any(name in line for name in NAMING)] == []


def counts(session: Session) -> dict[str, int]:
    return {
        table.name: session.scalar(select(func.count()).select_from(table)) or 0
        for table in counted()
    }


def test_why_somebody_was_skipped_no_longer_names_them(engine: Engine) -> None:
    """A suppression's reason, which may be staff's words or a list's, is why."""
    with transaction(engine) as session:
        known = somebody(session)
        session.execute(
            update(Delivery).values(
                fate=int(Fate.SKIPPED), reply=f"suppressed: asked: {NAME} {ADDRESS}"
            )
        )
        erase(session, ADDRESS, SIGNER, source="test", now=LATER)
        assert session.scalars(select(Delivery.reply)).all() == ["suppressed: asked: … …"]

        other = add_subscriber(session, "bo@readers.test")
        session.execute(
            insert(Delivery).values(
                issue_id=known["issues"], subscriber_id=other.id, fate=int(Fate.SKIPPED),
                attempts=0, at=NOON, reply="suppressed: 550 <bo@readers.test>: gone",
            )
        )  # fmt: skip
        while thinning.thin_out(session, before=LATER, now=LATER):
            pass
        assert "bo@readers.test" not in everything_written(session, ("subscribers",))
        assert session.get(Subscriber, other.id) is not None
