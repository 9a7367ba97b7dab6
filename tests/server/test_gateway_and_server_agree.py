"""The same files give the same gaps at the gateway and at the server, and no cause of one contradicts the other's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.coverage import CoverageState, Tolerance, judge_expected
from edge.contract.intervals import TimeInterval, union
from edge.domain.across_files import summarise
from edge.domain.device_files import DEFAULT_LIMITS, FileFacts, PlacedFault
from edge.domain.preliminary_gaps import DEFAULT_TOLERANCE
from server.domain.causes import gap_cause
from server.domain.device_facts import ClipFact, DeviceFacts
from tests.edge.domain.device_times import a_file, numbered, span


def _clip(file: FileFacts) -> ClipFact:
    return ClipFact(
        clip_id=file.content,
        file_name=file.name,
        start_us=file.start_us,
        end_us=file.end_us,
        recorded=file.recorded,
        verdict="damaged" if file.is_damaged else "whole",
        faults=tuple(fault.code for fault in file.faults),
        sequence=file.sequence,
        state="sealed",
        docking_number="D1",
        received_us=0,
        sealed_us=0,
        measured_offset_us=None,
        applied_offset_us=0,
    )


def _server(files: list[FileFacts]) -> DeviceFacts:
    clips = sorted(map(_clip, files), key=lambda clip: (clip.start_us or -1, clip.file_name))
    return DeviceFacts("BC01", tuple(clips), ())


spans = st.tuples(st.integers(0, 300), st.integers(1, 40)).map(lambda pair: span(pair[0], pair[0] + pair[1]))


@given(st.lists(st.lists(spans, min_size=1, max_size=3), min_size=1, max_size=8))
def test_the_gaps_between_first_and_last_picture_are_the_same(found: list[list[TimeInterval]]) -> None:
    files = [a_file(f"f{number}", *union(pieces)) for number, pieces in enumerate(found)]
    summary, server = summarise(files), _server(files)
    whole = TimeInterval(summary.coverage[0].start_us, summary.coverage[-1].end_us)
    stretches = judge_expected(
        whole,
        server.recorded,
        known_until_us=whole.end_us,
        tolerance=Tolerance(DEFAULT_TOLERANCE.start_us, DEFAULT_LIMITS.join_us, DEFAULT_TOLERANCE.end_us),
        holes_inside_files=[hole for clip in server.clips for hole in clip.holes],
    )
    judged = [stretch.interval for stretch in stretches if stretch.state is CoverageState.GAP]
    assert union(gap.interval for gap in summary.gaps) == judged


@pytest.mark.parametrize(
    ("files", "cause"),
    [
        pytest.param([*numbered((0, 60)), *numbered((120, 180), first=3)], "segment_missing", id="a number left out"),
        pytest.param(
            [*numbered((0, 60)), a_file("b", span(60, 80), sequence=2, damaged=True), *numbered((120, 180), first=3)],
            "file_damaged",
            id="a damaged file",
        ),
        pytest.param([a_file("a", span(0, 60), span(70, 90))], "unknown", id="frames missing in one file"),
        pytest.param(
            [a_file("a", span(0, 60), span(70, 90), faults=(PlacedFault("clock_step", span(60, 70)),))],
            "clock_step",
            id="the clock jumps inside a file",
        ),
        pytest.param(numbered((0, 60), (500, 560)), "unknown", id="a pause while the numbers go on"),
        pytest.param(
            [a_file("a", span(0, 60), sequence=9999), a_file("b", span(120, 180), sequence=1)],
            "unknown",
            id="a count that begins again",
        ),
    ],
)
def test_the_cause_of_a_gap_is_the_same(files: list[FileFacts], cause: str) -> None:
    (gap,) = summarise(files).gaps
    explained = gap_cause(gap.interval, [_server(files)], join_us=DEFAULT_LIMITS.join_us, reaches_end=False)
    assert (gap.cause, explained.cause.value) == (cause, cause)


def test_a_clock_set_back_while_the_numbers_go_on_is_a_gap_for_neither() -> None:
    files = numbered((0, 60), (60, 120), (30, 90), (90, 150))
    assert summarise(files).gaps == ()
    assert union(_server(files).recorded) == [span(0, 150)]
