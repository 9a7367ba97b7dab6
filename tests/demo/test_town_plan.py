"""The invented town: what is planted must be unmistakable, and nothing else may be wrong with it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from demo_town.invent import invent_town
from demo_town.plan import MINUTE_US, ZONE, Town, window_end_us
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_SECOND, UtcMicros, moment_of, parse_rfc3339
from edge.contract.intervals import TimeInterval, clip_to, subtract, union

NOON_US = parse_rfc3339("2026-11-21T12:00:00+08:00")
FAULTS = {
    "late_start",
    "interruption",
    "monitor_interruption",
    "truncated_file",
    "expired_certificate",
    "clock_7s",
    "no_recorder",
    "not_docked",
    "covered_lens",
    "moved_monitor",
}

seeds = st.integers(0, 2**32)
moments = st.integers(0, MICROS_PER_DAY).map(lambda after_us: UtcMicros(NOON_US + after_us))


@given(seeds, moments)
def test_every_clip_and_duty_has_ended_before_the_docking_and_the_docking_is_past(seed: int, now_us: UtcMicros) -> None:
    town = invent_town(seed, now_us)
    ends = [clip.true.end_us for clip in town.clips] + [duty.interval.end_us for duty in town.duties]
    assert max(ends) < town.docked_us < now_us


@given(seeds, moments)
def test_all_duties_begin_and_end_on_one_local_day(seed: int, now_us: UtcMicros) -> None:
    town = invent_town(seed, now_us)
    days = {
        moment_of(instant_us).astimezone(ZONE).date()
        for duty in town.duties
        for instant_us in (duty.interval.start_us, duty.interval.end_us)
    }
    assert len(days) == 1


@given(seeds)
def test_clips_of_a_device_never_overlap_and_last_20_to_60_seconds_or_six_minutes(seed: int) -> None:
    town = invent_town(seed, NOON_US)
    assert len(town.clips) >= 12
    for clip in town.clips:
        length_s = clip.true.duration_us / MICROS_PER_SECOND
        assert length_s == 360 if clip.turned else 20 <= length_s <= 60, clip.file_name


@given(seeds)
def test_the_covered_lens_is_in_a_sound_clip_and_lasts_long_enough_to_be_asked_about(seed: int) -> None:
    town = invent_town(seed, NOON_US)
    (clip,) = (clip for clip in town.clips if clip.covered is not None)
    assert not clip.fault
    assert clip.covered is not None
    assert clip.true.start_us < clip.covered.start_us
    assert clip.covered.end_us == clip.true.end_us
    assert clip.covered.duration_us >= 35 * MICROS_PER_SECOND


@given(seeds)
def test_each_monitor_was_commissioned_before_the_day(seed: int) -> None:
    town = invent_town(seed, NOON_US)
    assert {clip.device.number for clip in town.commissioning} == {
        device.number for device in town.devices if device.kind == "monitor"
    }
    assert all(clip.true.end_us < town.day_start_us and not clip.turned for clip in town.commissioning)

    for one, other in pairwise(town.clips):
        assert one.device.number != other.device.number or one.true.end_us <= other.true.start_us


@given(seeds)
def test_each_fault_is_planted_once(seed: int) -> None:
    planted = [fault.fault for fault in invent_town(seed, NOON_US).planted]
    assert sorted(planted) == sorted(FAULTS)


@given(seeds)
def test_file_names_are_all_different_and_show_the_clock_of_the_device(seed: int) -> None:
    town = invent_town(seed, NOON_US)
    assert len({clip.file_name for clip in town.clips}) == len(town.clips)
    wrong = [clip for clip in town.clips if clip.device.offset_us]
    assert {abs(clip.device.offset_us) for clip in wrong} == {7 * MICROS_PER_SECOND}
    shown = moment_of(UtcMicros(wrong[0].true.start_us + wrong[0].device.offset_us)).astimezone(ZONE)
    assert f"_{shown:%Y%m%dT%H%M%S}_" in wrong[0].file_name


@given(seeds)
def test_no_hole_beyond_the_tolerances_is_there_that_was_not_planted(seed: int) -> None:
    town = invent_town(seed, NOON_US)
    for duty in town.duties:
        holder_of = {officer.number: device for device, officer in town.held.items()}
        device = holder_of.get(duty.officer.number)
        if duty.kind == "break" or device is None or not _filmed(town, device):
            continue
        holes = subtract([duty.interval], clip_to(_filmed(town, device), duty.interval))
        planted = [fault.gap for fault in town.planted if fault.duty == duty.number and fault.fault != "clock_7s"]
        long_holes = [hole for hole in holes if hole.duration_us > 6 * MICROS_PER_SECOND]
        assert sorted(long_holes) == sorted(gap for gap in planted if gap is not None and gap in long_holes)
        assert sum(hole.duration_us for hole in holes if hole not in long_holes) <= 12 * MICROS_PER_SECOND


def _filmed(town: Town, device: str) -> list[TimeInterval]:
    return union(clip.true for clip in town.clips if clip.device.number == device)


@given(seeds)
def test_a_damaged_file_has_sound_neighbours_on_both_sides(seed: int) -> None:
    town = invent_town(seed, NOON_US)
    (damaged,) = (clip for clip in town.clips if clip.fault)
    mates = [clip for clip in town.clips if clip.device == damaged.device]
    assert any(clip.true.end_us == damaged.true.start_us for clip in mates)
    assert any(clip.true.start_us == damaged.true.end_us for clip in mates)


def test_seeds_differ_in_devices_times_and_faults() -> None:
    towns = [invent_town(seed, NOON_US) for seed in range(12)]
    assert len({town.devices for town in towns}) == 12
    assert len({town.clips for town in towns}) == 12
    assert len({next(clip.fault for clip in town.clips if clip.fault) for town in towns}) == 2


def test_one_seed_at_one_moment_is_one_town() -> None:
    assert invent_town(5, NOON_US) == invent_town(5, NOON_US)


@pytest.mark.parametrize(
    ("now", "end"),
    [
        pytest.param("2026-11-21T12:00:30+08:00", "2026-11-21T11:57:00+08:00", id="three whole minutes ago"),
        pytest.param("2026-11-21T00:40:00+08:00", "2026-11-20T23:59:00+08:00", id="the evening before, after midnight"),
        pytest.param("2026-11-21T02:00:00+08:00", "2026-11-21T01:57:00+08:00", id="once the day is old enough"),
    ],
)
def test_the_window_ends(now: str, end: str) -> None:
    assert window_end_us(parse_rfc3339(now)) == parse_rfc3339(end)
    assert window_end_us(parse_rfc3339(now)) <= parse_rfc3339(now) - 3 * MINUTE_US + MINUTE_US


@given(seeds)
def test_a_case_with_footage_happened_while_a_sound_clip_was_recorded(seed: int) -> None:
    town = invent_town(seed, NOON_US)
    device_of = {officer.number: device for device, officer in town.held.items()}
    for case in town.cases:
        shown = [
            clip.true
            for clip in town.clips
            if not clip.fault and clip.device.number == device_of.get(case.officer.number)
        ]
        assert any(interval.contains(case.occurred_us) for interval in shown) is case.has_footage
    assert [case.has_footage for case in town.cases] == [True, True, False]
