"""Files of a device in seconds after a noon, for tests that read as a time line."""

from __future__ import annotations

from typing import Any

from edge.contract.instants import UtcMicros, parse_rfc3339
from edge.contract.intervals import TimeInterval
from edge.domain.device_files import FileFacts

SECOND_US = 1_000_000
NOON_US = parse_rfc3339("2026-11-21T12:00:00Z")


def at(second: float) -> UtcMicros:
    return UtcMicros(NOON_US + round(second * SECOND_US))


def span(start_s: float, end_s: float) -> TimeInterval:
    return TimeInterval(at(start_s), at(end_s))


def a_file(
    name: str, *spans: TimeInterval, sequence: int | None = None, damaged: bool = False, **more: Any
) -> FileFacts:
    """A file that begins with its first span; `name` is its content too, where no other is given."""
    start_us = more.pop("start_us", spans[0].start_us if spans else None)
    return FileFacts(name, more.pop("content", name), start_us, spans, sequence, damaged, **more)


def numbered(*starts_and_ends: tuple[float, float], first: int = 1, **more: Any) -> list[FileFacts]:
    """Files 1, 2, 3 ... in the order they were recorded."""
    return [
        a_file(f"f{number}", span(*times), sequence=number, **more)
        for number, times in enumerate(starts_and_ends, start=first)
    ]
