"""The axis of a drawn time line: which column an instant falls on, where the ticks stand, how full a column is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_SECOND, UtcMicros, moment_of
from edge.contract.intervals import TimeInterval

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_STEPS_S = (
    *(1, 2, 5, 10, 15, 30),
    *(minutes * _MINUTE for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * _HOUR for hours in (1, 2, 3, 6, 12)),
    *(days * _DAY for days in (1, 2, 7, 14, 30, 90, 180, 365, 730, 1825, 3650, 36500)),
)
_TICK_COLUMNS = 12


@dataclass(frozen=True, slots=True)
class Axis:
    """`columns` columns over `span`; a column is [left, right) in microseconds, the columns share out the span."""

    span: TimeInterval
    columns: int

    def edge_us(self, column: int) -> int:
        """Where a column begins."""
        return self.span.start_us + self.span.duration_us * column // self.columns

    def column_of(self, at_us: int) -> int:
        """The column of an instant; what lies outside falls on the nearest."""
        place = (at_us - self.span.start_us) * self.columns // self.span.duration_us
        return min(max(place, 0), self.columns - 1)

    def shares(self, intervals: Sequence[TimeInterval]) -> list[float]:
        """How much of each column disjoint intervals in order of time cover, 0..1."""
        starts = [interval.start_us for interval in intervals]
        found: list[float] = []
        for column in range(self.columns):
            left, right = self.edge_us(column), self.edge_us(column + 1)
            place = max(0, bisect_right(starts, left) - 1)
            covered_us = 0
            while place < len(intervals) and intervals[place].start_us < right:
                covered_us += max(0, min(right, intervals[place].end_us) - max(left, intervals[place].start_us))
                place += 1
            found.append(covered_us / max(1, right - left))
        return found

    def ticks(self, zone: ZoneInfo) -> list[tuple[int, str]]:
        """(column, label) of round local times, at least `_TICK_COLUMNS` apart."""
        least_s = self.span.duration_us / MICROS_PER_SECOND * _TICK_COLUMNS / self.columns
        step_s = next((step for step in _STEPS_S if step >= least_s), _STEPS_S[-1])
        first = moment_of(self.span.start_us).astimezone(zone)
        away = first.utcoffset()
        away_us = 0 if away is None else round(away.total_seconds()) * MICROS_PER_SECOND
        step_us = step_s * MICROS_PER_SECOND
        at_us = -(-(self.span.start_us + away_us) // step_us) * step_us - away_us
        found = []
        while at_us < self.span.end_us:
            found.append((self.column_of(at_us), self._label(UtcMicros(at_us), step_s, zone)))
            at_us += step_us
        return found

    def tick_lines(self, zone: ZoneInfo) -> tuple[str, str]:
        """The labels, and the ticks under them, as wide as the axis."""
        labels, marks = [" "] * self.columns, [" "] * self.columns
        for column, text in self.ticks(zone):
            marks[column] = "|"
            left = max(0, min(column, self.columns - len(text)))
            if all(sign == " " for sign in labels[max(0, left - 1) : left + len(text) + 1]):
                labels[left : left + len(text)] = text
        return "".join(labels), "".join(marks)

    def _label(self, at_us: UtcMicros, step_s: int, zone: ZoneInfo) -> str:
        moment = moment_of(at_us).astimezone(zone)
        if step_s >= _DAY:
            return f"{moment:%Y-%m-%d}" if self.span.duration_us > 300 * MICROS_PER_DAY else f"{moment:%m-%d}"
        if moment.hour == moment.minute == moment.second == 0 and step_s >= _HOUR:
            return f"{moment:%m-%d}"
        return f"{moment:%H:%M:%S}" if step_s < _MINUTE else f"{moment:%H:%M}"
