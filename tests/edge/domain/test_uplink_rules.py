"""When footage may leave, how fast, and how much is on its way: hours, a limit, and room by measured speed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.instants import UtcMicros, parse_rfc3339
from edge.domain.uplink import (
    LEAST_ROOM_BYTES,
    MOST_ROOM_BYTES,
    NotHoursError,
    Pace,
    UplinkRule,
    credited,
    daily_hours,
    on_departed,
    on_new_connection,
    on_sent,
)

CHUNK = 512 * 1024
NIGHT = UplinkRule(hours=(daily_hours("20:00-06:00"),))
TWICE = UplinkRule(hours=(daily_hours("12:00-13:30"), daily_hours("22:00-24:00")))


def at(local: str) -> UtcMicros:
    return parse_rfc3339(f"2026-11-21T{local}:00+08:00")


@pytest.mark.parametrize(
    ("rule", "local", "is_open"),
    [
        (UplinkRule(), "12:00", True),
        (NIGHT, "19:59", False),
        (NIGHT, "20:00", True),
        (NIGHT, "05:59", True),
        (NIGHT, "06:00", False),
        (TWICE, "13:29", True),
        (TWICE, "13:30", False),
        (TWICE, "23:59", True),
        (TWICE, "00:00", False),
    ],
)
def test_footage_leaves_in_its_hours_of_the_local_day(rule: UplinkRule, local: str, *, is_open: bool) -> None:
    assert rule.is_open(at(local)) is is_open


@pytest.mark.parametrize(
    ("rule", "local", "changes"),
    [
        pytest.param(NIGHT, "12:00", "2026-11-21T20:00:00+08:00", id="opens tonight"),
        pytest.param(NIGHT, "21:00", "2026-11-22T06:00:00+08:00", id="closes tomorrow"),
        pytest.param(TWICE, "13:30", "2026-11-21T22:00:00+08:00", id="the second hours of the day"),
        pytest.param(TWICE, "23:00", "2026-11-22T00:00:00+08:00", id="closes at midnight"),
    ],
)
def test_when_it_opens_or_closes_next_is_known(rule: UplinkRule, local: str, changes: str) -> None:
    assert rule.changes_us(at(local)) == parse_rfc3339(changes)


@pytest.mark.parametrize("rule", [UplinkRule(), UplinkRule(hours=(daily_hours("00:00-24:00"),))])
def test_what_is_always_open_never_changes(rule: UplinkRule) -> None:
    assert rule.changes_us(at("12:00")) is None


@given(st.integers(0, 2 * 24 * 60))
def test_between_now_and_the_next_change_nothing_changes(minutes: int) -> None:
    now = UtcMicros(at("00:00") + minutes * 60_000_000)
    changes = NIGHT.changes_us(now)
    assert changes is not None
    assert NIGHT.is_open(UtcMicros(changes - 1)) is NIGHT.is_open(now)
    assert NIGHT.is_open(changes) is not NIGHT.is_open(now)


@pytest.mark.parametrize("text", ["", "20-06", "24:30-06:00", "08:00-08:00", "8:00-9:00", "24:00-06:00", "夜间"])
def test_what_are_no_hours_is_told(text: str) -> None:
    with pytest.raises(NotHoursError, match="20:00-06:00"):
        daily_hours(text)


@given(st.integers(64, 1_000_000), st.integers(1, 600))
def test_no_more_leaves_than_the_limit_allows_and_one_chunk(kbit_s: int, seconds: int) -> None:
    rule, pace, sent, now_s = UplinkRule(kbit_s=kbit_s), Pace(), 0, 0.0
    while now_s < seconds and sent < 400 * CHUNK:
        pace = credited(pace, rule, now_s=now_s)
        while pace.credit_bytes > 0:
            pace, sent = on_departed(on_sent(pace, CHUNK, now_s=now_s), CHUNK, now_s=now_s), sent + CHUNK
        now_s += 0.2
    per_s = kbit_s * 125
    assert sent <= per_s * now_s + per_s + CHUNK
    if sent < 400 * CHUNK:  # and the limit is used
        assert sent >= per_s * (now_s - 1) * 0.9 - CHUNK


def over_a_link(rate_bytes_s: float, chunks: int) -> list[int]:
    """What is on its way after each chunk that departed, sending whenever there is room."""
    pace, now_s, on_its_way, seen, queued = Pace(), 100.0, 0, [], chunks
    while queued or on_its_way:
        while queued and pace.room_bytes > 0:
            pace, on_its_way, queued = on_sent(pace, CHUNK, now_s=now_s), on_its_way + CHUNK, queued - 1
        now_s += CHUNK / rate_bytes_s
        pace, on_its_way = on_departed(pace, CHUNK, now_s=now_s), on_its_way - CHUNK
        seen.append(on_its_way + CHUNK)
    return seen


@pytest.mark.parametrize(
    ("mbit_s", "most_bytes"),
    [(1, 2 * LEAST_ROOM_BYTES), (10, 2 * 1_250_000 + CHUNK), (1_000, MOST_ROOM_BYTES + CHUNK)],
)
def test_on_their_way_are_two_seconds_of_the_link_and_never_more_than_four_megabytes(
    mbit_s: int, most_bytes: int
) -> None:
    seen = over_a_link(mbit_s * 125_000, 200)
    assert max(seen[5:]) <= most_bytes
    assert max(seen) >= LEAST_ROOM_BYTES


def test_the_room_grows_to_what_a_fast_link_needs() -> None:
    assert max(over_a_link(100e6, 200)) >= MOST_ROOM_BYTES


def test_what_went_down_with_a_connection_takes_no_room_in_the_next() -> None:
    pace = on_sent(Pace(), 8 * CHUNK, now_s=1.0)
    assert pace.room_bytes <= 0
    assert on_new_connection(pace).room_bytes == LEAST_ROOM_BYTES
