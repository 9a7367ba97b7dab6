"""The comparison is strict: a fault found as something else is missed, and a finding nobody planted is false."""

from __future__ import annotations

from dataclasses import replace

import pytest
from demo_stage.truth import PlantedFault, Seen, SeenFinding, Truth, compare, edge_error_ms

from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval

SECOND_US = 1_000_000


def span(start_s: float, end_s: float) -> TimeInterval:
    return TimeInterval(UtcMicros(round(start_s * SECOND_US)), UtcMicros(round(end_s * SECOND_US)))


def truth(*planted: PlantedFault) -> Truth:
    coverage = {"R": [span(0, 100), span(160, 300)]}
    return Truth(UtcMicros(0), "2026-11-21", {}, coverage, planted, {"D": "O"}, {}, frozenset(), frozenset())


def seen(*findings: SeenFinding, states: frozenset[str] = frozenset()) -> Seen:
    return Seen(findings, {"R": [span(0, 100.04), span(160, 300)]}, {"D": states})


INTERRUPTION = PlantedFault("interruption", "interruption, unknown", "R", "O", "D", span(100, 160))
THERE = SeenFinding("interruption", "unknown", "R", "O", "D", span(100.04, 160))
TRUNCATED = PlantedFault("truncated_file", "file_damaged", "R", "O", "D", span(200, 240))
HOLE = SeenFinding("interruption", "file_damaged", "R", "O", "D", span(200, 240))
DAMAGED = SeenFinding("clip_damaged", "file_damaged", "R", "O", None, None)


def test_a_fault_that_is_found_gives_its_edge_error() -> None:
    result = compare(truth(INTERRUPTION), seen(THERE))
    assert result.planted[0].right
    assert result.planted[0].edge_error_ms == pytest.approx(40)
    assert not result.false_findings


def test_a_fault_that_is_not_found_has_neither_name_nor_edge() -> None:
    (missed,) = compare(truth(INTERRUPTION), seen()).planted
    assert (missed.found, missed.edge_error_ms, missed.right) == (None, None, False)


def test_a_fault_found_with_another_cause_is_not_right() -> None:
    (wrong,) = compare(truth(INTERRUPTION), seen(replace(THERE, cause="power"))).planted
    assert (wrong.found, wrong.right) == ("interruption, power", False)


def test_a_finding_that_nobody_planted_is_false() -> None:
    stray = replace(THERE, kind="early_stop", interval=span(280, 300))
    assert compare(truth(INTERRUPTION), seen(THERE, stray)).false_findings == [stray]


def test_a_second_finding_for_one_hole_is_false() -> None:
    assert len(compare(truth(INTERRUPTION), seen(THERE, replace(THERE))).false_findings) == 1


def test_a_damaged_file_must_show_as_a_clip_and_as_a_hole() -> None:
    assert compare(truth(TRUNCATED), seen(HOLE, DAMAGED)).planted[0].right
    assert compare(truth(TRUNCATED), seen(DAMAGED)).planted[0].found == "clip_damaged"
    assert compare(truth(TRUNCATED), seen(HOLE)).planted[0].found is None


def test_a_hole_of_a_damaged_file_does_not_pass_for_the_interruption_beside_it() -> None:
    result = compare(truth(INTERRUPTION, TRUNCATED), seen(THERE, HOLE, DAMAGED))
    assert all(fault.right for fault in result.planted)
    assert not result.false_findings


@pytest.mark.parametrize(
    ("states", "right"),
    [
        pytest.param({"undetermined"}, True, id="a recorder not docked leaves the duty undetermined"),
        pytest.param({"gap"}, False, id="a gap would be an accusation too early"),
        pytest.param({"gap", "undetermined"}, False, id="even in part"),
        pytest.param(set(), False, id="silence is no answer"),
    ],
)
def test_a_duty_whose_recorder_is_away(states: set[str], right: bool) -> None:
    away = PlantedFault("not_docked", "undetermined", "R", "O", "D", span(0, 300))
    assert compare(truth(away), seen(states=frozenset(states))).planted[0].right is right


def test_the_clock_fault_is_measured_on_the_corrected_coverage() -> None:
    clock = PlantedFault("clock_7s", "clock_offset", "R", "O", "D", span(0, 300))
    finding = SeenFinding("clock_offset", None, "R", None, None, None)
    assert compare(truth(clock), seen(finding)).planted[0].edge_error_ms == pytest.approx(40)


def test_coverage_with_another_number_of_stretches_has_no_edge_error() -> None:
    assert edge_error_ms([span(0, 1), span(2, 3)], [span(0, 3)]) is None
    assert edge_error_ms([], []) is None
