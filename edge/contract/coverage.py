"""Was it recording? Every expected instant gets exactly one of four states."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval, clip_to, interval_or_none, subtract


class CoverageState(StrEnum):
    """The state of an expected instant. Source: rule set `cn-traffic`, section gaps."""

    RECORDED = "recorded"
    TOLERATED = "tolerated"
    GAP = "gap"
    UNDETERMINED = "undetermined"


class GapKind(StrEnum):
    """Where in the expected interval a gap lies."""

    LATE_START = "late_start"
    INTERRUPTION = "interruption"
    EARLY_STOP = "early_stop"
    NOTHING_RECORDED = "nothing_recorded"
    NO_RECORDER_ASSIGNED = "no_recorder_assigned"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Longest hole that is tolerated, by its place, in microseconds. A hole as long as the limit is tolerated.

    Source: rules `gap.start_grace`, `gap.join_tolerance`, `gap.end_grace`.
    """

    start_us: int
    join_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring expected instants of one state."""

    interval: TimeInterval
    state: CoverageState


def judge_expected(
    expected: TimeInterval,
    recorded: Iterable[TimeInterval],
    *,
    known_until_us: UtcMicros,
    tolerance: Tolerance,
    holes_inside_files: Iterable[TimeInterval] = (),
) -> list[Stretch]:
    """Every instant of `expected` in exactly one state, in time order, neighbours of one state merged.

    `recorded` may overlap and come in any order. A hole is judged whole, by the place where it begins and ends; of a
    hole that reaches beyond `known_until_us` (end of the last docking that reported its file list) the later part is
    UNDETERMINED, and so is the earlier part while the hole might still turn out to be tolerated.
    `holes_inside_files` are holes the inspection found inside one file: never tolerated between frames, only at the
    ends of the expected interval, and only where nothing else was recorded.
    """
    covered = clip_to(recorded, expected)
    inner = clip_to(holes_inside_files, expected)
    stretches = [Stretch(interval, CoverageState.RECORDED) for interval in covered]
    for hole in subtract([expected], covered):
        stretches.extend(_judge_hole(hole, expected, inner, known_until_us, tolerance))
    return _merged(sorted(stretches, key=lambda stretch: stretch.interval))


def _judge_hole(
    hole: TimeInterval,
    expected: TimeInterval,
    inner: list[TimeInterval],
    known_until_us: UtcMicros,
    tolerance: Tolerance,
) -> list[Stretch]:
    if hole.start_us == expected.start_us:
        allowed_us = tolerance.start_us
    elif hole.end_us > known_until_us:
        allowed_us = max(tolerance.join_us, tolerance.end_us)  # footage may yet follow, or the duty may end here
    elif hole.end_us == expected.end_us:
        allowed_us = tolerance.end_us
    elif any(hole.overlaps(inside) for inside in inner):
        allowed_us = 0
    else:
        allowed_us = tolerance.join_us
    known = interval_or_none(hole.start_us, min(hole.end_us, known_until_us))
    unknown = interval_or_none(max(hole.start_us, known_until_us), hole.end_us)
    judged: list[Stretch] = []
    if known is not None:
        if known.duration_us > allowed_us:
            state = CoverageState.GAP
        else:
            state = CoverageState.TOLERATED if unknown is None else CoverageState.UNDETERMINED
        judged.append(Stretch(known, state))
    if unknown is not None:
        judged.append(Stretch(unknown, CoverageState.UNDETERMINED))
    return judged


def gap_kind(gap: TimeInterval, expected: TimeInterval) -> GapKind:
    """The kind of a gap by its place in the expected interval. A missing recorder is known only to the caller."""
    starts_late, stops_early = gap.start_us == expected.start_us, gap.end_us == expected.end_us
    if starts_late and stops_early:
        return GapKind.NOTHING_RECORDED
    if starts_late:
        return GapKind.LATE_START
    return GapKind.EARLY_STOP if stops_early else GapKind.INTERRUPTION


def _merged(stretches: list[Stretch]) -> list[Stretch]:
    merged: list[Stretch] = []
    for stretch in stretches:
        last = merged[-1] if merged else None
        if last is not None and last.state is stretch.state and last.interval.end_us == stretch.interval.start_us:
            merged[-1] = Stretch(TimeInterval(last.interval.start_us, stretch.interval.end_us), stretch.state)
        else:
            merged.append(stretch)
    return merged
