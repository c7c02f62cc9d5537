"""A rate is never exceeded in its window, whoever asks how often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.rates import Meter, Rate, available, parse_rates, spend

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
    st.lists(st.tuples(st.floats(0, 30), st.integers(1, 500)), max_size=60),
)
def test_no_window_gets_more_than_the_rate_and_its_burst(
    most: int, unit: str, asks: list[tuple[float, int]]
) -> None:
    [rate] = parse_rates(f"{most}/{unit}")
    now, meter = NOON, None
    given_out: list[tuple[datetime, int]] = []
    for pause, wanted in asks:
        now += timedelta(seconds=pause)
        permits = min(wanted, available(rate, meter, now))
        meter = spend(rate, meter, permits, now)
        given_out.append((now, permits))

    for start, _ in given_out:
        within = sum(n for at, n in given_out if start <= at < start + rate.window)
        allowance = most + max(1, most // 10) if rate.smooth else 2 * most
        assert within <= allowance


def test_a_quota_is_whole_again_in_the_next_window() -> None:
    [rate] = parse_rates("100/day")
    meter = spend(rate, None, 100, NOON)

    assert available(rate, meter, NOON + timedelta(hours=11)) == 0
    assert available(rate, meter, NOON + timedelta(hours=12)) == 100


def test_a_clock_set_back_does_not_stop_sending() -> None:
    for text in ("10/second", "100/hour"):
        [rate] = parse_rates(text)
        meter = spend(rate, Meter(NOON), 1, NOON)
        assert available(rate, meter, NOON - timedelta(hours=2)) > 0
