"""A rate is never exceeded in its window, whoever asks how often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.rates import Meter, Rate, available, next_permit, parse_rates, spend

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
    st.sampled_from(["second", "minute", "hour", "day"]),
    st.lists(st.tuples(st.floats(0, 0.3), st.integers(1, 500)), max_size=60),
)
def test_no_window_wherever_it_begins_gets_more_than_the_rate(
    most: int, unit: str, asks: list[tuple[float, int]]
) -> None:
    [rate] = parse_rates(f"{most}/{unit}")
    now, meter = NOON, None
    given_out: list[tuple[datetime, int]] = []
    for pause, wanted in asks:
        now += pause * rate.window
        permits = min(wanted, available(rate, meter, now))
        meter = spend(rate, meter, permits, now)
        given_out.append((now, permits))

    for start, _ in given_out:
        assert sum(n for at, n in given_out if start <= at < start + rate.window) <= most


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


@pytest.mark.parametrize("text", ["10/second", "7/minute", "100/hour", "50/day"])
def test_the_next_permit_comes_when_it_is_said(text: str) -> None:
    [rate] = parse_rates(text)
    meter = spend(rate, None, available(rate, None, NOON), NOON)

    ready = next_permit(rate, meter, NOON)

    assert available(rate, meter, ready - timedelta(microseconds=1)) == 0
    assert available(rate, meter, ready) > 0


def test_a_clock_set_back_does_not_stop_sending() -> None:
    for text in ("10/second", "100/hour"):
        [rate] = parse_rates(text)
        meter = spend(rate, Meter(NOON), 1, NOON)
        assert available(rate, meter, NOON - timedelta(days=300)) > 0


def test_a_clock_set_back_gives_no_quota_twice_and_holds_it_up_no_longer_than_a_window() -> None:
    [rate] = parse_rates("100/hour")
    meter = spend(rate, None, 100, NOON)
    yesterday = NOON - timedelta(days=1)
    meter = spend(rate, meter, available(rate, meter, yesterday), yesterday)

    assert available(rate, meter, yesterday) == 0
    assert available(rate, meter, yesterday + timedelta(minutes=61)) == 100
