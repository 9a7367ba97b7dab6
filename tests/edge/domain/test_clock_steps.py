"""Where a device's clock was set, seen by numbers that go on and times that do not."""

from __future__ import annotations

import pytest

from edge.contract.instants import UtcMicros, parse_rfc3339
from edge.contract.manifest import ClockReading
from edge.domain.across_files import summarise
from edge.domain.device_files import FileFacts
from tests.edge.domain.device_times import NOON_US, SECOND_US, a_file, at, numbered, span

HOUR = 3600.0
DAY = 24 * HOUR


def _minutes(*starts_s: float) -> list[FileFacts]:
    """Files of one minute each, numbered in this order, with names that say whole seconds."""
    return numbered(*((start, start + 60) for start in starts_s), uncertainty_us=SECOND_US)


@pytest.mark.parametrize(
    ("files", "steps"),
    [
        pytest.param(_minutes(0, 60, 120), [], id="segments that follow at once"),
        pytest.param(_minutes(0, 60.9, 121.2), [], id="whole seconds of names are no step"),
        pytest.param(_minutes(0, 60, 121, 181), [], id="a leap second is no step"),
        pytest.param(_minutes(0, 60, 115, 175), [("set_back", -5)], id="5 s back"),
        pytest.param(_minutes(0, 60, 120, 30, 90), [("set_back", -150)], id="back over several files"),
        pytest.param(_minutes(0, 60, 150, 210), [("set_forward", 30)], id="30 s forward while it recorded"),
        pytest.param(_minutes(0, 60, 120 + HOUR, 180 + HOUR), [("zone", HOUR)], id="an hour forward"),
        pytest.param(_minutes(0, 60, 120 - HOUR, 180 - HOUR), [("zone", -HOUR)], id="an hour back"),
        pytest.param(_minutes(0, 60, 120 + 8 * HOUR), [("zone", 8 * HOUR)], id="from UTC to Beijing time"),
        pytest.param(_minutes(0, 60, 120 + 900, 180 + 900), [("zone", 900)], id="a quarter of an hour"),
        pytest.param(_minutes(0, 60, 525, 900), [], id="a pause is a pause"),
        pytest.param(_minutes(0, HOUR, 2 * HOUR), [], id="one minute each hour is a timetable"),
        pytest.param(_minutes(0, 60, 120 + DAY, 180 + DAY), [], id="a day later is another day"),
        pytest.param(_minutes(0, 55, 110, 165, 220), [], id="files that each overlap the next by 5 s are made so"),
    ],
)
def test_a_step_at_a_border(files: list[FileFacts], steps: list[tuple[str, float]]) -> None:
    found = summarise(files).clock_steps
    assert [(step.kind, step.step_us / SECOND_US) for step in found] == steps


def test_a_clock_set_back_is_said_once_and_neither_as_a_loss_nor_as_an_overlap() -> None:
    summary = summarise(_minutes(0, 60, 120, 30, 90))
    assert (summary.gaps, summary.overlaps, summary.missing_numbers) == ((), (), ())
    (step,) = summary.clock_steps
    assert (step.at_us, step.before, step.after) == (at(30), "f3", "f4")
    assert step.evidence == ("f4 (4) follows f3 (3) by its number",)


def test_what_a_clock_set_far_back_leaves_between_is_no_loss_either() -> None:
    (gap,) = summarise(_minutes(3000, 3060, 0, 60)).gaps
    assert (gap.interval, gap.cause) == (span(120, 3000), "clock_step")


def test_a_clock_set_forward_is_a_gap_with_that_cause() -> None:
    (gap,) = summarise(_minutes(0, 60, 150, 210)).gaps
    assert (gap.interval, gap.cause) == (span(120, 150), "clock_step")
    assert gap.evidence[-1] == "f2 is as long as this device makes its files"


def test_segments_of_one_recording_cannot_have_paused() -> None:
    files = numbered((0, 60), (500, 560), recording="R1")
    assert [(step.kind, step.step_us) for step in summarise(files).clock_steps] == [("set_forward", 440 * SECOND_US)]
    files = [
        a_file("a", span(0, 60), sequence=1, recording="R1"),
        a_file("b", span(500, 560), sequence=2, recording="R2"),
    ]
    assert summarise(files).clock_steps == ()


def test_a_pause_says_that_no_file_is_missing() -> None:
    (gap,) = summarise(_minutes(0, 60, 700)).gaps
    assert (gap.cause, gap.evidence) == ("unknown", ("the numbers go on: no file is missing here",))


