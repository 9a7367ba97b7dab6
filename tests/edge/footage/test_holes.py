"""Laws of holes between frames."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.footage.holes import Hole, find_holes

periods_us = st.sampled_from([16_683, 33_333, 33_367, 40_000, 41_708, 66_667, 100_000])


def _times(deltas: list[int]) -> np.ndarray:
    return np.cumsum([0, *deltas], dtype=np.int64)


@given(periods_us, st.integers(25, 200))
def test_a_constant_rate_has_no_hole(period_us: int, frames: int) -> None:
    assert find_holes(_times([period_us] * frames)) == []


@given(periods_us, st.integers(30, 120), st.integers(2, 400), st.data())
def test_two_frames_lost_at_a_constant_rate_are_found_exactly(
    period_us: int, frames: int, lost: int, data: st.DataObject
) -> None:
    at = data.draw(st.integers(1, frames - 2))
    deltas = [period_us] * frames
    deltas[at] += lost * period_us
    start_us = (at + 1) * period_us
    assert find_holes(_times(deltas)) == [Hole(start_us, start_us + lost * period_us)]


@given(st.lists(st.sampled_from([33_000, 100_000, 250_000]), min_size=60, max_size=200))
def test_distances_that_recur_are_a_variable_rate(deltas: list[int]) -> None:
    regular = [33_000, 100_000, 250_000] * 20
    mixed = [delta for pair in zip(deltas, regular * 4, strict=False) for delta in pair]
    assert find_holes(_times(mixed)) == []


@given(st.lists(st.integers(0, 10_000_000), min_size=0, max_size=300))
def test_holes_lie_between_frames_in_order_and_hold_none(instants_us: list[int]) -> None:
    times = np.sort(np.asarray(instants_us, dtype=np.int64))
    holes = find_holes(times)
    for hole in holes:
        assert hole.start_us < hole.end_us
        assert not ((times >= hole.start_us) & (times < hole.end_us)).any()
    assert all(before.end_us <= after.start_us for before, after in pairwise(holes))


@pytest.mark.parametrize("rounded_ms", [1, 2])
def test_rounding_to_milliseconds_is_no_hole(rounded_ms: int) -> None:
    exact = np.arange(300) * 33_367
    assert find_holes((exact // (rounded_ms * 1000)) * (rounded_ms * 1000)) == []
