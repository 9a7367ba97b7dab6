"""What the files of one device say together: coverage, gaps with their cause, overlaps, clock steps, missing numbers.

No duty is needed for it. The arithmetic of holes is that of `contract.coverage`: between files of one recording
`join_tolerance` is tolerated, inside a file nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge.contract.intervals import TimeInterval, intersection, interval_or_none, union
from edge.contract.manifest import ClockReading
from edge.domain.clock_drift import Drift, drift_of
from edge.domain.clock_steps import ClockStep, borders, clock_steps, unset_contents
from edge.domain.device_files import (
    DEFAULT_LIMITS,
    Duplicate,
    FileFacts,
    NotCounted,
    TimeLineLimits,
    without_duplicates,
    without_place,
)
from edge.domain.double_times import DoubleTime, resolve_double_times
from edge.domain.file_numbers import MissingNumbers, chains, missing_numbers
from edge.domain.gap_evidence import Gap, Neighbourhood

MOST_OVERLAPS = 1000
"""A thousand files of one start would make half a million pairs, which nobody reads."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two different files of one device that claim the same time: one of the two clocks is wrong."""

    interval: TimeInterval
    names: tuple[str, str]


@dataclass(frozen=True, slots=True)
class DeviceSummary:
    """All files of one device together; every list in order of time.

    From the first to the last instant of `coverage` each instant is in `coverage`, in `tolerated` or in a gap.
    `uncertainty_us`: how far a time here may lie apart from the truth.
    """

    coverage: tuple[TimeInterval, ...]
    gaps: tuple[Gap, ...]
    overlaps: tuple[Overlap, ...]
    tolerated: tuple[TimeInterval, ...] = ()
    clock_steps: tuple[ClockStep, ...] = ()
    missing_numbers: tuple[MissingNumbers, ...] = ()
    duplicates: tuple[Duplicate, ...] = ()
    not_counted: tuple[NotCounted, ...] = ()
    double_times: tuple[DoubleTime, ...] = ()
    growing: tuple[str, ...] = ()
    drift: Drift | None = None
    uncertainty_us: int = 0


def summarise(
    files: Iterable[FileFacts], *, limits: TimeLineLimits = DEFAULT_LIMITS, readings: Iterable[ClockReading] = ()
) -> DeviceSummary:
    """Everything the files say together. Their order does not matter; `readings` are the dockings' clocks."""
    once, duplicates = without_duplicates(files)
    once, double_times = resolve_double_times(once, join_us=limits.join_us)
    runs = chains(once)
    reasons = without_place(once, unset_contents(runs, once))
    placed = [file for file in once if file.content not in reasons]
    steps = clock_steps(borders(runs), limits)
    missing = missing_numbers(runs, once)
    alone = [file for file in once if file.content in reasons]
    around = Neighbourhood(placed, alone, reasons, missing, steps, _places(runs, steps))
    coverage, tolerated, gaps = _holes(placed, limits, around)
    return DeviceSummary(
        coverage=tuple(coverage),
        gaps=tuple(gaps),
        overlaps=tuple(_overlaps(placed, limits, around.place_of)),
        tolerated=tuple(tolerated),
        clock_steps=tuple(steps.values()),
        missing_numbers=tuple(missing),
        duplicates=tuple(duplicates),
        not_counted=tuple(sorted(reasons.values(), key=lambda one: (one.reason, one.name))),
        double_times=tuple(double_times),
        growing=tuple(sorted(file.name for file in once if file.is_growing)),
        drift=drift_of(readings, runs, limits),
        uncertainty_us=max((file.uncertainty_us + file.placed_us for file in placed), default=0),
    )


def _places(
    runs: Sequence[Sequence[FileFacts]], steps: Mapping[tuple[str, str], ClockStep]
) -> dict[str, tuple[int, int, int]]:
    """(run, place in it, how many steps before it) of every numbered content."""
    places: dict[str, tuple[int, int, int]] = {}
    for number, run in enumerate(runs):
        era = 0
        for place, file in enumerate(run):
            if place and (run[place - 1].content, file.content) in steps:
                era += 1
            places[file.content] = (number, place, era)
    return places


def _holes(
    placed: Sequence[FileFacts], limits: TimeLineLimits, around: Neighbourhood
) -> tuple[list[TimeInterval], list[TimeInterval], list[Gap]]:
    """Coverage, tolerated holes and gaps. What lies between two files and is too short to be seen is no hole."""
    merge_us = max([limits.merge_us, *(file.frame_us for file in placed)])
    broken = [(file, file.holes) for file in placed if len(file.recorded) > 1]
    inner = union(hole for _, holes in broken for hole in holes)
    coverage: list[TimeInterval] = []
    tolerated: list[TimeInterval] = []
    gaps: list[Gap] = []
    for piece in union(interval for file in placed for interval in file.recorded):
        hole = interval_or_none(coverage[-1].end_us, piece.start_us) if coverage else None
        if hole is None:
            coverage.append(piece)
            continue
        is_inside = any(hole.overlaps(one) for one in _about(inner, hole))
        if hole.duration_us <= merge_us and not is_inside:
            coverage[-1] = TimeInterval(coverage[-1].start_us, piece.end_us)
            continue
        if hole.duration_us <= limits.join_us and not is_inside:
            tolerated.append(hole)
        else:
            own = [file for file, holes in broken if is_inside and any(hole.overlaps(one) for one in holes)]
            gaps.append(around.explain(hole, own))
        coverage.append(piece)
    return coverage, tolerated, gaps


def _about(inner: Sequence[TimeInterval], hole: TimeInterval) -> Sequence[TimeInterval]:
    """The one or two of the disjoint intervals that may meet the hole."""
    place = bisect_left(inner, hole)
    return inner[max(0, place - 1) : place + 1]


def _overlaps(
    placed: Sequence[FileFacts], limits: TimeLineLimits, place_of: Mapping[str, tuple[int, int, int]]
) -> list[Overlap]:
    """Pairs that share more than the tolerance; not those between which the clock was set: that is said as a step."""
    found: list[Overlap] = []
    spans = sorted(
        ((TimeInterval(file.recorded[0].start_us, file.recorded[-1].end_us), file) for file in placed if file.recorded),
        key=lambda pair: (pair[0], pair[1].name),
    )
    for index, (span, file) in enumerate(spans):
        for later in range(index + 1, len(spans)):
            other, other_file = spans[later]
            if other.start_us >= span.end_us or len(found) >= MOST_OVERLAPS:
                break
            shared = intersection(span, other)
            least_us = max(limits.join_us, file.uncertainty_us, other_file.uncertainty_us)
            one, two = place_of.get(file.content), place_of.get(other_file.content)
            turned = one is not None and two is not None and one[0] == two[0] and one[2] != two[2]
            if shared is not None and shared.duration_us > least_us and not turned:
                found.append(Overlap(shared, (file.name, other_file.name)))
    return found
