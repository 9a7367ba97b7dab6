"""When a clip has waited too long for its receipt. Pure."""

from __future__ import annotations

from edge.contract.instants import MICROS_PER_DAY, UtcMicros

OVERDUE_US = MICROS_PER_DAY
"""A clip without a receipt for longer is told to the server and to whoever asks for the state. House rule."""
TOLD_AGAIN_US = MICROS_PER_DAY


def is_overdue(oldest_landed_us: UtcMicros | None, now_us: UtcMicros) -> bool:
    """Whether the clip that waits longest has waited too long. One that landed in the future has not."""
    return oldest_landed_us is not None and now_us - oldest_landed_us > OVERDUE_US


def is_to_be_told(told_us: UtcMicros | None, now_us: UtcMicros) -> bool:
    """Whether a day has passed since it was told last. After the clock was set back it is told again."""
    return told_us is None or not 0 <= now_us - told_us < TOLD_AGAIN_US
