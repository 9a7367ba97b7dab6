"""Instants and lengths as a person at the gateway reads them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from edge.contract.instants import MICROS_PER_SECOND, UtcMicros, moment_of


def local_time(instant_us: UtcMicros, zone: ZoneInfo) -> str:
    """Date and time of day in the zone, to the second."""
    return f"{moment_of(instant_us).astimezone(zone):%Y-%m-%d %H:%M:%S}"


def local_time_after(instant_us: UtcMicros, before_us: UtcMicros, zone: ZoneInfo) -> str:
    """The same, without the date where it is that of `before_us`."""
    day, _, time = local_time(instant_us, zone).partition(" ")
    return time if local_time(before_us, zone).startswith(day) else f"{day} {time}"


def length_text(length_us: int | None) -> str:
    """Minutes, seconds and tenths; hours from the first on; "?" where it is not known."""
    if length_us is None:
        return "?"
    minutes, tenths = divmod(length_us * 10 // MICROS_PER_SECOND, 600)
    seconds = f"{tenths // 10:02d}.{tenths % 10}"
    hours, rest = divmod(minutes, 60)
    return f"{hours}:{rest:02d}:{seconds}" if hours else f"{minutes}:{seconds}"
