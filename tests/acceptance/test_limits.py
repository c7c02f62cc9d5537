"""Limits hold over three workers on one database, as the relay that takes the mails counts them."""

from __future__ import annotations

import bisect
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, select

from mailer.clock import Clock, utc_now
from mailer.database.engine import open_engine, transaction
from mailer.database.tables import IssueState, Newsletter
from mailer.delivering.connecting import Connection
from mailer.delivering.lane import Handover
from mailer.delivering.permits import Limits
from mailer.delivering.seats import COURIER, Wish, share_out
from mailer.delivering.worker import Worker
from mailer.rates import parse_rates
from mailer.warming import WarmUpPlan
from tests.support.accounting import account, issue_under_way, wait_for_bodies, wait_until
from tests.support.databases import mostly_sqlite
from tests.support.factories import add_issue, add_newsletter, add_readers
from tests.support.processes import PATIENT, installation
from tests.support.sending import a_worker, audited, run_until, start, state_of, work
from tests.support.sink import DROP, Sink, running
from tests.support.site import mailer_of

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def hand_overs(worker: Worker) -> list[float]:
    """When this worker took each of its messages to hand it over, by the machine's own clock."""
    moments: list[float] = []
    desk = worker._desk
    take = desk.take

    def noting(connection: Connection) -> Handover | None:
        now = time.monotonic()
        handover = take(connection)
        moments.extend([now] if handover else [])
        return handover

    desk.take = noting  # type: ignore[method-assign]
    return moments


def most_within(seconds: float, moments: Sequence[float]) -> int:
    """How many there are within so many seconds, wherever these are taken to begin."""
    return max(
        bisect.bisect_left(moments, moment + seconds) - place
        for place, moment in enumerate(moments)
    )


@contextmanager
def three_engines(database_url: str) -> Iterator[list[Engine]]:
    engines = [open_engine(database_url) for _ in range(3)]
    try:
        yield engines
    finally:
        for engine in engines:
            engine.dispose()


def send(
    database_url: str,
    relay: Sink,
    until: Callable[[], bool],
    *,
    limits: Limits,
    clock: Clock = utc_now,
    connections: int = 4,
) -> None:
    """Let three workers send until something is true, and a second longer."""
    with three_engines(database_url) as engines:
        workers = [
            a_worker(one, relay, limits=limits, clock=clock, connections=connections)
            for one in engines
        ]
        work(*workers, until=until, rest=1.0)


def test_so_many_a_second_also_after_the_relay_has_kept_everybody_waiting(
    engine: Engine, database_url: str
) -> None:
    issue_id, _ = issue_under_way(engine, 1000, batch_size=50)
    relay = Sink(delay=0.6)
    limits = Limits(parse_rates("40/second"), {"readers3.test": parse_rates("4/second")})

    with running(relay), three_engines(database_url) as engines:
        workers = [a_worker(one, relay, limits=limits) for one in engines]
        taken = [hand_overs(worker) for worker in workers]

        def enough() -> bool:
            relay.delay = 0.0 if relay.bodies > 12 else relay.delay
            return relay.bodies >= 70

        work(*workers, until=enough)
        at_one_domain = [one for one in relay.counts if one.endswith("@readers3.test")]

    moments = sorted(moment for some in taken for moment in some)
    assert most_within(1.0, moments) <= 40
    assert len(at_one_domain) <= 4 * (moments[-1] - moments[0] + 1)
    assert max(relay.counts.values()) == 1
    assert audited(engine, issue_id).balanced


def test_a_clock_set_back_an_hour_neither_stops_nor_hurries_a_rate(engine: Engine) -> None:
    issue_id, addresses = issue_under_way(engine, 80, batch_size=20)
    relay = Sink()

    def clock() -> datetime:
        return utc_now() - timedelta(hours=relay.bodies >= 30)

    limits = Limits(parse_rates("40/second"))
    with running(relay):
        worker = a_worker(engine, relay, limits=limits, clock=clock)
        taken = hand_overs(worker)
        run_until(worker, engine, issue_id)

    assert most_within(1.0, taken) <= 40
    assert relay.counts == dict.fromkeys(addresses, 1)


