"""When a copy may go: the device's own, and the gateway's landing copy. Two copies, two rules.

Source: the wire contract, section Release.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from edge.contract.instants import MICROS_PER_DAY, UtcMicros

DEVICE_COPY_WAIT_US = MICROS_PER_DAY


class KeepReason(StrEnum):
    """Why the copy on the device stays."""

    RULE_KEEPS = "rule_keeps"
    NOT_RECEIPTED = "not_receipted"
    WITHIN_A_DAY = "within_a_day"
    ON_HOLD = "on_hold"
    CLOCK_FAULT = "clock_fault"


def reasons_to_keep_on_device(
    *,
    rule: str,
    receipted_us: UtcMicros | None,
    on_hold: bool,
    clock_trusted: bool,
    now_us: UtcMicros,
) -> frozenset[KeepReason]:
    """All reasons why the device's copy may not be deleted; the empty set means that it may.

    `rule` is the source's release rule, `receipted_us` the time of the verified receipt. A receipt from the future is a
    clock fault, whatever `clock_trusted` says.
    """
    receipt_in_future = receipted_us is not None and receipted_us > now_us
    faults = {
        KeepReason.RULE_KEEPS: rule != "receipted",
        KeepReason.NOT_RECEIPTED: receipted_us is None,
        KeepReason.WITHIN_A_DAY: receipted_us is None or now_us - receipted_us < DEVICE_COPY_WAIT_US,
        KeepReason.ON_HOLD: on_hold,
        KeepReason.CLOCK_FAULT: not clock_trusted or receipt_in_future,
    }
    return frozenset(reason for reason, present in faults.items() if present)


@dataclass(frozen=True, slots=True)
class LandingCopy:
    """A receipted clip whose copy still lies in the landing folder."""

    clip_id: str
    size_bytes: int
    receipted_us: UtcMicros


def landing_copies_to_drop(
    receipted: Iterable[LandingCopy],
    *,
    used_bytes: int,
    total_bytes: int,
    drop_percent: float,
    keep_us: int,
    now_us: UtcMicros,
) -> list[LandingCopy]:
    """Which receipted landing copies go now, oldest receipt first: the kept long enough, then as many as space needs.

    What has no receipt is never among `receipted` and so never goes.
    """
    allowed_bytes = int(total_bytes * drop_percent / 100)
    dropped: list[LandingCopy] = []
    for copy in sorted(receipted, key=lambda copy: (copy.receipted_us, copy.clip_id)):
        old = now_us - copy.receipted_us >= keep_us
        if old or used_bytes >= allowed_bytes:
            dropped.append(copy)
            used_bytes -= copy.size_bytes
    return dropped
