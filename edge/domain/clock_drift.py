"""How fast a device's clock runs: over files that follow at once, or between two dockings that measured it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from edge.contract.instants import MICROS_PER_SECOND
from edge.contract.manifest import ClockReading
from edge.domain.clock_steps import Border
from edge.domain.device_files import FileFacts, TimeLineLimits

_LEAST_SPAN_US = 600 * MICROS_PER_SECOND
_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Drift:
    """Parts per million; positive: the device's clock runs fast. `source`: dockings or segments.

    Of segments it may also be what a device loses at each change of file, if that is the same each time.
    """

    ppm: float
    uncertainty_ppm: float
    source: str

    def is_beyond(self, limit_ppm: float) -> bool:
        """Whether it is more than the limit in any case."""
        return abs(self.ppm) - self.uncertainty_ppm > limit_ppm


def drift_of(
    readings: Iterable[ClockReading], runs: Sequence[Sequence[FileFacts]], limits: TimeLineLimits
) -> Drift | None:
    """The drift where it can be told within a third of the limit or less than itself; dockings before segments."""
    found = [_of_dockings(list(readings)), _of_segments(runs, limits)]
    told = [
        drift
        for drift in found
        if drift is not None and drift.uncertainty_ppm <= max(limits.drift_limit_ppm / 3, abs(drift.ppm))
    ]
    return told[0] if told else None


def _of_dockings(readings: list[ClockReading]) -> Drift | None:
    """Between the last two measurements. The smaller drift is said: a docking may set the clock."""
    ordered = sorted(
        {reading.measured: reading for reading in readings if reading.gateway_synchronised}.values(),
        key=lambda reading: reading.measured,
    )
    if len(ordered) < 2:
        return None
    first, last = ordered[-2], ordered[-1]
    span_us = last.measured - first.measured
    if span_us < _LEAST_SPAN_US:
        return None
    gained_us = min(last.offset_us - first.offset_us, last.offset_us, key=abs)
    uncertainty_us = first.uncertainty_us + last.uncertainty_us
    return Drift(gained_us * _PPM / span_us, uncertainty_us * _PPM / span_us, "dockings")


def _of_segments(runs: Sequence[Sequence[FileFacts]], limits: TimeLineLimits) -> Drift | None:
    """From the longest run of files that follow at once: time of the clock against time of the pictures."""
    best: Drift | None = None
    longest_us = _LEAST_SPAN_US
    for run in runs:
        for part in _unbroken(run, limits):
            media_us = sum((file.end_us or 0) - file.begin_us for file in part[:-1])
            clock_us = part[-1].begin_us - part[0].begin_us
            if media_us < longest_us:
                continue
            longest_us = media_us
            uncertainty_us = max(part[0].uncertainty_us, part[-1].uncertainty_us)
            best = Drift((clock_us - media_us) * _PPM / media_us, uncertainty_us * _PPM / media_us, "segments")
    return best


def _unbroken(run: Sequence[FileFacts], limits: TimeLineLimits) -> list[list[FileFacts]]:
    parts: list[list[FileFacts]] = [[]]
    for one, two in pairwise(run):
        if not parts[-1]:
            parts[-1].append(one)
        follows = bool(one.recorded and two.recorded) and not one.is_damaged
        if follows and abs(Border(one, two).jump_us) <= limits.join_us:
            parts[-1].append(two)
        else:
            parts.append([])
    return [part for part in parts if len(part) > 1]
