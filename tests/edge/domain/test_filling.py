"""When disks fill: levels come in their order, receipts and age make room, a recorder's hours follow its clips."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_SECOND, UtcMicros
from edge.domain.filling import (
    FARTHEST_US,
    Disk,
    DiskForecast,
    DiskLevels,
    Intake,
    RecordedClip,
    RecorderRoom,
    forecast_disk,
    recorder_room,
)
from edge.domain.retention import KeepReason

NOW = UtcMicros(1_790_000_000_000_000)
LEVELS = DiskLevels(80, 90, 95)
GB, DAY = 10**9, MICROS_PER_DAY
WEEK = 7 * DAY


def foretold(disk: Disk, *, landed: int, receipted: int) -> DiskForecast:
    return forecast_disk(disk, Intake(landed, receipted, DAY), LEVELS, now_us=NOW)


disks = st.builds(
    lambda total, used, droppable, keep: Disk(
        round(total * used), total, round(total * used * droppable), round(keep * DAY)
    ),
    st.integers(GB, 10_000 * GB),
    st.floats(0, 1),
    st.floats(0, 1),
    st.sampled_from([0, 0.5, 7, 3650]),
)
intakes = st.builds(Intake, st.integers(0, 500 * GB), st.integers(0, 500 * GB), st.integers(MICROS_PER_HOUR, DAY))


@given(disks, intakes)
def test_the_levels_are_reached_in_their_order_and_never_in_the_past(disk: Disk, intake: Intake) -> None:
    found = forecast_disk(disk, intake, LEVELS, now_us=NOW)
    times = [found.warn_us, found.drop_us, found.stop_us]
    reached = [at_us for at_us in times if at_us is not None]
    assert all(NOW <= at_us <= NOW + FARTHEST_US for at_us in reached)
    assert times[: len(reached)] == reached
    assert all(before <= after + 1 for before, after in pairwise(reached))
    assert found.frees_bytes >= 0


@given(disks, intakes, st.integers(1, 100 * GB))
def test_more_footage_a_day_stops_it_no_later(disk: Disk, intake: Intake, more: int) -> None:
    less = forecast_disk(disk, intake, LEVELS, now_us=NOW).stop_us
    busier = Intake(intake.landed_bytes + more, min(intake.receipted_bytes, intake.landed_bytes), intake.span_us)
    sooner = forecast_disk(disk, busier, LEVELS, now_us=NOW).stop_us
    if less is not None:
        assert sooner is not None
        assert sooner <= less


def test_days_offline_fill_the_disk_by_what_lands() -> None:
    found = foretold(Disk(500 * GB, 1000 * GB, 0, WEEK), landed=50 * GB, receipted=0)
    assert [found.warn_us, found.drop_us, found.stop_us] == [NOW + 6 * DAY, NOW + 8 * DAY, NOW + 9 * DAY]
    assert found.frees_bytes == 0
    assert not found.stops_soon(NOW)
    assert found.stops_soon(UtcMicros(NOW + 8 * DAY))


def test_copies_that_have_their_receipt_make_room_before_anything_stops() -> None:
    found = foretold(Disk(700 * GB, 1000 * GB, 400 * GB, 10_000 * DAY), landed=50 * GB, receipted=0)
    assert found.drop_us is not None
    assert found.stop_us is not None
    assert (found.drop_us - NOW) / DAY == pytest.approx(4, abs=0.01)
    assert (found.stop_us - NOW) / DAY == pytest.approx(13, abs=0.01)
    assert found.frees_bytes == pytest.approx(400 * GB, rel=0.01)


def test_a_gateway_whose_uplink_keeps_up_never_fills() -> None:
    steady = foretold(Disk(400 * GB, 1000 * GB, 350 * GB, WEEK), landed=50 * GB, receipted=50 * GB)
    assert (steady.warn_us, steady.drop_us, steady.stop_us) == (None, None, None)
    assert steady.frees_bytes == 350 * GB


def test_a_level_that_is_reached_is_reached_now() -> None:
    found = foretold(Disk(960 * GB, 1000 * GB, 0, WEEK), landed=0, receipted=0)
    assert [found.warn_us, found.drop_us, found.stop_us] == [NOW, NOW, NOW]


# ------------------------------------------------------------------ a recorder
def room(free_bytes: int | None, *clips: RecordedClip, waiting: int = 0, rule: str = "receipted") -> RecorderRoom:
    return recorder_room(
        free_bytes=free_bytes,
        last_clips=clips,
        waiting_clips=waiting,
        last_receipt_us=UtcMicros(NOW - 2 * DAY),
        rule=rule,
        clock_trusted=True,
        now_us=NOW,
    )


def test_a_recorders_hours_follow_from_its_last_clips() -> None:
    clip = RecordedClip(10**9, 1000 * MICROS_PER_SECOND)
    found = room(3600 * 3 * 10**6, clip, clip, RecordedClip(5, 0), waiting=4)
    assert found.left_us == 3 * MICROS_PER_HOUR
    assert found.nearly_full
    assert found.reasons == {KeepReason.NOT_RECEIPTED, KeepReason.WITHIN_A_DAY}


@pytest.mark.parametrize(("free", "clips"), [(None, [RecordedClip(1, 1)]), (1, []), (1, [RecordedClip(9, 0)])])
def test_without_its_statement_or_its_clips_nothing_is_said(free: int | None, clips: list[RecordedClip]) -> None:
    assert room(free, *clips).left_us is None
    assert not room(free, *clips).nearly_full


def test_a_full_recorder_has_nothing_left() -> None:
    assert room(0, RecordedClip(1, 1), rule="keep").left_us == 0
    assert room(0, RecordedClip(1, 1), rule="keep").reasons == {KeepReason.RULE_KEEPS}


@given(st.integers(0, 10**12), st.integers(1, 10**10), st.integers(1, 10**10))
def test_a_recorder_never_has_less_time_with_more_room(free: int, more: int, recorded_us: int) -> None:
    clip = RecordedClip(10**9, recorded_us)
    assert (room(free, clip).left_us or 0) <= (room(free + more, clip).left_us or 0)
