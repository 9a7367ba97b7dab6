"""A device's clock against the gateway's: what the docking measured, and when it may be applied."""

from __future__ import annotations

from collections.abc import Iterable

from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval
from edge.contract.manifest import ClockReading


def clock_reading(
    *, device_us: UtcMicros, gateway_us: UtcMicros, uncertainty_us: int, gateway_synchronised: bool
) -> ClockReading:
    """The reading of two clocks at one moment; offset = device - gateway."""
    return ClockReading(
        offset_us=device_us - gateway_us,
        uncertainty_us=uncertainty_us,
        measured=gateway_us,
        gateway_synchronised=gateway_synchronised,
    )


def applied_offset_us(reading: ClockReading | None) -> int:
    """The offset to subtract from the device's times; 0 where there is none or the gateway's own clock is unsure."""
    return reading.offset_us if reading is not None and reading.gateway_synchronised else 0


def corrected(recorded: Iterable[TimeInterval], reading: ClockReading | None) -> list[TimeInterval]:
    """The same intervals on the gateway's clock; the originals are never rewritten."""
    offset_us = applied_offset_us(reading)
    return [interval.shifted(-offset_us) for interval in recorded]
