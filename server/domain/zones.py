"""Local times: the instants they name, and the local days instants lie on. Pure but for the zone tables."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edge.contract.instants import UtcMicros, instant_of, moment_of
from edge.contract.intervals import TimeInterval

COUNTED_YEARS = range(1900, 2200)
"""Years that registers may name and people may ask about: from each, days can be counted without leaving a calendar."""
COUNTED = TimeInterval(
    instant_of(datetime(COUNTED_YEARS.start, 1, 1, tzinfo=UTC)),
    instant_of(datetime(COUNTED_YEARS.stop, 1, 1, tzinfo=UTC)),
)


class LocalTimeMissingError(ValueError):
    """The clocks were put forward over this local time: it never was."""

    def __init__(self, *, local: datetime, zone: str) -> None:
        super().__init__(f"{local.isoformat()} never was in {zone}: the clocks were put forward over it")
        self.local, self.zone = local, zone


class LocalTimeDoubleError(ValueError):
    """The clocks were put back over this local time: it was twice."""

    def __init__(self, *, local: datetime, zone: str) -> None:
        super().__init__(f"{local.isoformat()} was twice in {zone}: the clocks were put back over it")
        self.local, self.zone = local, zone


def zone_or_none(name: str) -> ZoneInfo | None:
    """The IANA zone of that name, or None. A name is data: one that looks like a path is no zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def local_instant(local: datetime, zone: ZoneInfo) -> UtcMicros:
    """The instant of a naive local time. Raises LocalTimeMissingError or LocalTimeDoubleError at a change of clocks."""
    first = local.replace(tzinfo=zone, fold=0)
    second = local.replace(tzinfo=zone, fold=1)
    if first.utcoffset() != second.utcoffset():
        back = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
        if back != local:
            raise LocalTimeMissingError(local=local, zone=zone.key)
        raise LocalTimeDoubleError(local=local, zone=zone.key)
    return instant_of(first)


def local_day(instant_us: UtcMicros, zone: ZoneInfo) -> date:
    """The local date an instant lies on."""
    return moment_of(instant_us).astimezone(zone).date()


def day_interval(day: date, zone: ZoneInfo) -> TimeInterval:
    """The local day [midnight, next midnight); 23 or 25 hours long at a change of clocks."""
    start = datetime.combine(day, time(), tzinfo=zone)
    end = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)
    return TimeInterval(instant_of(start), instant_of(end))


def months_after(instant_us: UtcMicros, months: int, zone: ZoneInfo) -> UtcMicros:
    """The same local day and time `months` later; the last day of a shorter month where there is no such day."""
    local = moment_of(instant_us).astimezone(zone)
    year, month_index = divmod(local.year * 12 + local.month - 1 + months, 12)
    last_day = monthrange(year, month_index + 1)[1]
    moved = local.replace(year=year, month=month_index + 1, day=min(local.day, last_day))
    return instant_of(moved)
