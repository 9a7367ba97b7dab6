"""Instants at the borders."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.instants import (
    LATEST_US,
    NotAnInstantError,
    UtcMicros,
    instant_of,
    moment_of,
    parse_rfc3339,
    rfc3339,
)

instants = st.integers(0, LATEST_US).map(UtcMicros)


@given(instants)
def test_an_instant_survives_the_border(instant_us: UtcMicros) -> None:
    assert parse_rfc3339(rfc3339(instant_us)) == instant_us
    assert instant_of(moment_of(instant_us)) == instant_us


@given(instants, instants)
def test_text_order_is_time_order(one: UtcMicros, other: UtcMicros) -> None:
    assert (rfc3339(one) < rfc3339(other)) == (one < other)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-11-21T08:00:00+08:00", "2026-11-21T00:00:00.000000Z"),
        ("2026-11-21T00:00:00.5Z", "2026-11-21T00:00:00.500000Z"),
        ("2026-11-21t00:00:00.123456789z", "2026-11-21T00:00:00.123456Z"),
        ("2026-11-21 00:00:00-00:30", "2026-11-21T00:30:00.000000Z"),
    ],
)
def test_offsets_and_fractions_are_read(text: str, same: str) -> None:
    assert rfc3339(parse_rfc3339(text)) == same


@pytest.mark.parametrize(
    "text",
    ["", "2026-11-21T08:00:00",
     "2026-11-21", "2026-13-01T00:00:00Z", "0000-01-01T00:00:00Z", "2026-11-21T08:00:00+99:99",
     "2026-11-21T24:61:00Z", "20261121T080000Z", "٢٠٢٦-11-21T08:00:00Z"],
)  # fmt: skip
def test_what_is_no_instant_with_an_offset_is_refused_by_name(text: str) -> None:
    with pytest.raises(NotAnInstantError):
        parse_rfc3339(text)


def test_a_naive_time_has_no_instant() -> None:
    with pytest.raises(NotAnInstantError):
        instant_of(datetime(2026, 11, 21, tzinfo=UTC).replace(tzinfo=None))


@pytest.mark.parametrize("text", ["9999-12-31T00:00:00Z", "0001-01-01T23:59:59Z", "0001-01-01T00:00:00+23:59"])
def test_an_instant_that_some_zone_could_not_show_is_refused(text: str) -> None:
    with pytest.raises(NotAnInstantError):
        parse_rfc3339(text)
