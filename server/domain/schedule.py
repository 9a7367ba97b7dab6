"""When a monitor is expected to record: continuously, in weekly hours, or only on an event."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from edge.contract.instants import instant_of
from edge.contract.intervals import TimeInterval, interval_or_none, union
from edge.contract.sentences import sentence
from server.domain.zones import day_interval

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = r"([01]\d|2[0-4]):[0-5]\d(:[0-5]\d)?"
_PART = re.compile(
    rf"(?P<first>{'|'.join(_DAYS)})(-(?P<last>{'|'.join(_DAYS)}))? +(?P<start>{_CLOCK})-(?P<end>{_CLOCK})"
)
CONTINUOUS, ON_EVENT = "continuous", "on_event"


class NotAScheduleError(ValueError):
    """The text is no schedule; whoever keeps the register must mend it."""

    def __init__(self, *, text: str) -> None:
        self.do = sentence(
            "write_schedule", "write continuous, on_event, or hours such as mon-fri 07:00-19:00, sat 08:00-12:00"
        )
        super().__init__(sentence("no_schedule", "{text} is no schedule: {do}", text=repr(text[:60]), do=self.do))
        self.text = text


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """Hours on some days of the week (Monday is 0). An end at or before the start lies on the next day."""

    weekdays: frozenset[int]
    start_s: int
    end_s: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """`hours` empty and not `always`: on event only, nothing is expected."""

    always: bool
    hours: tuple[WeeklyHours, ...]

    @property
    def expects_nothing(self) -> bool:
        """Whether no instant is expected to be recorded."""
        return not self.always and not self.hours


def parse_schedule(text: str | None) -> Schedule:
    """The schedule a register names; none is on_event. Raises NotAScheduleError."""
    words = (text or ON_EVENT).strip().lower()
    if words in (CONTINUOUS, ON_EVENT):
        return Schedule(always=words == CONTINUOUS, hours=())
    return Schedule(always=False, hours=tuple(_hours(part.strip(), words) for part in re.split(r"[,;]", words)))


def expected_on(schedule: Schedule, day: date, zone: ZoneInfo) -> list[TimeInterval]:
    """What is expected of the local day, cut at its midnights; disjoint, in time order."""
    whole = day_interval(day, zone)
    if schedule.always:
        return [whole]
    pieces: list[TimeInterval] = []
    for hours in schedule.hours:
        for begun in (day - timedelta(days=1), day):
            if begun.weekday() in hours.weekdays:
                start_us, end_us = _at(begun, hours.start_s, zone), _at(begun, hours.end_s, zone)
                piece = interval_or_none(max(start_us, whole.start_us), min(end_us, whole.end_us))
                pieces.extend([] if piece is None else [piece])
    return union(pieces)


def _hours(part: str, text: str) -> WeeklyHours:
    match = _PART.fullmatch(part)
    if match is None:
        raise NotAScheduleError(text=text)
    first = _DAYS.index(match["first"])
    last = _DAYS.index(match["last"] or match["first"])
    span = (last - first) % 7
    start_s, end_s = _seconds(match["start"]), _seconds(match["end"])
    if start_s >= 86_400 or end_s > 86_400:
        raise NotAScheduleError(text=text)
    if end_s <= start_s:
        end_s += 86_400
    return WeeklyHours(frozenset((first + step) % 7 for step in range(span + 1)), start_s, end_s)


def _seconds(clock: str) -> int:
    parts = [int(part) for part in clock.split(":")]
    return parts[0] * 3600 + parts[1] * 60 + (parts[2] if len(parts) > 2 else 0)


def _at(day: date, seconds: int, zone: ZoneInfo) -> int:
    """The instant of a local time of day; a local time that a change of clocks leaves out or doubles is its first."""
    whole_days, rest = divmod(seconds, 86_400)
    clock = time(rest // 3600, rest % 3600 // 60, rest % 60)
    return instant_of(datetime.combine(day + timedelta(days=whole_days), clock, tzinfo=zone))