@pytest.mark.slow
@pytest.mark.parametrize("rate", ["100/hour", "100/day"])
def test_so_many_an_hour_or_a_day_whenever_it_is_taken_to_begin(
    engine: Engine, database_url: str, rate: str
) -> None:
    """Also around the full hour, and midnight."""
    issue_under_way(engine, 350, batch_size=50)
    limits = Limits(parse_rates(rate))
    window = timedelta(hours=1) if "hour" in rate else timedelta(days=1)
    before_midnight = NOON.replace(hour=23, minute=59)

    with running(Sink()) as relay:
        for now, so_far in (
            (before_midnight, 100),
            (before_midnight + timedelta(minutes=2), 100),
            (before_midnight + 0.99 * window, 100),
            (before_midnight + 1.02 * window, 200),
        ):
            send(
                database_url,
                relay,
                lambda so_far=so_far: relay.bodies >= so_far,  # type: ignore[misc]
                limits=limits,
                clock=lambda now=now: now,
            )
            assert relay.bodies == so_far, now

    assert max(relay.counts.values()) == 1


def test_so_many_to_one_domain_while_the_others_go_on(engine: Engine, database_url: str) -> None:
    issue_id, _ = issue_under_way(engine, 700, batch_size=50)  # a hundred at each domain
    limits = Limits(domains={"readers3.test": parse_rates("20/day")})

    with running(Sink()) as relay:
        send(database_url, relay, lambda: relay.bodies >= 620, limits=limits, clock=lambda: NOON)
        slow = [one for one in relay.counts if one.endswith("@readers3.test")]

    assert len(slow) == 20
    assert relay.counts.total() == 620
    left = audited(engine, issue_id)
    assert (left.accepted, left.waiting, left.balanced) == (620, 80, True)


@pytest.mark.slow
def test_a_domain_that_is_warmed_up_sends_a_few_more_each_day_and_other_domains_all(
    engine: Engine, database_url: str
) -> None:
    issue_id, _ = issue_under_way(engine, 250, batch_size=20)  # news@river.test
    with transaction(engine) as session:
        other = add_newsletter(session, slug="hill", from_address="news@hill.test")
        other_id = add_issue(session, other).id
        add_readers(session, other, 60, name="hiker")
    start(engine, other_id, batch_size=20)
    auckland = ZoneInfo("Pacific/Auckland")
    limits = Limits(warm_ups={"river.test": WarmUpPlan((30, 70))}, zone=auckland)

    with running(Sink()) as relay:
        for moment, so_far in (
            (NOON - timedelta(hours=3), 30 + 60),  # ten at night there
            (NOON - timedelta(hours=2), 30 + 60),  # eleven: the same day
            (NOON, 30 + 70 + 60),  # one in the morning: the next day of the plan
            (NOON + timedelta(days=7), 250 + 60),  # the plan is over
        ):
            send(
                database_url,
                relay,
                lambda so_far=so_far: relay.bodies >= so_far,  # type: ignore[misc]
                limits=limits,
                clock=lambda moment=moment: moment,
            )
            assert relay.bodies == so_far, moment

    assert max(relay.counts.values()) == 1
    assert audited(engine, issue_id).accepted == 250


def test_a_worker_has_as_many_connections_as_it_may(sqlite_engine: Engine) -> None:
    issue_id, _ = issue_under_way(sqlite_engine, 200)

    with running(Sink(delay=0.005)) as sink:
        run_until(a_worker(sqlite_engine, sink, connections=3), sqlite_engine, issue_id)

    assert sink.most_open == 3
    assert sink.counts.total() == 200


@pytest.mark.slow
def test_connections_that_a_relay_allows_are_shared_out_among_all_workers(
    engine: Engine, database_url: str
) -> None:
    """Four over all; the first worker to come gives some up for those that come after it."""
    issue_id, addresses = issue_under_way(engine, 2400, batch_size=50)

    with running(Sink(delay=0.02)) as sink, three_engines(database_url) as engines:
        workers = [a_worker(one, sink, connections=4, relay_connections=4) for one in engines]
        work(*workers, until=lambda: state_of(engine, issue_id) is IssueState.SENT)
        result = account(engine, issue_id, sink, addresses)

    assert sink.most_open <= 4
    assert (result.doubled, result.uncertain.total()) == ({}, 0)
    assert min(worker.accepted for worker in workers) > 0


def test_connections_of_a_worker_that_was_killed_are_given_to_others(engine: Engine) -> None:
    wish = Wish(most=4, wanted=4, held=0)
    with transaction(engine) as session:
        assert share_out(session, "relay", wish, worker="killed", now=NOON) == 4
    with transaction(engine) as session:
        assert share_out(session, "relay", wish, worker="next", now=NOON) == 0
    with transaction(engine) as session:
        later = NOON + timedelta(seconds=16)
        assert share_out(session, "relay", wish, worker="next", now=later) == 4


