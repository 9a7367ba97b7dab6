"""When footage may use the uplink, how fast, and how much of it may be on its way at once.

`now_s` is steady time in seconds. Control messages and flagged clips keep to the speed alone, not to the hours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from edge.contract.instants import UtcMicros, instant_of, moment_of
from edge.contract.sentences import sentence

LEAST_ROOM_BYTES, MOST_ROOM_BYTES = 1 << 20, 4 << 20
ROOM_S = 2.0
"""On their way to the broker are as many bytes as it took in this time: enough to keep any link busy, little enough
that a connection that breaks costs little. The most is enough for 50 Mbit/s at 60 ms."""
_MEASURE_S = 0.25
_BITS_PER_KBIT, _BITS_PER_BYTE = 1000, 8
_HOURS = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


class NotHoursError(ValueError):
    """The text names no hours of the day."""

    def __init__(self, *, text: str) -> None:
        super().__init__(
            sentence("not_hours", "{text} are no hours of a day, such as 20:00-06:00 or 00:00-24:00", text=repr(text))
        )
        self.text = text


@dataclass(frozen=True, slots=True)
class DailyHours:
    """From one minute of the local day to another, [begin, end); over midnight where the end is not later."""

    begin_minute: int
    end_minute: int

    def hold(self, minute: int) -> bool:
        """Whether a minute of the day lies in them."""
        if self.begin_minute < self.end_minute:
            return self.begin_minute <= minute < self.end_minute
        return minute >= self.begin_minute or minute < self.end_minute


def daily_hours(text: str) -> DailyHours:
    """`20:00-06:00`. Raises NotHoursError."""
    match = _HOURS.fullmatch(text)
    if match is None:
        raise NotHoursError(text=text)
    begin, end = (int(match[first]) * 60 + int(match[first + 1]) for first in (1, 3))
    if begin >= 24 * 60 or end > 24 * 60 or begin == end:
        raise NotHoursError(text=text)
    return DailyHours(begin, end)


@dataclass(frozen=True, slots=True)
class UplinkRule:
    """`kbit_s` 0: as fast as the link goes. No `hours`: at any time. `time_zone` is that of the hours."""

    kbit_s: int = 0
    hours: tuple[DailyHours, ...] = ()
    time_zone: str = "Asia/Shanghai"

    @property
    def bytes_per_s(self) -> float | None:
        """The most there may be; None without a limit."""
        return self.kbit_s * _BITS_PER_KBIT / _BITS_PER_BYTE if self.kbit_s else None

    def is_open(self, now_us: UtcMicros) -> bool:
        """Whether footage that is not flagged may leave."""
        local = moment_of(now_us).astimezone(ZoneInfo(self.time_zone))
        return not self.hours or any(hours.hold(local.hour * 60 + local.minute) for hours in self.hours)

    def changes_us(self, now_us: UtcMicros) -> UtcMicros | None:
        """When it opens or closes next; None where it never does. Found by the minute, as the hours are written."""
        if not self.hours:
            return None
        zone, is_open = ZoneInfo(self.time_zone), self.is_open(now_us)
        day = moment_of(now_us).astimezone(zone).date()
        edges = {minute for hours in self.hours for minute in (hours.begin_minute, hours.end_minute % (24 * 60))}
        for later in range(3):
            for minute in sorted(edges):
                local = datetime.combine(day + timedelta(days=later), time(minute // 60, minute % 60), zone)
                at_us = instant_of(local)
                if at_us > now_us and self.is_open(at_us) != is_open:
                    return at_us
        return None


ANY_TIME = UplinkRule()


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast bytes depart, and how many more may under the limit. `credit_bytes` may fall below zero by one chunk."""

    rate_bytes_s: float = 0.0
    departing_bytes: int = 0
    counted_bytes: int = 0
    counted_since_s: float = 0.0
    credit_bytes: float = 1.0
    credit_at_s: float | None = None

    @property
    def room_bytes(self) -> int:
        """How many more bytes may be on their way to the broker."""
        room = min(MOST_ROOM_BYTES, max(LEAST_ROOM_BYTES, int(ROOM_S * self.rate_bytes_s)))
        return room - self.departing_bytes


def on_sent(pace: Pace, size_bytes: int, *, now_s: float) -> Pace:
    """Bytes were handed to the connection."""
    idle = pace.departing_bytes == 0  # time without anything on its way says nothing about the link
    return replace(
        pace,
        departing_bytes=pace.departing_bytes + size_bytes,
        counted_bytes=0 if idle else pace.counted_bytes,
        counted_since_s=now_s if idle else pace.counted_since_s,
        credit_bytes=pace.credit_bytes - size_bytes,
    )


def on_departed(pace: Pace, size_bytes: int, *, now_s: float) -> Pace:
    """They left for the broker; after a while that is a rate."""
    counted = pace.counted_bytes + size_bytes
    departing = max(0, pace.departing_bytes - size_bytes)
    passed_s = now_s - pace.counted_since_s
    if passed_s < _MEASURE_S:
        faster = counted / passed_s if passed_s > 0 and departing == 0 else 0.0
        rate = max(pace.rate_bytes_s, faster)  # a short burst that went through at once shows at least so much
        return replace(pace, departing_bytes=departing, counted_bytes=counted, rate_bytes_s=rate)
    rate = counted / passed_s
    return replace(pace, departing_bytes=departing, counted_bytes=0, counted_since_s=now_s, rate_bytes_s=rate)


def on_new_connection(pace: Pace) -> Pace:
    """What was on its way is on its way no more."""
    return replace(pace, departing_bytes=0)


def credited(pace: Pace, rule: UplinkRule, *, now_s: float) -> Pace:
    """What the limit allows since it was last asked; unused time is kept for a second at most."""
    rate = rule.bytes_per_s
    if rate is None:
        return replace(pace, credit_bytes=1.0, credit_at_s=now_s)
    passed_s = 0.0 if pace.credit_at_s is None else max(0.0, now_s - pace.credit_at_s)
    return replace(pace, credit_bytes=min(rate, pace.credit_bytes + rate * passed_s), credit_at_s=now_s)
