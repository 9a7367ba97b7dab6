"""What is on record about a device's footage, on the corrected axis, as decisions take it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval, interval_or_none, union
from server.domain.looks import NOTHING_LOOKED, Looks

DAMAGED_VERDICTS = frozenset({"damaged", "unreadable"})
_DAY_US = 86_400_000_000
CLIP_REACH_BEFORE_US, CLIP_REACH_AFTER_US = 2 * _DAY_US, _DAY_US
"""Clips that begin this far around a time may say something about it: neighbours, long recordings, a clock set anew."""
DOCK_REACH_BEFORE_US, DOCK_REACH_AFTER_US = _DAY_US, 7 * _DAY_US
"""The same for the ends of dockings: what a battery or a full storage explains."""


@dataclass(frozen=True, slots=True)
class ClipFact:
    """One clip of a device. start_us, end_us and `recorded` are corrected: original - applied offset.

    `doubtful`: two devices claim the content, or it is dated in the future; such footage never counts as coverage.
    """

    clip_id: str
    file_name: str
    start_us: int | None
    end_us: int | None
    recorded: tuple[TimeInterval, ...]
    verdict: str
    faults: tuple[str, ...]
    sequence: int | None
    state: str
    docking_number: str
    received_us: int
    sealed_us: int | None
    measured_offset_us: int | None
    applied_offset_us: int
    doubtful: bool = False
    looks: Looks = NOTHING_LOOKED

    @property
    def interval(self) -> TimeInterval | None:
        """From first to last instant, where both are known."""
        if self.start_us is None or self.end_us is None:
            return None
        return interval_or_none(self.start_us, self.end_us)

    @property
    def holes(self) -> tuple[TimeInterval, ...]:
        """Holes between what was recorded inside this one file."""
        pieces = union(self.recorded)
        return tuple(TimeInterval(one.end_us, two.start_us) for one, two in pairwise(pieces))


@dataclass(frozen=True, slots=True)
class DockFact:
    """A docking with its full list. `pending`: listed files that have not been inspected yet.

    `growing`: all that is pending was still being written; `finished_us`: then, until when recordings were finished.
    """

    number: str
    docked_us: int
    until_us: int
    complete: bool
    pending: tuple[str, ...] = ()
    growing: bool = False
    offset_us: int | None = None
    uncertainty_us: int | None = None
    battery_percent: float | None = None
    free_bytes: int | None = None
    total_bytes: int | None = None
    finished_us: int = 0


@dataclass(frozen=True)
class DeviceFacts:
    """Clips in order of time, dockings in order of their end. What follows from them is worked out once.

    `docks` are those about the time in question; `latest` those from the last one of which everything was inspected,
    from which follows until when all is known.
    """

    device_number: str
    clips: tuple[ClipFact, ...]
    docks: tuple[DockFact, ...]
    latest: tuple[DockFact, ...] = ()

    def about(self, window: TimeInterval) -> DeviceFacts:
        """The same as far as it matters for `window`, so that a verdict does not depend on what else was asked."""
        first_us, last_us = window.start_us - CLIP_REACH_BEFORE_US, window.end_us + CLIP_REACH_AFTER_US
        starts = self._starts
        clips = self.clips[bisect_left(starts, first_us) : bisect_left(starts, last_us)]
        first_us, last_us = window.start_us - DOCK_REACH_BEFORE_US, window.end_us + DOCK_REACH_AFTER_US
        ends = self._ends
        docks = self.docks[bisect_left(ends, first_us) : bisect_left(ends, last_us)]
        return DeviceFacts(self.device_number, clips, docks, self.latest)

    @cached_property
    def _starts(self) -> list[int]:
        return [-1 if clip.start_us is None else clip.start_us for clip in self.clips]

    @cached_property
    def _ends(self) -> list[int]:
        return [dock.until_us for dock in self.docks]

    @cached_property
    def recorded(self) -> list[TimeInterval]:
        """What counts as footage: disjoint, in time order."""
        return union(interval for clip in self.clips if not clip.doubtful for interval in clip.recorded)

    @cached_property
    def doubtful(self) -> list[TimeInterval]:
        """Where there is footage of which nobody can say that it is this device's."""
        return union(interval for clip in self.clips if clip.doubtful for interval in clip.recorded)

    @cached_property
    def listed_until_us(self) -> UtcMicros:
        """Until when the device's files have been listed; 0 where never."""
        return UtcMicros(max((dock.until_us for dock in self.latest if dock.complete), default=0))

    @cached_property
    def known_until_us(self) -> UtcMicros:
        """Until when its coverage is known: listed, and everything listed was inspected; 0 where never.

        A file that is still being written lies after the last finished one, so that up to there all is known.
        """
        return UtcMicros(max((_known_by(dock) for dock in self.latest if dock.complete), default=0))


def _known_by(dock: DockFact) -> int:
    if not dock.pending:
        return dock.until_us
    return dock.finished_us if dock.growing else 0


def damaged_near(clips: Iterable[ClipFact], gap: TimeInterval, reach_us: int) -> list[ClipFact]:
    """Damaged files that would lie in the gap: they begin inside it, or break off where it begins."""
    found: list[ClipFact] = []
    for clip in clips:
        if clip.verdict not in DAMAGED_VERDICTS or clip.start_us is None:
            continue
        begins_inside = gap.start_us - reach_us <= clip.start_us < gap.end_us
        breaks_off = clip.end_us is not None and abs(clip.end_us - gap.start_us) <= reach_us
        if begins_inside or breaks_off:
            found.append(clip)
    return found
