"""What the files of one device say together: coverage, gaps with their cause, overlaps. No duty is needed for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval, interval_or_none, union
from edge.contract.sentences import sentence


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file of a device on the corrected axis. `recorded` is empty where nothing in it can be read."""

    name: str
    content: str
    start_us: UtcMicros | None
    recorded: tuple[TimeInterval, ...]
    sequence: int | None
    is_damaged: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """A hole in a device's footage with what explains it."""

    interval: TimeInterval
    cause: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two different files of one device that claim the same time: one of the two clocks is wrong."""

    interval: TimeInterval
    names: tuple[str, str]


@dataclass(frozen=True, slots=True)
class DeviceSummary:
    """All files of one device together."""

    coverage: tuple[TimeInterval, ...]
    gaps: tuple[Gap, ...]
    overlaps: tuple[Overlap, ...]


def summarise(files: Iterable[FileFacts], *, join_tolerance_us: int) -> DeviceSummary:
    """Coverage, holes longer than the tolerance between files, any hole inside a file, overlaps beyond the tolerance.

    The same content under two names counts once. Source: rule `gap.join_tolerance`.
    """
    once = {file.content: file for file in files}
    ordered = sorted(once.values(), key=lambda file: (file.start_us or 0, file.name))
    coverage = union(interval for file in ordered for interval in file.recorded)
    gaps = []
    for before, after in pairwise(coverage):
        hole = TimeInterval(before.end_us, after.start_us)
        inside = [file.name for file in ordered if _is_inside(file, hole)]
        if inside or hole.duration_us > join_tolerance_us:
            gaps.append(_explained(hole, ordered, inside))
    return DeviceSummary(tuple(coverage), tuple(gaps), tuple(_overlaps(ordered, join_tolerance_us)))


def _is_inside(file: FileFacts, hole: TimeInterval) -> bool:
    """Whether the file has footage on both sides of the hole."""
    ends = {interval.end_us for interval in file.recorded}
    return hole.start_us in ends and any(interval.start_us == hole.end_us for interval in file.recorded)


def _explained(hole: TimeInterval, ordered: Sequence[FileFacts], inside: list[str]) -> Gap:
    if inside:
        return Gap(hole, "unknown", (sentence("gap_inside", "frames are missing inside {name}", name=inside[0]),))
    evidence: list[str] = []
    damaged = [
        file.name
        for file in ordered
        if file.is_damaged and (_touches(file, hole) or (file.start_us is not None and hole.contains(file.start_us)))
    ]
    evidence += [sentence("gap_damaged", "{name} is damaged", name=name) for name in damaged]
    missing = _missing_sequence(hole, ordered)
    if missing is not None:
        evidence.append(sentence("gap_number", "no file numbered {number}", number=missing))
    cause = "file_damaged" if damaged else "segment_missing" if missing is not None else "unknown"
    return Gap(hole, cause, tuple(evidence))


def _touches(file: FileFacts, hole: TimeInterval) -> bool:
    return any(interval.end_us == hole.start_us for interval in file.recorded)


def _missing_sequence(hole: TimeInterval, ordered: Sequence[FileFacts]) -> str | None:
    """The numbers that the files on both sides of the hole leave out; None where they follow, or have none."""
    before = [file for file in ordered if file.sequence is not None and _touches(file, hole)]
    after = [file for file in ordered if file.sequence is not None and _begins_at(file, hole.end_us)]
    if not before or not after:
        return None
    first, last = (before[-1].sequence or 0) + 1, (after[0].sequence or 0) - 1
    if last < first or any(file.sequence is not None and first <= file.sequence <= last for file in ordered):
        return None
    return str(first) if first == last else f"{first}-{last}"


def _begins_at(file: FileFacts, at_us: int) -> bool:
    return any(interval.start_us == at_us for interval in file.recorded)


def _overlaps(ordered: Sequence[FileFacts], tolerance_us: int) -> list[Overlap]:
    found: list[Overlap] = []
    spans = [
        (TimeInterval(file.recorded[0].start_us, file.recorded[-1].end_us), file.name)
        for file in ordered
        if file.recorded
    ]
    spans.sort()
    for index, (span, name) in enumerate(spans):
        for other, other_name in spans[index + 1 :]:
            if other.start_us >= span.end_us:
                break
            shared = interval_or_none(other.start_us, min(span.end_us, other.end_us))
            if shared is not None and shared.duration_us > tolerance_us:
                found.append(Overlap(shared, (name, other_name)))
    return found
