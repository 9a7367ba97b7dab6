"""When all has its receipt: never sooner than the bytes, the limit and the hours allow, and never without a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_SECOND, UtcMicros, parse_rfc3339
from edge.domain.forecast import (
    ANSWER_S,
    FARTHEST_US,
    Load,
    NotKnown,
    UplinkForecast,
    Waiting,
    after_open_time,
    forecast_uplink,
)
from edge.domain.uplink import ANY_TIME, DailyHours, UplinkRule, daily_hours

NOON = parse_rfc3339("2026-11-21T12:00:00+08:00")
NIGHT = UplinkRule(hours=(daily_hours("20:00-06:00"),))
GB = 10**9
NOTHING = Load()


def foretold(
    whole: Load, flagged: Load = NOTHING, *, rate: float | None = 1e6, rule: UplinkRule = ANY_TIME
) -> UplinkForecast:
    return forecast_uplink(Waiting(whole, flagged), rate_bytes_s=rate, rule=rule, now_us=NOON)


hours = st.builds(
    lambda begin, length: DailyHours(begin, (begin + length) % 1440 or 1440),
    st.integers(0, 1439),
    st.integers(1, 1438),
).filter(lambda found: found.begin_minute != found.end_minute)
rules = st.builds(UplinkRule, st.sampled_from([0, 64, 10_000]), st.lists(hours, max_size=3).map(tuple))
loads = st.builds(Load, st.integers(1, 100_000), st.integers(1, 400 * GB))
rates = st.floats(1_000, 1e9)
instants = st.integers(NOON, NOON + 400 * MICROS_PER_DAY).map(UtcMicros)


def open_us(rule: UplinkRule, start_us: UtcMicros, end_us: UtcMicros) -> int:
    """How long the uplink is open between two times, counted by the minute."""
    step_us, found, at_us = 60 * MICROS_PER_SECOND, 0, start_us
    while at_us < end_us:
        later_us = min(end_us, at_us + step_us - at_us % step_us)
        found += later_us - at_us if rule.is_open(at_us) else 0
        at_us = UtcMicros(later_us)
    return found


@given(rules, instants, st.integers(0, 2 * MICROS_PER_DAY))
def test_the_uplink_was_open_for_just_so_long_until_then(rule: UplinkRule, now_us: UtcMicros, needed_us: int) -> None:
    done_us = after_open_time(rule, now_us, needed_us)
    if done_us is None:
        assert open_us(rule, now_us, UtcMicros(now_us + 30 * MICROS_PER_DAY)) < needed_us
    elif done_us - now_us <= 30 * MICROS_PER_DAY:
        assert open_us(rule, now_us, done_us) == needed_us


@given(loads, rates, rules, instants)
def test_nothing_is_done_sooner_than_its_bytes_take(
    load: Load, rate: float, rule: UplinkRule, now_us: UtcMicros
) -> None:
    found = forecast_uplink(Waiting(load), rate_bytes_s=rate, rule=rule, now_us=now_us).whole
    fastest = min(rate, rule.bytes_per_s or rate)
    assert found.sending_us is not None
    assert found.sending_us >= load.size_bytes / fastest * MICROS_PER_SECOND - 1
    assert (found.done_us is None) == (found.reason is NotKnown.TOO_FAR)
    if found.done_us is not None:
        assert now_us + found.sending_us <= found.done_us <= now_us + FARTHEST_US


@given(loads, loads, rates, rules, instants)
def test_more_is_never_done_sooner_and_the_flagged_never_later(
    one: Load, more: Load, rate: float, rule: UplinkRule, now_us: UtcMicros
) -> None:
    both = Load(one.clips + more.clips, one.size_bytes + more.size_bytes)
    less = forecast_uplink(Waiting(one), rate_bytes_s=rate, rule=rule, now_us=now_us).whole
    found = forecast_uplink(Waiting(both, flagged=one), rate_bytes_s=rate, rule=rule, now_us=now_us)
    if found.whole.done_us is not None:
        assert found.flagged.done_us is not None
        assert found.flagged.done_us <= found.whole.done_us
    if found.flagged.done_us is not None and less.done_us is not None:
        assert found.flagged.done_us <= less.done_us


@given(loads, rates, instants, st.sampled_from([64, 1000, 50_000]))
def test_a_limit_makes_nothing_quicker(load: Load, rate: float, now_us: UtcMicros, kbit_s: int) -> None:
    free, limited = (
        forecast_uplink(Waiting(load), rate_bytes_s=rate, rule=rule, now_us=now_us)
        for rule in (ANY_TIME, UplinkRule(kbit_s))
    )
    assert (free.whole.sending_us or 0) <= (limited.whole.sending_us or 0)
    assert (limited.rate_bytes_s or 0) <= kbit_s * 125


def test_two_hundred_gigabytes_over_ten_megabits_take_two_days() -> None:
    done_us = foretold(Load(400, 200 * GB), rate=10e6 / 8).whole.done_us
    assert done_us is not None
    assert (done_us - NOON) / MICROS_PER_HOUR == pytest.approx(44.45, abs=0.02)


def test_in_the_hours_of_the_night_alone_they_take_five_nights() -> None:
    found = foretold(Load(400, 200 * GB), rate=10e6 / 8, rule=NIGHT)
    assert found.whole.done_us is not None
    assert parse_rfc3339("2026-11-26T00:00:00+08:00") < found.whole.done_us
    assert found.whole.done_us < parse_rfc3339("2026-11-26T01:00:00+08:00")
    assert found.paused_until_us == parse_rfc3339("2026-11-21T20:00:00+08:00")


def test_flagged_clips_keep_to_no_hours() -> None:
    found = foretold(Load(11, 10 * GB), Load(1, 60_000_000), rule=NIGHT)
    assert found.flagged.done_us == NOON + round((60 + ANSWER_S) * MICROS_PER_SECOND)
    assert found.whole.done_us is not None
    assert found.whole.done_us > parse_rfc3339("2026-11-21T20:00:00+08:00")


def test_where_nothing_waits_it_is_done_now_whatever_stands_in_the_way() -> None:
    found = forecast_uplink(Waiting(), rate_bytes_s=None, rule=NIGHT, now_us=NOON, obstacle=NotKnown.NOT_CONNECTED)
    assert (found.whole.done_us, found.whole.reason) == (NOON, None)


@pytest.mark.parametrize("obstacle", list(NotKnown)[:4])
def test_without_a_connection_only_the_length_of_sending_is_known(obstacle: NotKnown) -> None:
    found = forecast_uplink(Waiting(Load(1, GB)), rate_bytes_s=1e6, rule=ANY_TIME, now_us=NOON, obstacle=obstacle).whole
    assert (found.done_us, found.reason) == (None, obstacle)
    assert found.sending_us == round((1000 + ANSWER_S) * MICROS_PER_SECOND)


@pytest.mark.parametrize("rate", [None, 0.0])
def test_a_limit_alone_is_no_measured_speed(rate: float | None) -> None:
    found = foretold(Load(1, GB), rate=rate, rule=UplinkRule(kbit_s=1000))
    assert found.whole.reason is NotKnown.NEVER_MEASURED
    assert found.rate_bytes_s is None


def test_what_would_take_more_than_a_year_has_no_date() -> None:
    assert foretold(Load(1, 200 * GB), rate=100.0).whole.reason is NotKnown.TOO_FAR
