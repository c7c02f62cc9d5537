"""An erased person is gone, what was counted stays counted, and no file brings them back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text

from mailer.audience import newsletters, subscribers, suppressions
from mailer.audience.importing import dry_run, inspect, run
from mailer.audience.subscribers import Added
from mailer.database.engine import reading, transaction
from mailer.database.tables import (
    Base,
    Bounce,
    Click,
    Consent,
    Delivery,
    Erasure,
    Fate,
    InboxMail,
    Issue,
    IssueState,
    Subscriber,
    Suppression,
    Unsubscribe,
)
from mailer.delivering import ledger, lifecycle
from mailer.delivering.auditing import audit
from mailer.delivering.recipients import load
from mailer.delivering.recording import Replies
from mailer.errors import Conflict, NotFound
from mailer.keeping.disclosing import everything
from mailer.keeping.erasing import counted, erase, finish_erasures
from mailer.reports import Kind
from mailer.tokens import Signer
from mailer.tracking import reports
from mailer.tracking.overviews import issue_lines
from tests.support.factories import NOON, add_newsletter, add_readers, add_subscriber
from tests.support.readership import a_sent_issue, everything_written
from tests.support.sending import SIGNER, start

LATER = NOON + timedelta(days=3)
ANN = "ann@readers.test"


def erased(engine: Engine, address: str = ANN) -> None:
    with transaction(engine) as session:
        erase(session, address, SIGNER, source="test", now=LATER)


def figures(engine: Engine, issue_id: int) -> tuple[object, ...]:
    with reading(engine) as session:
        people = select(func.count(func.distinct(Click.subscriber_id)))
        return (
            audit(session, issue_id),
            reports.calls(session, issue_id),
            [one.left for one in issue_lines(session, 10)],
            session.scalar(people),
        )


def test_nothing_says_any_more_who_it_was(engine: Engine) -> None:
    issue_id = a_sent_issue(engine)
    with transaction(engine) as session:
        number = subscribers.get(session, ANN).id
        session.add(
            InboxMail(received_at=NOON, sender="us@x.test", recipient=ANN, subject="s", source=b"s")
        )
        session.add(
            Bounce(
                report="r", position=0, issue_id=issue_id, subscriber_id=number, signed=True,
                address=ANN, kind=Kind.TRANSIENT, status="4.2.2", reason="mailbox full",
                diagnostic="the mailbox of ann is full", outcome="counted", at=NOON,
            )
        )  # fmt: skip
        assert "of ann" in everything_written(session)

    erased(engine)

    with reading(engine) as session:
        left = everything_written(session)
        assert not re.search(r"\bann\b", left)
        assert "Ferry Lane" not in left
        for table in counted():
            numbers = session.scalars(select(table.c.subscriber_id)).all()
            assert number not in numbers, table.name
        assert session.scalar(text("SELECT count(*) FROM batches WHERE subscriber_ids <> ''")) == 0


def test_counts_are_as_before(engine: Engine) -> None:
    issue_id, other = a_sent_issue(engine), a_sent_issue(engine, newsletter="lake")
    before = figures(engine, issue_id), figures(engine, other)

    for name in ("ann", "bo", "cy", "di"):
        erased(engine, f"{name}@readers.test")

    assert (figures(engine, issue_id), figures(engine, other)) == before
    with reading(engine) as session:
        assert session.scalar(select(func.count()).select_from(Subscriber)) == 0
        reasons = session.scalars(select(Unsubscribe.reason)).all()
        assert set(reasons) == {"Too many mails"}, (
            "what was chosen is counted, not what was written"
        )
        assert all(one < 0 for one in session.scalars(select(Delivery.subscriber_id)))


def test_a_number_is_never_given_again(engine: Engine, tmp_path: Path) -> None:
    """A link in an old mail names it: it must not open somebody else's page."""
    given: set[int] = set()
    with transaction(engine) as session:
        add_newsletter(session)
    path = tmp_path / "list.csv"
    for turn in range(3):
        path.write_text(f"email\none{turn}@x.test\ntwo{turn}@x.test\n")
        run(engine, inspect(path), "river", signer=SIGNER, now=NOON)
        with transaction(engine) as session:
            river = newsletters.get(session, "river")
            subscribers.add(session, river, f"three{turn}@x.test", signer=SIGNER, now=NOON)
            numbers = set(session.scalars(select(Subscriber.id)))
            assert len(numbers) == 3
            assert not numbers & given
            given |= numbers
            for name in ("one", "two", "three"):
                erase(session, f"{name}{turn}@x.test", SIGNER, source="test", now=NOON)


