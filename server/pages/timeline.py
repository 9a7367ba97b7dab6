"""Where an instant lies on a drawn axis, and which ticks that axis carries. Pure; macros draw."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from edge.contract.instants import MICROS_PER_SECOND, UtcMicros, moment_of
from edge.contract.intervals import TimeInterval, intersection

_STEPS_S = (1, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400)
_MARGIN_SHARE = 0.04


@dataclass(frozen=True, slots=True)
class Axis:
    """A stretch of time laid over [left_px, left_px + width_px]."""

    span: TimeInterval
    left_px: float
    width_px: float

    def x(self, instant_us: int) -> float:
        """The place of an instant in pixels, one decimal; outside the span it is the nearer end."""
        inside_us = min(max(instant_us, self.span.start_us), self.span.end_us) - self.span.start_us
        return round(self.left_px + self.width_px * inside_us / self.span.duration_us, 1)

    def width(self, interval: TimeInterval, *, least_px: float = 1.0) -> float:
        """How wide an interval is drawn; never so thin that it cannot be seen."""
        return max(least_px, round(self.x(interval.end_us) - self.x(interval.start_us), 1))

    def joined(self, parts: Iterable[tuple[TimeInterval, str]]) -> list[tuple[TimeInterval, list[str]]]:
        """Parts as an eye can tell them apart: what is narrower than a pixel goes with its neighbour, states and all.

        However many parts somebody claims, hardly more are drawn than there are pixels.
        """
        pixel_us = self.span.duration_us / self.width_px
        runs: list[tuple[TimeInterval, list[str]]] = []
        for interval, state in sorted(part for part in parts if self.shows(part[0])):
            last = runs[-1] if runs else None
            is_near = last is not None and interval.start_us - last[0].end_us < pixel_us
            if last is not None and is_near and (last[1] == [state] or _narrow(last[0], interval, pixel_us)):
                before, states = runs.pop()
                hull = TimeInterval(before.start_us, max(before.end_us, interval.end_us))
                runs.append((hull, states if state in states else [*states, state]))
            else:
                runs.append((interval, [state]))
        return runs

    def shows(self, interval: TimeInterval) -> bool:
        """Whether some of the interval lies on the axis."""
        return intersection(self.span, interval) is not None

    def shows_instant(self, instant_us: int) -> bool:
        """Whether the instant lies on the axis, its end included: a mark may stand on the border."""
        return self.span.start_us <= instant_us <= self.span.end_us

    def ticks(self, *, utc_offset_s: int, at_most: int = 8) -> list[int]:
        """Round local times on the axis, in microseconds: the finest step that gives no more than `at_most`."""
        for step_s in _STEPS_S:
            ticks = self._ticks(step_s * MICROS_PER_SECOND, utc_offset_s * MICROS_PER_SECOND)
            if len(ticks) <= at_most:
                return ticks
        return self._ticks(_STEPS_S[-1] * MICROS_PER_SECOND * at_most, utc_offset_s * MICROS_PER_SECOND)

    def _ticks(self, step_us: int, offset_us: int) -> list[int]:
        if self.span.duration_us // step_us > 1000:
            return [0] * 1001
        first_us = -(-(self.span.start_us + offset_us) // step_us) * step_us - offset_us
        return list(range(first_us, self.span.end_us + 1, step_us))


def _narrow(one: TimeInterval, other: TimeInterval, pixel_us: float) -> bool:
    return min(one.duration_us, other.duration_us) < pixel_us


def zoomed(whole: TimeInterval, parts: Iterable[TimeInterval]) -> TimeInterval:
    """The span of all parts with a small margin, inside `whole`; `whole` itself where there are none."""
    inside = [part for part in parts if whole.overlaps(part)]
    if not inside:
        return whole
    start_us, end_us = min(part.start_us for part in inside), max(part.end_us for part in inside)
    margin_us = max(int((end_us - start_us) * _MARGIN_SHARE), 30 * MICROS_PER_SECOND)
    return TimeInterval(
        UtcMicros(max(whole.start_us, start_us - margin_us)), UtcMicros(min(whole.end_us, end_us + margin_us))
    )


def ticks_on(axis: Axis, zone: str, *, at_most: int = 8) -> list[int]:
    """Ticks at round local times of a zone; its offset is that of the axis' begin."""
    local = moment_of(axis.span.start_us).astimezone(ZoneInfo(zone))
    offset = local.utcoffset()
    return axis.ticks(utc_offset_s=0 if offset is None else round(offset.total_seconds()), at_most=at_most)
