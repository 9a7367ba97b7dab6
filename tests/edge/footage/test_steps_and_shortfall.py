"""What the times of a file's pictures say of the clock and of the rate; a variable rate says nothing."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.footage.frames import FileTime, Frames
from edge.footage.shortfall import find_shortfall
from edge.footage.steps import find_steps

periods_us = st.sampled_from([16_683, 33_333, 40_000, 66_667, 100_000])


def file_time(shown_us: list[int], tick_us: float = 100.0, decoded_us: list[int] | None = None) -> FileTime:
    shown = np.asarray(shown_us, np.int64)
    return FileTime.of(
        Frames(
            shown_us=shown,
            decoded_us=shown if decoded_us is None else np.asarray(decoded_us, np.int64),
            there=np.ones(len(shown), np.bool_),
            is_key=np.ones(len(shown), np.bool_),
            end_us=int(shown.max()) + 40_000,
            tick_us=tick_us,
        )
    )


def shortfall(shown_us: list[int]) -> float | None:
    starts_us = np.asarray(shown_us, np.int64)
    found = find_shortfall(starts_us, np.zeros(len(starts_us) - 1, np.bool_))
    return None if found is None else round(found.missing_share, 2)


@given(periods_us, st.integers(3, 200))
def test_a_clock_set_back_is_a_burst_of_pictures_a_tick_apart(period_us: int, squeezed: int) -> None:
    before = [number * period_us for number in range(50)]
    burst = [before[-1] + 100 * (number + 1) for number in range(squeezed)]
    after = [burst[-1] + (number + 1) * period_us for number in range(2 * squeezed + 50)]
    (step,) = find_steps(file_time(before + burst + after))
    assert (step.start_us, step.end_us) == (before[-1], burst[-1])
    assert step.step_us == pytest.approx(-squeezed * period_us, rel=0.02, abs=2 * period_us)


@given(periods_us, st.integers(60, 2000))
def test_a_clock_that_goes_back_where_the_container_holds_it_is_one_step(period_us: int, back: int) -> None:
    times = [number * period_us for number in range(back + 50)]
    again = [times[-1] - back * period_us + number * period_us for number in range(back)]
    (step,) = find_steps(file_time(times + again))
    assert step.step_us == -(back + 1) * period_us
    assert 0 <= step.start_us < step.end_us


def test_pictures_shown_in_another_order_than_decoded_are_no_step() -> None:
    decoded = [number * 40_000 for number in range(60)]
    shown = [(number // 3 * 3 + (0, 2, 1)[number % 3]) * 40_000 for number in range(60)]
    assert find_steps(file_time(shown, decoded_us=decoded)) == []


def test_a_jump_ahead_of_an_hour_is_a_hole_and_perhaps_a_step() -> None:
    times = [number * 40_000 for number in range(100)]
    span = file_time([*times, *(time_us + 3_600_000_000 for time_us in times[50:])])
    (step,) = find_steps(span)
    assert (step.start_us, step.step_us) == (4_000_000, span.holes[0].end_us - 4_000_000)


@pytest.mark.parametrize("lost", [3, 125, 5_000])
def test_a_hole_such_as_cameras_leave_is_no_step(lost: int) -> None:
    times = [number * 40_000 for number in range(100)]
    assert find_steps(file_time([*times[:50], *(time_us + lost * 40_000 for time_us in times[50:])])) == []


@given(st.lists(st.sampled_from([8_333, 33_333, 41_667, 66_667, 250_000]), min_size=20, max_size=300))
def test_a_variable_rate_is_no_step_of_the_clock(deltas: list[int]) -> None:
    assert find_steps(file_time(np.cumsum([0, *deltas]).tolist())) == []


@given(periods_us, st.integers(0, 1000), st.floats(0.10, 0.25))
def test_single_pictures_missing_all_over_are_a_shortfall(period_us: int, seed: int, share: float) -> None:
    dice = random.Random(seed)
    times = [number * period_us for number in range(1500) if number in (0, 1499) or dice.random() > share]
    assert shortfall(times) == pytest.approx(share, abs=0.06)


@pytest.mark.parametrize("every", [3, 4, 5, 10])
def test_every_so_many_th_picture_missing_is_a_shortfall(every: int) -> None:
    assert shortfall([number * 40_000 for number in range(600) if number % every]) == round(1 / every, 2)


@given(periods_us, st.integers(41, 400))
def test_a_constant_rate_has_no_shortfall(period_us: int, frames: int) -> None:
    assert shortfall([number * period_us for number in range(frames)]) is None


@pytest.mark.parametrize(
    "deltas",
    [
        pytest.param([33_333] * 300 + [66_667] * 300 + [33_333] * 300, id="half the rate at dusk"),
        pytest.param([33_333] * 200 + [41_667] * 200 + [50_000] * 200, id="three rates"),
        pytest.param([33_000, 50_000, 67_000, 100_000] * 100, id="a rate at random"),
        pytest.param([33_333, 50_000] * 200, id="film rate on a faster clock"),
        pytest.param([40_000] * 500 + [80_000] * 10 + [40_000] * 500, id="a slow moment"),
    ],
)
def test_a_variable_rate_is_no_shortfall(deltas: list[int]) -> None:
    assert shortfall(np.cumsum([0, *deltas]).tolist()) is None
