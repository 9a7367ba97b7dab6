"""Was recorded what had to be? Time lines: one character is one minute of a duty of six."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.coverage import CoverageState, Tolerance
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval, total_us, union
from server.domain.compliance import HoldingFact, JudgedStretch, judge_duty
from server.domain.device_facts import ClipFact, DeviceFacts, DockFact

MINUTE_US = 60_000_000
DUTY = TimeInterval(UtcMicros(0), UtcMicros(6 * MINUTE_US))
TOLERANCE = Tolerance(start_us=MINUTE_US // 2, join_us=MINUTE_US, end_us=MINUTE_US // 2)
NEXT_DAY_US = UtcMicros(30 * 60 * MINUTE_US)
STATES = {
    CoverageState.RECORDED: "r",
    CoverageState.TOLERATED: "t",
    CoverageState.GAP: "g",
    CoverageState.UNDETERMINED: "u",
}


def minutes(line: str, mark: str = "#") -> list[TimeInterval]:
    return [
        TimeInterval(UtcMicros(at * MINUTE_US), UtcMicros((at + 1) * MINUTE_US))
        for at, character in enumerate(line)
        if character == mark
    ]


def device(
    number: str, line: str, *, docked_min: float | None = 60, pending: bool = False, **more: bool
) -> DeviceFacts:
    clips = tuple(
        ClipFact(
            clip_id=f"{number}-{piece.start_us}",
            file_name=f"{number}.mp4",
            start_us=piece.start_us,
            end_us=piece.end_us,
            recorded=(piece,),
            verdict="whole",
            faults=(),
            sequence=None,
            state="sealed",
            docking_number="dock",
            received_us=0,
            sealed_us=0,
            measured_offset_us=None,
            applied_offset_us=0,
            doubtful=more.get("doubtful", False),
        )
        for piece in union(minutes(line))
    )
    docks = ()
    if docked_min is not None:
        until_us = round(docked_min * MINUTE_US)
        waiting = ("late.mp4",) if pending else ()
        finished_us = max((clip.end_us for clip in clips if clip.end_us is not None), default=0)
        growing = more.get("growing", False)
        docks = (DockFact("dock", until_us, until_us, True, waiting, growing, finished_us=finished_us),)
    return DeviceFacts(number, clips, docks, docks)


def held(number: str, interval: TimeInterval = DUTY, *, ambiguous: bool = False) -> HoldingFact:
    return HoldingFact(number, interval, ambiguous)


def judge(
    holdings: list[HoldingFact],
    devices: list[DeviceFacts],
    *,
    known_us: int = 120 * MINUTE_US,
    deadline_us: int = NEXT_DAY_US,
) -> tuple[JudgedStretch, ...]:
    return judge_duty(
        DUTY,
        holdings=holdings,
        devices={facts.device_number: facts for facts in devices},
        known_us=UtcMicros(known_us),
        deadline_us=UtcMicros(deadline_us),
        tolerance=TOLERANCE,
    )


def drawn(stretches: tuple[JudgedStretch, ...]) -> str:
    def at(minute: int) -> str:
        middle = UtcMicros(minute * MINUTE_US + MINUTE_US // 2)
        [state] = [one.state for one in stretches if one.interval.contains(middle)]
        return STATES[state]

    return "".join(at(minute) for minute in range(6))


@pytest.mark.parametrize(
    ("recorded", "states"),
    [
        pytest.param("######", "rrrrrr", id="recording throughout has no gap"),
        pytest.param("..####", "ggrrrr", id="a late start is a gap"),
        pytest.param("####..", "rrrrgg", id="an early stop is a gap"),
        pytest.param("##..##", "rrggrr", id="an interruption is a gap"),
        pytest.param("##.###", "rrtrrr", id="a hole within the tolerance is tolerated, and shown"),
        pytest.param("......", "gggggg", id="nothing recorded is one gap"),
    ],
)
def test_a_duty_of_six_minutes_with_one_recorder(recorded: str, states: str) -> None:
    assert drawn(judge([held("A")], [device("A", recorded)])) == states


@pytest.mark.parametrize(
    ("recorded", "kinds"),
    [
        ("..####", ["late_start"]),
        ("####..", ["early_stop"]),
        ("##..##", ["interruption"]),
        ("......", ["nothing_recorded"]),
        ("..#..#", ["late_start", "interruption"]),
    ],
)
def test_a_gap_is_named_by_its_place(recorded: str, kinds: list[str]) -> None:
    stretches = judge([held("A")], [device("A", recorded)])
    assert [one.kind for one in stretches if one.state is CoverageState.GAP] == kinds


@pytest.mark.parametrize(
    ("docked_min", "recorded", "states"),
    [
        pytest.param(None, "###...", "rrruuu", id="never docked: nothing but what has arrived is known"),
        pytest.param(4, "##....", "rrgguu", id="after the last docking nothing is known yet"),
        pytest.param(6, "##....", "rrgggg", id="a docking at the end settles the duty"),
        pytest.param(3, "##...#", "rruuur", id="a hole that may still close is not a gap"),
    ],
)
def test_nothing_is_a_gap_before_the_recorder_was_docked(docked_min: float | None, recorded: str, states: str) -> None:
    assert drawn(judge([held("A")], [device("A", recorded, docked_min=docked_min)])) == states


def test_what_was_not_handed_in_by_the_deadline_is_a_gap_of_its_own_kind() -> None:
    stretches = judge([held("A")], [device("A", "##....", docked_min=None)], known_us=NEXT_DAY_US)
    assert drawn(stretches) == "rrgggg"
    assert [one.kind for one in stretches if one.state is CoverageState.GAP] == ["not_handed_in"]


def test_one_microsecond_before_the_deadline_it_is_still_open() -> None:
    stretches = judge([held("A")], [device("A", "##....", docked_min=None)], known_us=NEXT_DAY_US - 1)
    assert drawn(stretches) == "rruuuu"


def test_listed_files_that_have_not_arrived_leave_the_rest_undetermined_even_after_the_deadline() -> None:
    stretches = judge([held("A")], [device("A", "##....", pending=True)], known_us=NEXT_DAY_US)
    assert drawn(stretches) == "rruuuu"
    assert [one.kind for one in stretches if one.state is CoverageState.UNDETERMINED] == ["not_yet_uploaded"]


def test_a_file_still_being_written_lies_after_the_last_finished_one() -> None:
    stretches = judge([held("A")], [device("A", "..##..", docked_min=5, pending=True, growing=True)])
    assert drawn(stretches) == "ggrruu"


def test_a_duty_without_a_recorder_is_a_gap_at_once_but_never_in_the_future() -> None:
    stretches = judge([], [], known_us=4 * MINUTE_US)
    assert drawn(stretches) == "gggguu"
    assert stretches[0].kind == "no_recorder_assigned"


def test_two_recorders_cover_a_duty_together() -> None:
    stretches = judge([held("A"), held("B")], [device("A", "###..."), device("B", "...###")])
    assert drawn(stretches) == "rrrrrr"


def test_as_long_as_one_of_two_recorders_was_not_docked_a_hole_is_open() -> None:
    stretches = judge([held("A"), held("B")], [device("A", "###..."), device("B", "......", docked_min=None)])
    assert drawn(stretches) == "rrruuu"


def test_footage_outside_the_holding_does_not_count() -> None:
    first_half = TimeInterval(UtcMicros(0), UtcMicros(3 * MINUTE_US))
    stretches = judge([held("A", first_half)], [device("A", "######")])
    assert drawn(stretches) == "rrrggg"
    assert [one.kind for one in stretches if one.state is CoverageState.GAP] == ["no_recorder_assigned"]


def test_a_recorder_that_two_people_held_counts_for_neither() -> None:
    stretches = judge([held("A", ambiguous=True)], [device("A", "####..")])
    assert drawn(stretches) == "uuuugg"


def test_content_that_two_devices_claim_counts_for_neither() -> None:
    assert drawn(judge([held("A")], [device("A", "######", doubtful=True)])) == "uuuuuu"


lines = st.text(alphabet="#.", min_size=6, max_size=6)
minutes_of_day = st.one_of(st.none(), st.integers(min_value=-2, max_value=9))


@given(
    st.lists(
        st.tuples(lines, minutes_of_day, st.booleans(), st.booleans(), st.integers(0, 5), st.integers(1, 6)), max_size=3
    ),
    st.integers(min_value=-1, max_value=40 * 60),
)
def test_every_expected_instant_is_in_exactly_one_state(
    parts: list[tuple[str, int | None, bool, bool, int, int]], known_min: int
) -> None:
    holdings, devices = [], []
    for index, (line, docked_min, pending, ambiguous, first, length) in enumerate(parts):
        interval = TimeInterval(UtcMicros(first * MINUTE_US), UtcMicros((first + length) * MINUTE_US))
        holdings.append(held(str(index), interval, ambiguous=ambiguous))
        devices.append(device(str(index), line, docked_min=docked_min, pending=pending))
    stretches = judge(holdings, devices, known_us=known_min * MINUTE_US)
    assert union(one.interval for one in stretches) == [DUTY]
    assert sum(one.interval.duration_us for one in stretches) == DUTY.duration_us


@given(lines, lines, minutes_of_day)
def test_more_footage_never_makes_a_gap(line: str, more: str, docked_min: int | None) -> None:
    both = "".join("#" if "#" in pair else "." for pair in zip(line, more, strict=True))

    def gap_us(recorded: str) -> int:
        stretches = judge([held("A")], [device("A", recorded, docked_min=docked_min)])
        return total_us(one.interval for one in stretches if one.state is CoverageState.GAP)

    assert gap_us(both) <= gap_us(line)


@given(lines, st.integers(0, 9), st.integers(0, 9))
def test_a_later_docking_settles_more_and_never_unsettles(line: str, docked_min: int, later_min: int) -> None:
    first, second = sorted((docked_min, later_min))

    def open_us(until_min: int) -> int:
        stretches = judge([held("A")], [device("A", line, docked_min=until_min)])
        return total_us(one.interval for one in stretches if one.state is CoverageState.UNDETERMINED)

    assert open_us(second) <= open_us(first)
