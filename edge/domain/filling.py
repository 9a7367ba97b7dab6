"""When do the gateway's disk and a recorder fill, at the present rate, and what is done then?

Between two levels everything is taken as steady: so much lands in an hour, so much gets its receipt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_HOUR, MICROS_PER_SECOND, UtcMicros
from edge.domain.retention import KeepReason, reasons_to_keep_on_device

FARTHEST_US = 90 * MICROS_PER_DAY
"""A steady rate says nothing beyond this. House rule."""
SOON_US = MICROS_PER_DAY
"""A disk that stops taking footage within this is told before it happens. House rule."""
NEARLY_FULL_US = 8 * MICROS_PER_HOUR
"""A recorder with less left than one shift is named. House rule."""
RATE_CLIPS = 10
"""So many of a recorder's last clips say how much an hour of its footage takes."""


@dataclass(frozen=True, slots=True)
class Disk:
    """`droppable_bytes`: landing copies that have their receipt. `keep_us`: how long those are kept, space allowing."""

    used_bytes: int
    total_bytes: int
    droppable_bytes: int
    keep_us: int


@dataclass(frozen=True, slots=True)
class Intake:
    """Bytes that landed during the last `span_us`, and those that got their receipt and are still here."""

    landed_bytes: int
    receipted_bytes: int
    span_us: int


@dataclass(frozen=True, slots=True)
class DiskLevels:
    """Shares of the disk in percent, rising. Source: settings disk_warn_percent and its two sisters."""

    warn_percent: float
    drop_percent: float
    stop_percent: float


@dataclass(frozen=True, slots=True)
class DiskForecast:
    """When each level is reached; now where it is, None where not within `FARTHEST_US`.

    `frees_bytes`: what dropping receipted copies frees at `drop_us`, or now where that is not reached.
    """

    warn_us: UtcMicros | None
    drop_us: UtcMicros | None
    stop_us: UtcMicros | None
    frees_bytes: int
    intake_bytes_s: float

    def stops_soon(self, now_us: UtcMicros) -> bool:
        """Whether copying from devices ends within a day."""
        return self.stop_us is not None and self.stop_us - now_us <= SOON_US


def forecast_disk(disk: Disk, intake: Intake, levels: DiskLevels, *, now_us: UtcMicros) -> DiskForecast:
    """At the rates of `intake`. Receipted copies go by age, and from the drop level on for space: what then stays is
    what has no receipt, and that alone brings the stop.
    """
    landed = intake.landed_bytes / max(1, intake.span_us)
    receipted = min(landed, intake.receipted_bytes / max(1, intake.span_us))
    held_bytes = max(0, disk.used_bytes - disk.droppable_bytes)

    def reached(percent: float) -> int | None:
        return _reached(disk, landed, receipted, level_bytes=disk.total_bytes * percent / 100)

    drop = reached(levels.drop_percent)
    stop = _time_to(held_bytes, disk.total_bytes * levels.stop_percent / 100, landed - receipted)
    frees = (
        disk.droppable_bytes
        if drop is None
        else _used(disk, landed, receipted, drop) - (held_bytes + (landed - receipted) * drop)
    )
    return DiskForecast(
        warn_us=_at(now_us, reached(levels.warn_percent)),
        drop_us=_at(now_us, drop),
        stop_us=_at(now_us, stop),
        frees_bytes=max(0, round(frees)),
        intake_bytes_s=landed * MICROS_PER_SECOND,
    )


def _used(disk: Disk, landed: float, receipted: float, after_us: float) -> float:
    """Bytes in use then, while only age drops copies; rates in bytes per microsecond."""
    aged_share = 1.0 if disk.keep_us == 0 else min(1.0, after_us / disk.keep_us)
    aged = disk.droppable_bytes * aged_share + receipted * max(0.0, after_us - disk.keep_us)
    return disk.used_bytes + landed * after_us - aged


def _reached(disk: Disk, landed: float, receipted: float, *, level_bytes: float) -> int | None:
    """After how long the level is reached: while today's copies age away, or later."""
    if disk.used_bytes >= level_bytes:
        return 0
    if disk.keep_us > 0:
        first = _time_to(disk.used_bytes, level_bytes, landed - disk.droppable_bytes / disk.keep_us)
        if first is not None and first <= disk.keep_us:
            return first
    later = _time_to(_used(disk, landed, receipted, disk.keep_us), level_bytes, landed - receipted)
    return None if later is None else disk.keep_us + later


def _time_to(used_bytes: float, level_bytes: float, growth: float) -> int | None:
    if used_bytes >= level_bytes:
        return 0
    if growth <= 0:
        return None
    return round(min((level_bytes - used_bytes) / growth, FARTHEST_US + 1))


def _at(now_us: UtcMicros, after_us: int | None) -> UtcMicros | None:
    return None if after_us is None or after_us > FARTHEST_US else UtcMicros(now_us + after_us)


# ------------------------------------------------------------------ a recorder
@dataclass(frozen=True, slots=True)
class RecordedClip:
    """One clip's size and how long it records."""

    size_bytes: int
    recorded_us: int


@dataclass(frozen=True, slots=True)
class RecorderRoom:
    """How much longer a recorder can record, as of its last docking; None: unknown. `reasons`: why what lies on it
    may not be deleted there.
    """

    left_us: int | None
    bytes_s: float | None
    reasons: frozenset[KeepReason]

    @property
    def nearly_full(self) -> bool:
        """Whether less than a shift is left."""
        return self.left_us is not None and self.left_us < NEARLY_FULL_US


def recorder_room(
    *,
    free_bytes: int | None,
    last_clips: Iterable[RecordedClip],
    waiting_clips: int,
    last_receipt_us: UtcMicros | None,
    rule: str,
    clock_trusted: bool,
    now_us: UtcMicros,
) -> RecorderRoom:
    """From what its docking said and what its last clips weigh; `waiting_clips` of it have no receipt."""
    clips = [clip for clip in last_clips if clip.recorded_us > 0]
    recorded_us = sum(clip.recorded_us for clip in clips)
    bytes_us = sum(clip.size_bytes for clip in clips) / recorded_us if recorded_us else 0.0
    is_known = free_bytes is not None and bytes_us > 0
    return RecorderRoom(
        left_us=round((free_bytes or 0) / bytes_us) if is_known else None,
        bytes_s=bytes_us * MICROS_PER_SECOND if bytes_us > 0 else None,
        reasons=reasons_to_keep_on_device(
            rule=rule,
            receipted_us=None if waiting_clips else last_receipt_us,
            on_hold=False,
            clock_trusted=clock_trusted,
            now_us=now_us,
        ),
    )
