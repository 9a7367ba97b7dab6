"""Half-open intervals in integer UTC microseconds, and the arithmetic on sets of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edge.contract.instants import UtcMicros, rfc3339


class EmptyIntervalError(ValueError):
    """An interval must have a duration; the caller has no interval."""

    def __init__(self, *, start_us: int, end_us: int) -> None:
        super().__init__(f"an interval must end after it starts: start {start_us} us, end {end_us} us")
        self.start_us, self.end_us = start_us, end_us


@dataclass(frozen=True, slots=True, order=True)
class TimeInterval:
    """The span [start_us, end_us): the start belongs to it, the end does not. Never empty."""

    start_us: UtcMicros
    end_us: UtcMicros

    def __post_init__(self) -> None:
        if self.end_us <= self.start_us:
            raise EmptyIntervalError(start_us=self.start_us, end_us=self.end_us)

    def __str__(self) -> str:
        return f"[{rfc3339(self.start_us)}, {rfc3339(self.end_us)})"

    @property
    def duration_us(self) -> int:
        """Length in microseconds, at least 1."""
        return self.end_us - self.start_us

    def contains(self, instant_us: UtcMicros) -> bool:
        """Whether the instant lies inside; the end does not."""
        return self.start_us <= instant_us < self.end_us

    def overlaps(self, other: TimeInterval) -> bool:
        """Whether both share an instant; intervals that touch do not."""
        return self.start_us < other.end_us and other.start_us < self.end_us

    def shifted(self, by_us: int) -> TimeInterval:
        """The same span later by `by_us` (earlier if negative)."""
        return TimeInterval(UtcMicros(self.start_us + by_us), UtcMicros(self.end_us + by_us))


def interval_or_none(start_us: int, end_us: int) -> TimeInterval | None:
    """The interval, or None where it would have no duration."""
    return TimeInterval(UtcMicros(start_us), UtcMicros(end_us)) if end_us > start_us else None


def intersection(one: TimeInterval, other: TimeInterval) -> TimeInterval | None:
    """What both share, or None."""
    return interval_or_none(max(one.start_us, other.start_us), min(one.end_us, other.end_us))


def union(intervals: Iterable[TimeInterval]) -> list[TimeInterval]:
    """The same instants as disjoint intervals in time order; those that touch become one."""
    merged: list[TimeInterval] = []
    for interval in sorted(intervals):
        if merged and interval.start_us <= merged[-1].end_us:
            if interval.end_us > merged[-1].end_us:
                merged[-1] = TimeInterval(merged[-1].start_us, interval.end_us)
        else:
            merged.append(interval)
    return merged


def subtract(whole: Iterable[TimeInterval], removed: Iterable[TimeInterval]) -> list[TimeInterval]:
    """The instants of `whole` that are in none of `removed`, disjoint and in time order."""
    cuts = union(removed)
    left: list[TimeInterval] = []
    first_cut = 0
    for interval in union(whole):
        at_us: int = interval.start_us
        while first_cut < len(cuts) and cuts[first_cut].end_us <= at_us:
            first_cut += 1
        index = first_cut
        while index < len(cuts) and cuts[index].start_us < interval.end_us:
            piece = interval_or_none(at_us, cuts[index].start_us)
            if piece is not None:
                left.append(piece)
            at_us = max(at_us, cuts[index].end_us)
            index += 1
        piece = interval_or_none(at_us, interval.end_us)
        if piece is not None:
            left.append(piece)
    return left


def clip_to(intervals: Iterable[TimeInterval], window: TimeInterval) -> list[TimeInterval]:
    """The part of the union of `intervals` that lies inside `window`."""
    inside = (intersection(interval, window) for interval in union(intervals))
    return [interval for interval in inside if interval is not None]


def total_us(intervals: Iterable[TimeInterval]) -> int:
    """Microseconds covered by the union; overlaps count once."""
    return sum(interval.duration_us for interval in union(intervals))
