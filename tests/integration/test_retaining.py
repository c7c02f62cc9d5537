"""What is older than the terms allow is gone, and every figure is what it was."""

from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from mailer.audience import newsletters, subscribers, suppressions
from mailer.database.engine import reading, transaction
from mailer.database.tables import Attempt, Batch, Click, Delivery, Issue, IssueState, Open
from mailer.delivering import lifecycle
from mailer.delivering.auditing import audit, counts
from mailer.errors import Conflict
from mailer.keeping import thinning
from mailer.keeping.disclosing import everything
from mailer.keeping.erasing import erase
from mailer.keeping.retaining import retain
from mailer.keeping.terms import Terms
from mailer.tracking import reports
from tests.support.command_line import command_line
from tests.support.factories import NOON
from tests.support.readership import PEOPLE, a_sent_issue, address_of
from tests.support.sending import SIGNER

YEAR = timedelta(days=365)
MUCH_LATER = NOON + 2 * YEAR
ALL = Terms(clicks=YEAR, deliveries=YEAR)


def figures(engine: Engine, issue_id: int) -> tuple[object, ...]:
    with reading(engine) as session:
        return (
            audit(session, issue_id),
            counts(session, issue_id),
            reports.calls(session, issue_id),
            reports.engagement(session, [issue_id]),
            reports.hours(session, issue_id),
            reports.machines(session, issue_id),
            session.scalar(
                select(func.count(func.distinct(Open.subscriber_id))).where(
                    Open.issue_id == issue_id
                )
            ),
        )


def an_opened_issue(engine: Engine, **values: object) -> int:
    issue_id = a_sent_issue(engine, **values)  # type: ignore[arg-type]
    with transaction(engine) as session:
        for name in ("ann", "ann", "cy"):
            reader = subscribers.get(session, address_of(name))
            session.add(Open(issue_id=issue_id, subscriber_id=reader.id, at=NOON))
    return issue_id


def test_reports_are_the_same_before_and_after(engine: Engine) -> None:
    old, other = an_opened_issue(engine), an_opened_issue(engine, newsletter="lake")
    young = a_sent_issue(engine, ended=MUCH_LATER - timedelta(days=2))
    before = [figures(engine, one) for one in (old, other, young)]

    done = retain(engine, SIGNER, ALL, now=MUCH_LATER)

    assert [figures(engine, one) for one in (old, other, young)] == before
    assert done["deliveries"] == 8
    assert done["readers of clicks"] == 6
    with reading(engine) as session:
        for table in (Click, Open):
            ids = session.scalars(select(table.subscriber_id).where(table.issue_id != young)).all()
            assert ids
            assert max(ids) < 0, "they say no more whose they were"
        assert session.scalars(select(Delivery.issue_id).distinct()).all() == [young]
        assert session.scalars(select(Attempt.issue_id).distinct()).all() == [young]
        assert set(session.scalars(select(Batch.subscriber_ids))) == {""}
        ann = session.scalars(select(Click.subscriber_id).where(Click.link_number == 1)).all()
        assert len({one for one in ann if one < 0}) == 4, "another nobody in each issue"
    assert not retain(engine, SIGNER, ALL, now=MUCH_LATER), "done once"


def test_without_terms_everything_is_kept(engine: Engine) -> None:
    issue_id = an_opened_issue(engine)
    before = figures(engine, issue_id)
    assert set(retain(engine, SIGNER, Terms(), now=MUCH_LATER)) == {"batches"}
    assert figures(engine, issue_id) == before
    with reading(engine) as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 4
        assert min(session.scalars(select(Click.subscriber_id))) > 0


def test_figures_are_true_after_every_single_step(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thinning, "_DELIVERIES", 1)
    issue_id = an_opened_issue(engine)
    before = figures(engine, issue_id)
    for _ in range(20):
        if not retain(engine, SIGNER, ALL, now=MUCH_LATER, most=1):
            break
        assert figures(engine, issue_id) == before


def test_a_click_that_comes_late_is_counted_and_cut_loose_too(engine: Engine) -> None:
    issue_id = an_opened_issue(engine)
    retain(engine, SIGNER, ALL, now=MUCH_LATER)
    with transaction(engine) as session:
        di = subscribers.get(session, address_of("di"))
        session.add(Click(issue_id=issue_id, subscriber_id=di.id, link_number=2, at=MUCH_LATER))
    before = figures(engine, issue_id)
    assert retain(engine, SIGNER, ALL, now=MUCH_LATER) == {"readers of clicks": 1}
    assert figures(engine, issue_id) == before
    with reading(engine) as session:
        assert max(session.scalars(select(Click.subscriber_id))) < 0


def test_an_issue_without_its_deliveries_is_not_sent_to_who_is_missing(engine: Engine) -> None:
    """Nobody knows any more who got it: some would get it twice."""
    issue_id = a_sent_issue(engine)
    retain(engine, SIGNER, ALL, now=MUCH_LATER)
    with transaction(engine) as session, pytest.raises(Conflict, match="would get it twice"):
        lifecycle.send_to_missing(session, issue_id, batch_size=10, now=MUCH_LATER)


