"""The arithmetic of half-open intervals, held against a plain set of instants."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.instants import UtcMicros
from edge.contract.intervals import (
    EmptyIntervalError,
    TimeInterval,
    clip_to,
    intersection,
    subtract,
    total_us,
    union,
)


def interval(start: int, end: int) -> TimeInterval:
    return TimeInterval(UtcMicros(start), UtcMicros(end))


intervals = st.tuples(st.integers(0, 40), st.integers(1, 12)).map(lambda pair: interval(pair[0], pair[0] + pair[1]))
sets_of_intervals = st.lists(intervals, max_size=12)


def instants(parts: list[TimeInterval]) -> set[int]:
    return {at for part in parts for at in range(part.start_us, part.end_us)}


def disjoint_in_order(parts: list[TimeInterval]) -> bool:
    return all(one.end_us < other.start_us for one, other in itertools.pairwise(parts))


@pytest.mark.parametrize(("start", "end"), [(5, 5), (6, 5)])
def test_an_interval_has_a_duration(start: int, end: int) -> None:
    with pytest.raises(EmptyIntervalError) as refused:
        interval(start, end)
    assert (refused.value.start_us, refused.value.end_us) == (start, end)


def test_the_start_belongs_to_an_interval_and_the_end_does_not() -> None:
    assert interval(5, 8).contains(UtcMicros(5))
    assert not interval(5, 8).contains(UtcMicros(8))


def test_intervals_that_touch_do_not_overlap_but_unite() -> None:
    assert not interval(0, 5).overlaps(interval(5, 9))
    assert intersection(interval(0, 5), interval(5, 9)) is None
    assert union([interval(5, 9), interval(0, 5)]) == [interval(0, 9)]


@given(sets_of_intervals)
def test_a_union_has_the_same_instants_disjoint_and_in_order(parts: list[TimeInterval]) -> None:
    assert instants(union(parts)) == instants(parts)
    assert disjoint_in_order(union(parts))


@given(sets_of_intervals, sets_of_intervals)
def test_a_difference_has_the_instants_of_the_first_that_are_not_in_the_second(
    whole: list[TimeInterval], removed: list[TimeInterval]
) -> None:
    left = subtract(whole, removed)
    assert instants(left) == instants(whole) - instants(removed)
    assert all(one.end_us <= other.start_us for one, other in itertools.pairwise(left))


@given(sets_of_intervals, intervals)
def test_clipping_keeps_what_lies_in_the_window(parts: list[TimeInterval], window: TimeInterval) -> None:
    assert instants(clip_to(parts, window)) == instants(parts) & instants([window])


@given(sets_of_intervals)
def test_overlapping_time_counts_once(parts: list[TimeInterval]) -> None:
    assert total_us(parts) == len(instants(parts))


@given(intervals, st.integers(-100, 100))
def test_a_shift_moves_both_ends(part: TimeInterval, by_us: int) -> None:
    assert part.shifted(by_us).duration_us == part.duration_us
    assert part.shifted(by_us).shifted(-by_us) == part