def test_an_issue_under_way_skips_them_and_still_balances(engine: Engine) -> None:
    with transaction(engine) as session:
        river = add_newsletter(session)
        first, second, *_ = add_readers(session, river, 5)
        numbers = session.scalars(select(Subscriber.id).order_by(Subscriber.id)).all()
        issue = Issue(newsletter_id=river.id, subject="s", created_at=NOON, changed_at=NOON)
        session.add(issue)
    start(engine, issue.id)
    batch = leased(engine)
    report(engine, batch, 1, {numbers[0]: Fate.ACCEPTED})

    erased(engine, first)  # has got it
    erased(engine, second)  # waits for it

    with reading(engine) as session:
        assert audit(session, issue.id).balanced
        assert audit(session, issue.id).accepted == 1
        assert first not in everything_written(session)
        skipped = load(session, river.id, numbers, with_fields=False, now=NOON).skipped
        assert skipped == dict.fromkeys(numbers[:2], "erased")
    accepted = dict.fromkeys(numbers[2:], Fate.ACCEPTED)
    report(engine, batch, 5, {numbers[1]: Fate.SKIPPED} | accepted)
    check_numbers_are_given_up_after_the_end(engine, issue.id, numbers[:2])


def leased(engine: Engine) -> ledger.Leased:
    with transaction(engine) as session:
        batch = ledger.lease(session, worker="w", now=LATER, seconds=60)
    assert batch is not None
    return batch


def report(engine: Engine, batch: ledger.Leased, handed: int, fates: dict[int, Fate]) -> None:
    recorded: dict[Fate, Replies] = {}
    for one, fate in fates.items():
        recorded.setdefault(fate, {})[one] = "250 <reader0>"
    progress = ledger.Progress(
        batch.batch_id, batch.issue_id, batch.lease, 1, handed, recorded, complete=handed == 5
    )
    with transaction(engine) as session:
        assert ledger.report(session, progress, worker="w", now=LATER, seconds=60)


def check_numbers_are_given_up_after_the_end(
    engine: Engine, issue_id: int, numbers: Sequence[int]
) -> None:
    with transaction(engine) as session:
        assert finish_erasures(session, now=LATER) == 0, "it is still being sent"
        lifecycle.finish(session, issue_id, now=LATER)
        assert session.get_one(Issue, issue_id).state is IssueState.SENT
        assert finish_erasures(session, now=LATER) == 0, "a worker may still report"
        assert finish_erasures(session, now=LATER + timedelta(hours=2)) == 2
        result = audit(session, issue_id)
        assert (result.planned, result.accepted, result.skipped) == (5, 4, 1)
        assert result.balanced
        left = set(session.scalars(select(Delivery.subscriber_id)))
        assert len(left) == 5
        assert left.isdisjoint(numbers)
        assert session.scalars(select(Erasure)).all() == []


@pytest.mark.parametrize("status", ["active", "pending", "unsubscribed"])
def test_no_file_brings_them_back(engine: Engine, tmp_path: Path, status: str) -> None:
    a_sent_issue(engine)
    erased(engine)
    path = tmp_path / "list.csv"
    path.write_text(f"email,status\nAnn@Readers.test,{status}\nnew@x.test,active\n")

    for act in (dry_run, run):
        report = act(engine, inspect(path), "river", signer=SIGNER, now=LATER)
        assert (report.suppressed, report.added) == (1, 1)
    with transaction(engine) as session:
        assert subscribers.find(session, ANN) is None
        with pytest.raises(Conflict, match="is suppressed since 2026-11-05"):
            subscribers.add(
                session, newsletters.get(session, "river"), ANN, signer=SIGNER, now=LATER
            )


