"""Was it recording? Time lines in which one character is one minute."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.coverage import CoverageState, GapKind, Stretch, Tolerance, gap_kind, judge_expected
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval, clip_to, union

MINUTE_US = 60_000_000
LETTER = {
    CoverageState.RECORDED: "r",
    CoverageState.TOLERATED: "t",
    CoverageState.GAP: "g",
    CoverageState.UNDETERMINED: "u",
}
ONE_MINUTE_EACH = Tolerance(start_us=MINUTE_US, join_us=MINUTE_US, end_us=MINUTE_US)
NONE_AT_THE_ENDS = Tolerance(start_us=0, join_us=MINUTE_US, end_us=0)


def minutes(start: int, end: int) -> TimeInterval:
    return TimeInterval(UtcMicros(start * MINUTE_US), UtcMicros(end * MINUTE_US))


def runs(line: str, letter: str) -> list[TimeInterval]:
    return union(minutes(at, at + 1) for at, found in enumerate(line) if found == letter)


def drawn(stretches: list[Stretch]) -> str:
    return "".join(LETTER[part.state] * (part.interval.duration_us // MINUTE_US) for part in stretches)


def judged(line: str, tolerance: Tolerance) -> str:
    """`#` recorded, `.` not, `x` a hole inside a file, `|` the end of the last docking."""
    known = line.index("|") if "|" in line else len(line)
    flat = line.replace("|", "")
    return drawn(
        judge_expected(
            minutes(0, len(flat)),
            runs(flat, "#"),
            known_until_us=UtcMicros(known * MINUTE_US),
            tolerance=tolerance,
            holes_inside_files=runs(flat, "x"),
        )
    )


@pytest.mark.parametrize(
    ("recorded", "states"),
    [
        pytest.param("######", "rrrrrr", id="recording throughout has no gap"),
        pytest.param("......", "gggggg", id="no recording is one gap, the whole duty"),
        pytest.param("..####", "ggrrrr", id="a late start is a gap"),
        pytest.param(".#####", "grrrrr", id="without grace the first minute counts"),
        pytest.param("####..", "rrrrgg", id="an early stop is a gap"),
        pytest.param("##.###", "rrtrrr", id="a hole within the tolerance is tolerated, and shown"),
        pytest.param("##..##", "rrggrr", id="a longer hole is a gap as a whole"),
        pytest.param("##x###", "rrgrrr", id="a hole inside one file is never tolerated"),
        pytest.param("###|...", "rrruuu", id="after the last docking nothing is known yet"),
        pytest.param("##..|..", "rrgguu", id="what was already too long at the docking is a gap"),
        pytest.param("###.|..", "rrruuu", id="a short hole that may still be tolerated is not a gap yet"),
        pytest.param("##..|##", "rrggrr", id="footage beyond the docking is footage"),
    ],
)
def test_a_duty_of_six_minutes(recorded: str, states: str) -> None:
    assert judged(recorded, NONE_AT_THE_ENDS) == states


@pytest.mark.parametrize(
    ("recorded", "states"),
    [
        pytest.param(".####.", "trrrrt", id="a minute of grace at both ends is tolerated"),
        pytest.param("..##..", "ggrrgg", id="more than the grace is a gap from the first instant"),
        pytest.param("x#####", "trrrrr", id="grace at the start covers a hole inside a file, too"),
    ],
)
def test_a_duty_with_a_minute_of_grace(recorded: str, states: str) -> None:
    assert judged(recorded, ONE_MINUTE_EACH) == states


@pytest.mark.parametrize(
    ("gap", "kind"),
    [
        (minutes(0, 2), GapKind.LATE_START),
        (minutes(2, 4), GapKind.INTERRUPTION),
        (minutes(4, 6), GapKind.EARLY_STOP),
        (minutes(0, 6), GapKind.NOTHING_RECORDED),
    ],
)
def test_a_gap_is_named_by_its_place(gap: TimeInterval, kind: GapKind) -> None:
    assert gap_kind(gap, minutes(0, 6)) is kind


some_intervals = st.tuples(st.integers(0, 60), st.integers(1, 20)).map(
    lambda pair: TimeInterval(UtcMicros(pair[0]), UtcMicros(pair[0] + pair[1]))
)
tolerances = st.builds(Tolerance, start_us=st.integers(0, 10), join_us=st.integers(0, 10), end_us=st.integers(0, 10))


@given(some_intervals, st.lists(some_intervals), st.integers(0, 90), tolerances, st.lists(some_intervals))
def test_every_expected_instant_is_in_exactly_one_state(
    expected: TimeInterval,
    recorded: list[TimeInterval],
    known: int,
    tolerance: Tolerance,
    holes: list[TimeInterval],
) -> None:
    stretches = judge_expected(
        expected, recorded, known_until_us=UtcMicros(known), tolerance=tolerance, holes_inside_files=holes
    )
    at = expected.start_us
    for stretch, following in zip(stretches, [*stretches[1:], None], strict=True):
        assert stretch.interval.start_us == at
        assert following is None or following.state is not stretch.state
        at = stretch.interval.end_us
    assert at == expected.end_us


@given(some_intervals, st.lists(some_intervals), st.integers(0, 90), tolerances)
def test_what_is_recorded_is_recorded_and_nothing_else(
    expected: TimeInterval, recorded: list[TimeInterval], known: int, tolerance: Tolerance
) -> None:
    stretches = judge_expected(expected, recorded, known_until_us=UtcMicros(known), tolerance=tolerance)
    found = [part.interval for part in stretches if part.state is CoverageState.RECORDED]
    assert found == clip_to(recorded, expected)


@given(some_intervals, st.lists(some_intervals), st.integers(0, 90), tolerances)
def test_before_the_docking_nothing_is_gap_that_was_recorded_and_after_it_nothing_is_gap(
    expected: TimeInterval, recorded: list[TimeInterval], known: int, tolerance: Tolerance
) -> None:
    for part in judge_expected(expected, recorded, known_until_us=UtcMicros(known), tolerance=tolerance):
        if part.state in (CoverageState.GAP, CoverageState.TOLERATED):
            assert part.interval.end_us <= known
            assert clip_to(recorded, part.interval) == []


@given(some_intervals, st.lists(some_intervals), st.lists(some_intervals), st.integers(0, 90))
def test_without_tolerance_more_footage_never_makes_more_gap(
    expected: TimeInterval, recorded: list[TimeInterval], more: list[TimeInterval], known: int
) -> None:
    def gap_us(footage: list[TimeInterval]) -> int:
        judged = judge_expected(expected, footage, known_until_us=UtcMicros(known), tolerance=Tolerance(0, 0, 0))
        return sum(part.interval.duration_us for part in judged if part.state is CoverageState.GAP)

    assert gap_us([*recorded, *more]) <= gap_us(recorded)
