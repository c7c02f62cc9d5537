"""A rate is never exceeded in its window, whoever asks how often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

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
    st.lists(st.tuples(st.floats(0, 30), st.integers(1, 500)), max_size=60),
)
def test_no_window_gets_more_than_the_rate(
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
        # Windows of quotas are those of the clock: this one may lie across two of them.
        assert within <= (most if rate.smooth else 2 * most)


def test_a_quota_is_whole_again_in_the_next_window() -> None:
    [rate] = parse_rates("100/day")
    meter = spend(rate, None, 100, NOON)

    assert available(rate, meter, NOON + timedelta(hours=11)) == 0
    assert available(rate, meter, NOON + timedelta(hours=12)) == 100


def test_a_day_begins_at_midnight_where_the_group_is() -> None:
    [rate] = parse_rates("100/day")
    auckland = ZoneInfo("Pacific/Auckland")  # thirteen hours ahead: its day began at eleven
    meter = spend(rate, None, 100, NOON - timedelta(hours=1, seconds=1), auckland)

    assert available(rate, meter, NOON - timedelta(hours=1, seconds=1), auckland) == 0
    assert available(rate, meter, NOON - timedelta(hours=1), auckland) == 100


@pytest.mark.parametrize("day", [datetime(2026, 3, 28, 12), datetime(2026, 10, 24, 12)])  # noqa: DTZ001
def test_a_day_may_have_an_hour_more_or_less(day: datetime) -> None:
    [rate] = parse_rates("100/day")
    berlin = ZoneInfo("Europe/Berlin")
    now = day.replace(tzinfo=berlin).astimezone(UTC) + timedelta(days=1)
    meter = spend(rate, None, 100, now, berlin)

    midnight = next_permit(rate, meter, now, berlin)

    assert midnight.astimezone(berlin).strftime("%d %H:%M") == f"{day.day + 2} 00:00"


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
        assert available(rate, meter, NOON - timedelta(hours=2)) > 0
