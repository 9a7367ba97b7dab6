"""Why is there a gap? The best cause the evidence supports, with that evidence; never more than it supports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge.contract.inspection import FaultCode
from edge.contract.intervals import TimeInterval
from server.domain.device_facts import ClipFact, DeviceFacts, DockFact, damaged_near

EMPTY_BATTERY_PERCENT = 5.0
"""A battery at or below this at docking counts as run down. House rule."""
FULL_STORAGE_SHARE = 0.01
"""Free storage below this share of the whole counts as full. House rule."""

_CLOCK_STEP_FAULT = FaultCode.CLOCK_STEP.value


class GapCause(StrEnum):
    """Causes the server can find; a person may find others."""

    FILE_DAMAGED = "file_damaged"
    SEGMENT_MISSING = "segment_missing"
    STORAGE_FULL = "storage_full"
    POWER = "power"
    CLOCK_STEP = "clock_step"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Explained:
    """A cause with its evidence as (code, text)."""

    cause: GapCause
    evidence: tuple[tuple[str, str], ...] = ()


def gap_cause(gap: TimeInterval, devices: Iterable[DeviceFacts], *, join_us: int, reaches_end: bool) -> Explained:
    """The cause of one gap of these devices. `reaches_end`: the gap lasts until the end of what was expected."""
    found = [
        explained
        for device in sorted(devices, key=lambda facts: facts.device_number)
        for explained in (
            _damaged(gap, device, join_us),
            _segment_missing(gap, device),
            _clock_step(gap, device),
            _step_inside(gap, device),
            _run_down(gap, device) if reaches_end else None,
        )
        if explained is not None
    ]
    return min(found, key=lambda explained: list(GapCause).index(explained.cause), default=Explained(GapCause.UNKNOWN))


def _damaged(gap: TimeInterval, device: DeviceFacts, join_us: int) -> Explained | None:
    damaged = damaged_near(device.clips, gap, join_us)
    if not damaged:
        return None
    evidence = [("device", device.device_number)]
    for clip in damaged[:5]:
        evidence += [("file", clip.file_name), ("clip", clip.clip_id), ("faults", ", ".join(clip.faults))]
    return Explained(GapCause.FILE_DAMAGED, tuple(evidence))


def _neighbours(gap: TimeInterval, clips: Sequence[ClipFact]) -> tuple[ClipFact | None, ClipFact | None]:
    """The last clip that begins before the gap ends where it starts, and the first after it."""
    timed = [clip for clip in clips if clip.start_us is not None and not clip.doubtful]
    before = [clip for clip in timed if clip.start_us is not None and clip.start_us < gap.start_us]
    after = [clip for clip in timed if clip.start_us is not None and clip.start_us >= gap.end_us]
    return (before[-1] if before else None), (after[0] if after else None)


def _segment_missing(gap: TimeInterval, device: DeviceFacts) -> Explained | None:
    before, after = _neighbours(gap, device.clips)
    if before is None or after is None or before.sequence is None or after.sequence is None:
        return None
    if after.sequence - before.sequence < 2:
        return None
    present = {clip.sequence for clip in device.clips}
    missing = [number for number in range(before.sequence + 1, after.sequence)[:50] if number not in present]
    if not missing:
        return None
    return Explained(
        GapCause.SEGMENT_MISSING,
        (
            ("device", device.device_number),
            ("missing_sequence", ", ".join(str(number) for number in missing)),
            ("file_before", before.file_name),
            ("file_after", after.file_name),
        ),
    )


def _clock_step(gap: TimeInterval, device: DeviceFacts) -> Explained | None:
    """The clock was set between both neighbours by about the length of the gap: the hole may be in the clock."""
    before, after = _neighbours(gap, device.clips)
    if before is None or after is None or before.measured_offset_us is None or after.measured_offset_us is None:
        return None
    step_us = abs(after.measured_offset_us - before.measured_offset_us)
    uncorrected = before.applied_offset_us == 0 or after.applied_offset_us == 0
    if not uncorrected or step_us * 2 < gap.duration_us:
        return None
    return Explained(GapCause.CLOCK_STEP, (("device", device.device_number), ("step_s", f"{step_us / 1e6:.1f}")))


def _step_inside(gap: TimeInterval, device: DeviceFacts) -> Explained | None:
    """The clock jumps inside the one file that has footage on both sides: the hole may be in the clock."""
    for clip in device.clips:
        if _CLOCK_STEP_FAULT in clip.faults and any(gap.overlaps(hole) for hole in clip.holes):
            evidence = (("device", device.device_number), ("file", clip.file_name), ("faults", _CLOCK_STEP_FAULT))
            return Explained(GapCause.CLOCK_STEP, evidence)
    return None


def _run_down(gap: TimeInterval, device: DeviceFacts) -> Explained | None:
    dock = _next_docking(gap, device.docks)
    if dock is None:
        return None
    if dock.free_bytes is not None and dock.total_bytes and dock.free_bytes < dock.total_bytes * FULL_STORAGE_SHARE:
        evidence = (("device", device.device_number), ("docking", dock.number), ("free_bytes", str(dock.free_bytes)))
        return Explained(GapCause.STORAGE_FULL, evidence)
    if dock.battery_percent is not None and dock.battery_percent <= EMPTY_BATTERY_PERCENT:
        battery = ("battery_percent", f"{dock.battery_percent:g}")
        return Explained(GapCause.POWER, (("device", device.device_number), ("docking", dock.number), battery))
    return None


def _next_docking(gap: TimeInterval, docks: Sequence[DockFact]) -> DockFact | None:
    """The docking that first reported the device's state after the gap."""
    return next((dock for dock in docks if dock.until_us >= gap.end_us), None)
