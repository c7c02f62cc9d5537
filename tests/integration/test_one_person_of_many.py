"""To tell or to erase one person reads nobody else's deliveries, however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event

from mailer.database.engine import reading, transaction
from mailer.keeping.disclosing import everything
from mailer.keeping.erasing import erase
from tests.support.factories import NOON
from tests.support.readership import a_sent_issue
from tests.support.sending import SIGNER

ANN = "ann@readers.test"


@contextmanager
def plans(engine: Engine) -> Iterator[list[str]]:
    """How SQLite finds the rows of each statement that asks for deliveries."""
    found: list[str] = []

    def explain(
        _connection: object, cursor: Any, statement: str, parameters: Any, *_more: object
    ) -> None:
        if "deliveries" in statement and not statement.startswith(("INSERT", "EXPLAIN")):
            asked = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            found.extend(row[-1] for row in asked)

    event.listen(engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", explain)


def of_deliveries(plan: list[str]) -> list[str]:
    return [step for step in plan if step.split()[1] == "deliveries"]


def test_everything_of_one_person_is_found_by_the_key(sqlite_engine: Engine) -> None:
    a_sent_issue(sqlite_engine)
    with plans(sqlite_engine) as plan, reading(sqlite_engine) as session:
        told = everything(session, ANN, SIGNER, now=NOON)
    assert told
    assert of_deliveries(plan)
    assert all(step.startswith("SEARCH") for step in of_deliveries(plan)), plan


def test_one_person_is_erased_by_the_key(sqlite_engine: Engine) -> None:
    a_sent_issue(sqlite_engine)
    with plans(sqlite_engine) as plan, transaction(sqlite_engine) as session:
        erase(session, ANN, SIGNER, source="command", now=NOON)
    assert of_deliveries(plan)
    assert all(step.startswith("SEARCH") for step in of_deliveries(plan)), plan
