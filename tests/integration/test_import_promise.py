"""The promise of moving in: no file, and no sequence of files, mails anybody against their will."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from mailer.audience import newsletters, subscribers, suppressions
from mailer.audience.importing import inspect, run
from mailer.database.engine import reading, transaction
from mailer.database.tables import Consent, ConsentChange, Suppression
from mailer.errors import NotFound
from tests.support.factories import NOON, add_newsletter
from tests.support.sending import SIGNER

STATUSES = ["active", "unsubscribed", "cleaned", "pending", "gold"]
PEOPLE = 2
STEPS = st.lists(
    st.tuples(
        st.just("import"),
        st.lists(
            st.tuples(st.integers(0, PEOPLE - 1), st.sampled_from(STATUSES)), min_size=1, max_size=4
        ),
    )
    | st.tuples(st.sampled_from(["leave", "suppress"]), st.integers(0, PEOPLE - 1)),
    min_size=2,
    max_size=6,
)
_examples = itertools.count()


@settings(max_examples=75)
@given(steps=STEPS)
def test_no_sequence_of_imports_brings_back_who_left_or_is_suppressed(
    sqlite_engine: Engine, tmp_path: Path, steps: Sequence[tuple[str, Any]]
) -> None:
    """Nor does it mail anybody of whom no file said that they subscribe; the records tell it all."""
    slug = f"n{next(_examples)}"
    people = [f"p{n}.{slug}@x.test" for n in range(PEOPLE)]
    with transaction(sqlite_engine) as session:
        add_newsletter(session, slug)
    told, before = Told(), set[str]()
    for step, what in steps:
        if step == "import":
            _import(sqlite_engine, tmp_path, slug, [(people[n], status) for n, status in what])
            told.gone |= {people[n] for n, status in what if status in ("unsubscribed", "cleaned")}
            told.asked |= {people[n] for n, status in what if status == "active"}
            confirmed = _confirmed(sqlite_engine, slug)
            assert not (confirmed - before) & told.gone
            before = confirmed
        else:
            _end(sqlite_engine, slug, people[what], step, told)
    _check(sqlite_engine, slug, told)


@dataclass(slots=True)
class Told:
    """Who ever left or was suppressed, and of whom a file said that they subscribe."""

    gone: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)


def _import(engine: Engine, folder: Path, slug: str, rows: Sequence[tuple[str, str]]) -> None:
    path = folder / f"{slug}.csv"
    lines = [f"{address},{status}\n" for address, status in rows]
    path.write_text("email,status\n" + "".join(lines))
    assert run(engine, inspect(path), slug, signer=SIGNER, now=NOON).rows == len(rows)


def _end(engine: Engine, slug: str, address: str, step: str, told: Told) -> None:
    with transaction(engine) as session:
        if step == "suppress":
            suppressions.add(session, address, reason="r", source="s", now=NOON)
        else:
            try:
                newsletter = newsletters.get(session, slug)
                subscribers.unsubscribe(session, newsletter, address, by="tess", now=NOON)
            except NotFound:
                return
        told.gone.add(address)


def _confirmed(engine: Engine, slug: str) -> set[str]:
    with reading(engine) as session:
        page = subscribers.page(session, newsletters.get(session, slug), state=Consent.CONFIRMED)
        return {one.subscriber.address_key for one in page}


def _check(engine: Engine, slug: str, told: Told) -> None:
    with reading(engine) as session:
        newsletter = newsletters.get(session, slug)
        suppressed = set(session.scalars(select(Suppression.target)))
        mailed = _confirmed(engine, slug) - suppressed
        for reader in subscribers.page(session, newsletter):
            state = reader.subscription.state
            records = select(ConsentChange.state).where(
                ConsentChange.subscriber_id == reader.subscriber.id,
                ConsentChange.newsletter_id == newsletter.id,
            )
            last = session.scalars(records.order_by(ConsentChange.id.desc())).first()
            assert last is state, "the last record of consent is what stands"
        assert not mailed & told.gone
        assert mailed <= told.asked
