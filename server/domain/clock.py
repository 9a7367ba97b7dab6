"""Is a device's clock good enough, and are its times corrected?"""

from __future__ import annotations

from enum import StrEnum

from edge.contract.instants import UtcMicros
from server.domain.rules import RuleSet


class ClockVerdict(StrEnum):
    """Beyond the limit the times are either corrected by the measured offset, or left as the device gave them."""

    WITHIN = "within_limit"
    CORRECTED = "corrected"
    BEYOND = "beyond_limit"
    UNKNOWN = "not_measured"


def clock_limit_key(device_kind: str) -> str:
    """The rule that limits the clock of this kind of device."""
    return "clock.limit_monitor" if device_kind == "monitor" else "clock.limit_recorder"


def clock_verdict(
    device_kind: str, *, measured_us: int | None, applied_us: int, at_us: UtcMicros, rules: RuleSet
) -> ClockVerdict:
    """The verdict on a clock whose offset (device - gateway) was measured, None where it was not.

    An offset exactly at the limit is within it. Source: GA/T 832-2014 for monitors, house rule for recorders.
    """
    if measured_us is None:
        return ClockVerdict.UNKNOWN
    if abs(measured_us) <= rules.duration_us(clock_limit_key(device_kind), at_us):
        return ClockVerdict.WITHIN
    return ClockVerdict.CORRECTED if applied_us == measured_us else ClockVerdict.BEYOND
