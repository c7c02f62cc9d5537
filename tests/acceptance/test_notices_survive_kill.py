"""The scheduler sends single mails; killed, it loses none and doubles only those in its hands."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, select, update

from mailer.database.engine import reading, transaction
from mailer.database.tables import Fate, Notice
from tests.support.accounting import wait_until
from tests.support.databases import mostly_sqlite
from tests.support.factories import NOON, add_newsletter
from tests.support.processes import installation
from tests.support.sink import Sink, running
from tests.support.site import mailer_of

_NOTICES = 80


def held(engine: Engine) -> set[str]:
    """Who was in somebody's hands."""
    query = select(Notice.recipient).where(Notice.leased_until.is_not(None), Notice.fate.is_(None))
    with reading(engine) as session:
        return set(session.scalars(query))


@mostly_sqlite
def test_kill_9_loses_no_notice(engine: Engine, database_url: str, tmp_path: Path) -> None:
    mailer = mailer_of(engine)
    with transaction(engine) as session:
        newsletter = add_newsletter(session)
        for number in range(_NOTICES):
            mailer.notifier.notify(
                session,
                "test",
                to=f"{number}@readers.test",
                values={},
                newsletter=newsletter,
                now=NOON,
            )
    with (
        running(Sink(delay=0.02)) as sink,
        installation(tmp_path, database_url, sink.port) as site,
    ):
        scheduler = site.command("schedule")
        wait_until(lambda: sink.bodies > _NOTICES // 4)
        scheduler.kill()
        in_doubt = held(engine)
        with transaction(engine) as session:  # as if the lease's two minutes were over
            session.execute(
                update(Notice).where(Notice.leased_until.is_not(None)).values(leased_until=NOON)
            )
        site.command("schedule")
        wait_until(lambda: len(sink.counts) == _NOTICES and not held(engine))

    assert {address for address, times in sink.counts.items() if times > 1} <= in_doubt
    assert len(in_doubt) <= 4
    with reading(engine) as session:
        assert set(session.scalars(select(Notice.fate))) == {Fate.ACCEPTED}
        assert session.scalars(select(Notice).where(Notice.message.is_not(None))).all() == []
