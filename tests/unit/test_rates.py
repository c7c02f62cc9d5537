"""A rate is never exceeded in its window, whoever asks how often."""

from __future__ import annotations

import bisect
import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.rates import (
    AHEAD,
    KEPT,
    PUNCTUAL,
    Meter,
    Rate,
    available,
    current,
    give_back,
    next_permit,
    parse_rates,
    share_out,
    spend,
)

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def test_rates_read_as_people_write_them() -> None:
    assert parse_rates("10/second, 20000 per day") == (
        Rate(10, timedelta(seconds=1)),
        Rate(20000, timedelta(days=1)),
    )
    assert str(parse_rates("600/minute")[0]) == "600/minute"


@pytest.mark.parametrize("text", ["fast", "10/fortnight", "0/second", "-1/day"])
def test_what_is_no_rate_says_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="is not a rate; write 10/second"):
        parse_rates(text)


@given(
    st.integers(1, 1000),
    st.sampled_from(["hour", "day"]),
    st.lists(st.tuples(st.floats(0, 0.3), st.integers(1, 500), st.floats(0, 1)), max_size=60),
)
def test_no_window_of_a_quota_wherever_it_begins_sees_more_than_the_rate(
    most: int, unit: str, asks: list[tuple[float, int, float]]
) -> None:
    """Also where permits are used as late as they may be."""
    [rate] = parse_rates(f"{most}/{unit}")
    now, meter = NOON, None
    handed: list[tuple[datetime, int]] = []
    for pause, wanted, late in asks:
        now += pause * rate.window
        permits = min(wanted, available(rate, meter, now))
        meter = spend(rate, meter, permits, now)
        handed.append((now + late * KEPT, permits))

    for start, _ in handed:
        assert sum(n for at, n in handed if start <= at < start + rate.window) <= most


@given(
    st.integers(1, 2000),
    st.sampled_from(["second", "minute"]),
    st.lists(st.tuples(st.floats(0, 0.7), st.integers(1, 500), st.floats(0, 1)), max_size=60),
)
def test_no_second_and_no_minute_wherever_it_begins_sees_more_than_the_rate(
    most: int, unit: str, asks: list[tuple[float, int, float]]
) -> None:
    """Messages go at the moments given out, or as late after them as is punctual."""
    [rate] = parse_rates(f"{most}/{unit}")
    now, meter = NOON, Meter(NOON)
    handed: list[datetime] = []
    for pause, wanted, late in asks:
        now += pause * rate.window
        free = {rate: current(rate, meter, now).until}
        given = share_out({1: wanted}, {1: [rate]}, {rate: rate.step}, free, until=now + AHEAD)
        meter = Meter(free[rate])
        handed += [moment + late * PUNCTUAL for moment in given[1]]

    handed.sort()
    for place, start in enumerate(handed):
        assert bisect.bisect_left(handed, start + rate.window) - place <= most


def test_the_limit_is_nearly_reached() -> None:
    per_second, per_minute = parse_rates("100/second, 600/minute")
    assert timedelta(seconds=1) / per_second.step == pytest.approx(91, abs=0.1)
    assert timedelta(minutes=1) / per_minute.step == pytest.approx(599, abs=0.1)


def test_a_domain_with_a_rate_of_its_own_gets_its_moments_among_those_of_all() -> None:
    """Neither waits for the other, and all together keep the rate of all."""
    all_, slow = parse_rates("20/second, 2/second")
    free = {"all": NOON, "slow": NOON}
    given = share_out(
        {"others": 50, "slow": 50},
        {"others": ["all"], "slow": ["all", "slow"]},
        {"all": all_.step, "slow": slow.step},
        free,
        until=NOON + timedelta(seconds=1),
    )
    assert len(given["slow"]) == 2
    assert len(given["others"]) == 17
    moments = sorted(given["slow"] + given["others"])
    steps = {later - earlier for earlier, later in itertools.pairwise(moments)}
    assert steps == {all_.step}


@pytest.mark.parametrize("text", ["100/hour", "100/day"])
def test_a_quota_is_used_at_once_and_is_whole_again_a_window_later(text: str) -> None:
    [rate] = parse_rates(text)
    now = NOON + timedelta(minutes=59, seconds=59)
    meter = spend(rate, None, 100, now)

    assert available(rate, meter, now + rate.window) == 0
    assert available(rate, meter, now + rate.window + rate.window / 120) == 100
    assert available(rate, meter, now + 400 * rate.window) == 100


def test_what_a_quota_gave_out_comes_back_bit_by_bit() -> None:
    [rate] = parse_rates("100/hour")
    meter = spend(rate, spend(rate, None, 30, NOON), 70, NOON + timedelta(minutes=20))

    assert available(rate, meter, NOON + timedelta(minutes=61)) == 30
    assert available(rate, meter, NOON + timedelta(minutes=81)) == 100


def test_what_was_given_out_beyond_a_quota_is_owed() -> None:
    [rate] = parse_rates("10/hour")
    meter = spend(rate, spend(rate, None, 10, NOON), 5, NOON + timedelta(minutes=30))

    assert available(rate, meter, NOON + timedelta(minutes=59)) == 0
    assert available(rate, meter, NOON + timedelta(minutes=61)) == 5


@pytest.mark.parametrize("text", ["100/hour", "50/day"])
def test_the_next_permit_comes_when_it_is_said(text: str) -> None:
    [rate] = parse_rates(text)
    meter = spend(rate, None, available(rate, None, NOON), NOON)

    ready = next_permit(rate, meter, NOON)

    assert available(rate, meter, ready - timedelta(microseconds=1)) == 0
    assert available(rate, meter, ready) > 0


@pytest.mark.parametrize("text", ["10/second", "10/minute"])
def test_a_clock_set_back_holds_a_rate_up_for_a_window_only(text: str) -> None:
    """What went before went just now, for all one knows."""
    [rate] = parse_rates(text)
    earlier = NOON - timedelta(hours=1)

    assert next_permit(rate, Meter(NOON), earlier) == earlier + rate.window


def test_a_worker_that_had_to_wait_for_the_ledger_does_not_take_its_own_clock_for_set_back() -> (
    None
):
    [rate] = parse_rates("10/second")
    meter = Meter(NOON + timedelta(seconds=3))

    assert current(rate, meter, NOON) == meter


@given(st.lists(st.tuples(st.floats(0, 0.2), st.integers(0, 40), st.integers(0, 40)), max_size=40))
def test_what_is_given_back_may_be_given_out_again_and_nothing_else(
    turns: list[tuple[float, int, int]],
) -> None:
    """A quota of whose permits many came back is as if those had never been given."""
    [rate] = parse_rates("100/hour")
    now, meter, without = NOON, Meter(NOON, (0,)), Meter(NOON, (0,))
    for pause, permits, unused in turns:
        now += pause * rate.window
        meter = spend(rate, meter, permits + unused, now)
        meter = give_back(rate, meter, unused, now)
        without = spend(rate, without, permits, now)
        assert available(rate, meter, now) == available(rate, without, now)


def test_a_clock_set_back_gives_no_quota_twice_and_holds_it_up_no_longer_than_a_window() -> None:
    [rate] = parse_rates("100/hour")
    meter = spend(rate, None, 100, NOON)
    yesterday = NOON - timedelta(days=1)
    meter = spend(rate, meter, available(rate, meter, yesterday), yesterday)

    assert available(rate, meter, yesterday) == 0
    assert available(rate, meter, yesterday + timedelta(minutes=61)) == 100