def test_a_worker_that_wants_none_any_more_leaves_them_to_the_others(engine: Engine) -> None:
    some, none = Wish(most=4, wanted=4, held=0), Wish(most=4, wanted=0, held=0)
    with transaction(engine) as session:
        assert share_out(session, "relay", some, worker="first", now=NOON) == 4
        assert share_out(session, "relay", some, worker="second", now=NOON) == 0
        assert share_out(session, "relay", some._replace(held=4), worker="first", now=NOON) == 2
        assert share_out(session, "relay", some, worker="second", now=NOON) == 0, "still open"
        assert share_out(session, "relay", some._replace(held=2), worker="first", now=NOON) == 2
        assert share_out(session, "relay", some, worker="second", now=NOON) == 2
        assert share_out(session, "relay", none, worker="first", now=NOON) == 0
        assert share_out(session, "relay", some._replace(held=2), worker="second", now=NOON) == 4


def test_a_courier_of_single_mails_is_left_a_connection_by_workers(engine: Engine) -> None:
    work_, mail = Wish(most=2, wanted=2, held=0), Wish(most=2, wanted=1, held=0)
    courier = f"{COURIER}one"
    with transaction(engine) as session:
        assert share_out(session, "relay", work_, worker="first", now=NOON) == 2
        assert share_out(session, "relay", mail, worker=courier, now=NOON) == 0
        assert share_out(session, "relay", work_._replace(held=2), worker="first", now=NOON) == 1
        assert share_out(session, "relay", mail, worker=courier, now=NOON) == 0, "still open"
        assert share_out(session, "relay", work_._replace(held=1), worker="first", now=NOON) == 1
        assert share_out(session, "relay", mail, worker=courier, now=NOON) == 1
        done = mail._replace(wanted=0)
        assert share_out(session, "relay", done, worker=courier, now=NOON) == 0
        assert share_out(session, "relay", work_._replace(held=1), worker="first", now=NOON) == 2


@pytest.mark.slow
def test_a_mail_to_one_person_does_not_wait_for_an_issue_and_takes_no_connection_too_many(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    """By a relay that allows one connection, and drops all others."""
    issue_id, _ = issue_under_way(engine, 3000, batch_size=50)
    sink = Sink(delay=0.05, on_connect=lambda _number: DROP if sink.open > 1 else None)
    open_with_hers: list[int] = []

    def note(address: str, _number: int) -> None:
        if address == "ann@single.test":
            open_with_hers.append(sink.open)

    sink.on_body = note

    with running(sink), installation(tmp_path, database_url, sink.port) as site:
        one = {"smtp_url": f"smtp://127.0.0.1:{sink.port}?starttls=no&connections=1"}
        scheduler = site.command("schedule", changes=PATIENT | one)
        wait_for_bodies(sink, 20)
        with transaction(engine) as session:
            mailer_of(engine).notifier.notify(
                session,
                "test",
                to="ann@single.test",
                values={},
                newsletter=session.scalars(select(Newsletter)).one(),
                now=NOON,
            )
        wait_until(lambda: sink.counts["ann@single.test"] == 1)
        assert audited(engine, issue_id).waiting > 0
        assert scheduler.end()[0] == 0, scheduler.words

    assert open_with_hers == [1]


@mostly_sqlite
def test_sending_in_the_foreground_takes_no_connection_too_many(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    """It tries the relay first: beside a worker that uses all that the relay allows."""
    issue_id, addresses = issue_under_way(engine, 600, batch_size=50)

    with running(Sink(delay=0.2)) as sink, installation(tmp_path, database_url, sink.port) as site:
        two = {"smtp_url": f"smtp://127.0.0.1:{sink.port}?starttls=no&connections=2"}
        site.worker(PATIENT | two)
        wait_for_bodies(sink, 4)
        sending = site.command("issue", "send", str(issue_id), changes=PATIENT | two)
        children = Path(f"/proc/{sending.pid}/task/{sending.pid}/children")
        wait_until(lambda: bool(children.read_text().split()))  # the relay has been tried
        sink.delay = 0
        assert sending.status() == 0, sending.words
        account(engine, issue_id, sink, addresses)

    assert sink.most_open == 2