def test_an_issue_under_way_is_left_alone(engine: Engine) -> None:
    issue_id = an_opened_issue(engine)
    with transaction(engine) as session:
        session.get_one(Issue, issue_id).state = IssueState.PAUSED
    assert not retain(engine, SIGNER, ALL, now=MUCH_LATER)


def test_whoever_is_erased_is_nobody_in_issues_without_deliveries_too(engine: Engine) -> None:
    issue_id = an_opened_issue(engine)
    retain(engine, SIGNER, Terms(deliveries=YEAR), now=MUCH_LATER)
    before = figures(engine, issue_id)
    with transaction(engine) as session:
        number = subscribers.get(session, address_of("ann")).id
        known = everything(session, address_of("ann"), SIGNER, now=MUCH_LATER)
        assert (len(known["clicks"]), len(known["opens"]), known["issues"]) == (3, 2, [])
        erase(session, address_of("ann"), SIGNER, source="t", now=MUCH_LATER)
    assert figures(engine, issue_id) == before
    with reading(engine) as session:
        for table in (Click, Open):
            assert number not in session.scalars(select(table.subscriber_id)).all()


def test_whoever_left_everything_is_erased_after_a_time(engine: Engine) -> None:
    issue_id = an_opened_issue(engine)  # Ann left by it
    a_sent_issue(engine, newsletter="lake")
    with transaction(engine) as session:
        river = newsletters.get(session, "river")
        subscribers.unsubscribe(session, river, address_of("bo"), by="tess", now=MUCH_LATER)
    before = figures(engine, issue_id)
    terms = Terms(unsubscribed=YEAR)
    assert retain(engine, SIGNER, terms, now=NOON + timedelta(days=3))["people who left"] == 0
    assert retain(engine, SIGNER, terms, now=MUCH_LATER)["people who left"] == 1
    assert figures(engine, issue_id) == before
    with reading(engine) as session:
        assert subscribers.find(session, address_of("ann")) is None
        assert subscribers.find(session, address_of("bo")) is not None
        found = suppressions.find(session, address_of("ann"), SIGNER)
        assert found is not None
        assert found.source == "retention"


STEPS = st.lists(
    st.tuples(st.just("erase"), st.sampled_from(PEOPLE))
    | st.tuples(st.just("click"), st.sampled_from(PEOPLE))
    | st.tuples(
        st.just("retain"), st.sampled_from([ALL, Terms(clicks=YEAR), Terms(deliveries=YEAR)])
    ),
    min_size=1,
    max_size=8,
)
_count = itertools.count()


@settings(max_examples=15)
@given(steps=STEPS)
def test_no_sequence_of_erasures_and_retention_changes_a_figure(
    sqlite_engine: Engine, steps: list[tuple[str, object]]
) -> None:
    """People, clicks, fates and reasons, after each step; a click adds what it should."""
    issue_id = a_sent_issue(sqlite_engine, newsletter=f"n{next(_count)}")
    for step, what in steps:
        before = figures(sqlite_engine, issue_id)
        if step == "retain":
            assert isinstance(what, Terms)
            retain(sqlite_engine, SIGNER, what, now=MUCH_LATER)
        elif step == "erase":
            _erase(sqlite_engine, str(what))
        else:
            _click(sqlite_engine, issue_id, str(what))
            continue
        assert figures(sqlite_engine, issue_id) == before


def _erase(engine: Engine, name: str) -> None:
    with transaction(engine) as session:
        if subscribers.find(session, address_of(name)) is not None:
            erase(session, address_of(name), SIGNER, source="test", now=MUCH_LATER)


def _click(engine: Engine, issue_id: int, name: str) -> None:
    with transaction(engine) as session:
        reader = subscribers.find(session, address_of(name))
        number = reader.id if reader else 10_000
        session.add(Click(issue_id=issue_id, subscriber_id=number, link_number=1, at=MUCH_LATER))


def test_by_command(
    sqlite_url: str, sqlite_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_sent_issue(sqlite_engine)
    mailer = command_line(monkeypatch, tmp_path, sqlite_url, keep_clicks="1s")
    assert mailer.json("retention", "set", "deliveries", "1s")["changed"]
    assert not mailer.json("retention", "set", "deliveries", "1s")["changed"]
    assert "comes first" in mailer.run("retention", "set", "clicks", "ever", status=4).stderr
    shown = mailer.json("retention", "show")
    assert shown["clicks"] == {"kept": "1s", "set_by": "MAILER_KEEP_CLICKS", "due": 5}
    assert shown["deliveries"] == {"kept": "1s", "set_by": "command", "due": 4}
    assert shown["unconfirmed"] == {"kept": "30d", "set_by": None, "due": 0}
    done = mailer.json("retention", "run")
    assert done == {"batches": 1, "readers of clicks": 2, "deliveries": 4}
    assert mailer.json("retention", "run") == {}
    assert mailer.json("issue", "audit", "1")["balanced"]