def test_the_lost_end_of_a_cut_file_is_no_clock_step() -> None:
    files = [*_minutes(0), a_file("f2", span(60, 100), sequence=2, damaged=True), *numbered((120, 180), first=3)]
    summary = summarise(files)
    assert (summary.clock_steps, [gap.cause for gap in summary.gaps]) == ((), ["file_damaged"])


@pytest.mark.parametrize("lost", ["1970-01-01T00:00:12Z", "2000-01-01T08:00:00Z", "2015-01-01T00:03:00Z"])
def test_a_clock_that_was_not_set_and_then_was_covers_no_time_of_decades(lost: str) -> None:
    start_us = parse_rfc3339(lost)
    away_s = (start_us - NOON_US) / SECOND_US
    files = numbered((away_s, away_s + 60), (away_s + 60, away_s + 120), (0, 60), (60, 120))
    summary = summarise(files)
    assert (summary.coverage, summary.gaps) == ((span(0, 120),), ())
    (step,) = summary.clock_steps
    assert (step.kind, step.at_us, step.before) == ("not_set", at(0), "f2")
    assert [(one.name, one.reason) for one in summary.not_counted] == [("f1", "clock_not_set"), ("f2", "clock_not_set")]
    assert summary.missing_numbers == ()


def test_a_clock_that_lost_its_time_explains_the_hole_where_its_file_belongs() -> None:
    files = numbered((0, 60), (-50_000 * HOUR * 9, -50_000 * HOUR * 9 + 60), (120, 180))
    summary = summarise(files)
    assert [step.kind for step in summary.clock_steps] == ["lost", "not_set"]
    assert [(gap.interval, gap.cause) for gap in summary.gaps] == [(span(60, 120), "clock_step")]


def test_times_that_are_hardly_known_show_no_step() -> None:
    files = numbered((0, 60), (56, 116), uncertainty_us=5 * SECOND_US)
    assert (summarise(files).clock_steps, summarise(files).overlaps) == ((), ())


# ------------------------------------------------------------------ drift
@pytest.mark.parametrize(("ppm", "is_said"), [(0, False), (20, False), (600, True), (-600, True), (1200, True)])
def test_drift_over_segments(ppm: float, is_said: bool) -> None:
    length_s = 600.0
    starts = [number * length_s * (1 + ppm / 1e6) for number in range(40)]
    summary = summarise(numbered(*((start, start + length_s) for start in starts), uncertainty_us=SECOND_US))
    assert summary.drift is not None
    assert summary.drift.ppm == pytest.approx(ppm, abs=1)
    assert summary.drift.source == "segments"
    assert summary.drift.is_beyond(500) is is_said


def test_two_short_files_say_nothing_of_drift() -> None:
    assert summarise(_minutes(0, 61)).drift is None


def _reading(hour: float, offset_s: float) -> ClockReading:
    return ClockReading(
        offset_us=round(offset_s * SECOND_US),
        uncertainty_us=SECOND_US // 2,
        measured=at(hour * HOUR),
        gateway_synchronised=True,
    )


@pytest.mark.parametrize(
    ("offsets_s", "ppm"),
    [
        pytest.param((0.0, 1.728), 20.0, id="20 ppm over a day"),
        pytest.param((0.0, 60.0), 694.4, id="a minute a day"),
        pytest.param((100.0, 160.0), 694.4, id="never set"),
        pytest.param((100.0, 1.728), 20.0, id="set at the first docking"),
    ],
)
def test_drift_between_two_dockings(offsets_s: tuple[float, float], ppm: float) -> None:
    drift = summarise(_minutes(0), readings=[_reading(0, offsets_s[0]), _reading(24, offsets_s[1])]).drift
    assert drift is not None
    assert drift.source == "dockings"
    assert drift.ppm == pytest.approx(ppm, abs=0.1)


def test_a_factory_date_in_use_all_year_is_no_lost_clock() -> None:
    new_year_us = parse_rfc3339("2026-01-01T08:00:00Z")
    start_s = (new_year_us - NOON_US) / SECOND_US
    summary = summarise(numbered((start_s, start_s + 60), (start_s + 90 * DAY, start_s + 90 * DAY + 60)))
    assert (summary.clock_steps, summary.not_counted) == ((), ())
    assert UtcMicros(new_year_us) == summary.coverage[0].start_us
