"""A clock is set while all runs, or in a gap so as to hide it: nothing is lost, and the gap is told all the same."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from fault_stage.places import BEGIN_US, Places, feed, make_places
from fault_stage.promises import Kind, read_promises
from fault_stage.way import Way
from fault_stage.way_checks import broken_at_end

from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_HOUR
from edge.domain.across_files import summarise
from tests.edge.domain.device_times import SECOND_US, numbered

HOUR_S = 3_600
STEPS = {
    "three days forward": 3 * MICROS_PER_DAY,
    "two hours back": -2 * MICROS_PER_HOUR,
    "back to 1970": -(BEGIN_US + MICROS_PER_DAY),
}


@pytest.mark.parametrize(
    ("side", "step"),
    [*(("gateway", step) for step in STEPS), ("server", "two hours back")],
)
def test_a_wall_clock_that_is_set_while_clips_are_under_way_delays_none_and_loses_none(
    tmp_path: Path, side: str, step: str
) -> None:
    places, dice = Places.below(tmp_path), random.Random(1)
    make_places(places)
    way = Way(places, start=1)
    for number in range(3):
        feed(places, f"K-01_20261101T000000_000{number}.mp4", dice.randbytes(200_000))
    for _ in range(4):
        way.round()
    clock = way.gateway_clock if side == "gateway" else way.server_clock
    clock.step_us = STEPS[step]
    feed(places, "K-01_20261101T000000_0003.mp4", dice.randbytes(200_000))
    assert way.run(at_most=400)
    clock.step_us = 0
    feed(places, "K-01_20261101T000000_0004.mp4", dice.randbytes(200_000))
    assert way.run(at_most=400)
    receipts = [promise.clip_id for promise in read_promises(places.book) if promise.kind is Kind.RECEIPTED]
    assert len(receipts) == len(set(receipts)) == 5
    assert broken_at_end(way, places) == []


@pytest.mark.parametrize(
    "set_by_s",
    [
        pytest.param(0, id="the clock stands"),
        pytest.param(-120, id="set back by just what is missing"),
        pytest.param(-60, id="set back by half of it"),
        pytest.param(-180, id="set back by more, so that files overlap"),
        pytest.param(-2 * HOUR_S, id="two hours back"),
        pytest.param(3 * HOUR_S, id="three hours forward"),
    ],
)
def test_files_that_were_taken_out_are_missed_by_their_numbers_however_the_clock_was_set_in_the_gap(
    set_by_s: int,
) -> None:
    before = [(60.0 * place, 60.0 * place + 60) for place in range(4)]
    after = [(60.0 * place + set_by_s, 60.0 * place + 60 + set_by_s) for place in range(6, 10)]
    files = numbered(*before, uncertainty_us=SECOND_US) + numbered(*after, first=7, uncertainty_us=SECOND_US)
    assert [missing.text for missing in summarise(files).missing_numbers] == ["5-6"]


@pytest.mark.parametrize("set_by_s", [-180, -120, -60, 0, 3 * HOUR_S, -2 * HOUR_S])
def test_where_no_file_is_missing_none_is_missed_however_the_clock_was_set(set_by_s: int) -> None:
    before = [(60.0 * place, 60.0 * place + 60) for place in range(4)]
    after = [(60.0 * place + set_by_s, 60.0 * place + 60 + set_by_s) for place in range(4, 8)]
    files = numbered(*before, uncertainty_us=SECOND_US) + numbered(*after, first=5, uncertainty_us=SECOND_US)
    assert summarise(files).missing_numbers == ()