def test_their_own_confirmed_sign_up_lifts_it(engine: Engine, tmp_path: Path) -> None:
    a_sent_issue(engine)
    erased(engine)
    with transaction(engine) as session:
        assert suppressions.lift_own(session, "ANN@readers.test", SIGNER, now=NOON)
        assert not suppressions.lift_own(session, ANN, SIGNER, now=NOON)
        river = newsletters.get(session, "river")
        added = subscribers.add(session, river, ANN, signer=SIGNER, now=LATER)
        assert added.result is Added.ADDED


def test_whoever_complained_stays_suppressed_when_erased(engine: Engine) -> None:
    a_sent_issue(engine)
    with transaction(engine) as session:
        suppressions.add(session, ANN, reason="complaint", source="feedback", now=NOON)
    erased(engine)
    with transaction(engine) as session:
        assert not suppressions.lift_own(session, ANN, SIGNER, now=NOON)
        found = suppressions.find(session, ANN, SIGNER)
        assert found is not None
        assert (found.reason, found.target[0], found.at) == ("complaint", "#", NOON)
        assert "readers" not in found.target
        assert suppressions.find(session, ANN, Signer(b"another installation's key")) is None


def test_a_suppressed_address_can_be_erased_without_a_subscriber(engine: Engine) -> None:
    with transaction(engine) as session:
        suppressions.add(session, "gone@x.test", reason="bounced", source="import", now=NOON)
        assert not erase(session, "GONE@x.test", SIGNER, source="test", now=LATER).subscriber
        assert [one.target[0] for one in session.scalars(select(Suppression))] == ["#"]
        with pytest.raises(NotFound, match=r"address nobody@x\.test is known"):
            erase(session, "nobody@x.test", SIGNER, source="test", now=LATER)


def test_everything_known_of_one_person_is_told(engine: Engine) -> None:
    issue_id = a_sent_issue(engine)
    with transaction(engine) as session:
        ann = subscribers.get(session, ANN)
        ann.fields = {"city": "Graz", "tags": ["VIP"]}
        known = everything(session, "ANN@readers.test", SIGNER, now=LATER)
    assert known["subscriber"]["fields"] == {"city": "Graz", "tags": ["VIP"]}
    assert known["subscriber"]["address"] == ANN
    assert [one["state"] for one in known["subscriptions"]] == [Consent.UNSUBSCRIBED]
    assert [one["state"] for one in known["consent_changes"]] == ["confirmed", "unsubscribed"]
    assert [(one["issue"], one["fate"]) for one in known["issues"]] == [(issue_id, "accepted")]
    assert [one["url"][-1] for one in known["clicks"]] == ["1", "1", "2"]
    assert known["unsubscribes"][0]["reason"].startswith("Too many mails")
    assert known["attempts"][0]["reply"] == "451 ann@readers.test: later"
    erased(engine)
    with reading(engine) as session, pytest.raises(NotFound, match="never mailed: erased, since"):
        everything(session, ANN, SIGNER, now=LATER)


def test_no_table_knows_people_in_a_way_that_erasure_does_not() -> None:
    """A column that names a person is a foreign key, a number that is replaced, or is marked."""
    others = {"newsletters", "users"}  # the organisation's own, and of the people who work for it
    telling = ("address", "recipient", "email", "reply", "diagnostic")
    for table in Base.metadata.sorted_tables:
        for column in table.c:
            if table.name not in others | {"subscribers"} and any(
                word in column.name for word in telling
            ):
                assert column.info.get("erasing") in ("empty", "remove"), str(column)


def test_one_person_is_told_from_the_others(engine: Engine) -> None:
    issue_id = a_sent_issue(engine)
    with transaction(engine) as session:
        add_subscriber(session, "annika@readers.test")
    erased(engine)
    with reading(engine) as session:
        assert subscribers.find(session, "annika@readers.test") is not None
        bo = subscribers.get(session, "bo@readers.test")
        of_bo = select(Delivery.reply).where(
            Delivery.issue_id == issue_id, Delivery.subscriber_id == bo.id
        )
        assert session.scalar(of_bo) == "250 taken"
