"""When is a file of a source finished, and what follows from what is known of it?"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edge.contract.instants import LATEST_US, MICROS_PER_SECOND, UtcMicros

RETRY_UNREADABLE_US = 60 * MICROS_PER_SECOND
"""What could not be read or looked into is tried again after this. House rule."""


class ListedReason(StrEnum):
    """Why a file of a source is shown and not landed."""

    NOT_MEDIA = "not_media"
    UNREADABLE = "unreadable"
    NOT_A_FILE = "not_a_file"
    STILL_CHANGING = "still_changing"
    SIDECAR_UNREADABLE = "sidecar_unreadable"
    DOCKING_UNREADABLE = "docking_unreadable"


@dataclass(frozen=True, slots=True)
class Signature:
    """Size and time of change: while both stay, the file rests. The sidecar rests with its file."""

    size_bytes: int
    modified_ns: int
    sidecar_size_bytes: int = 0
    sidecar_modified_ns: int = 0


def rested_since(
    now_us: UtcMicros, *, signature: Signature, before: Signature | None, since_us: UtcMicros | None
) -> UtcMicros:
    """Since when the signature is what it is. A clock that was set back starts the wait anew."""
    if before != signature or since_us is None or since_us > now_us:
        return now_us
    return since_us


def has_rested(now_us: UtcMicros, since_us: UtcMicros, *, rest_s: float) -> bool:
    """Whether the file is finished: nothing changed for `rest_s` seconds. Source: setting `rest_s`, 10 s."""
    return now_us - since_us >= rest_s * MICROS_PER_SECOND


def is_due_again(now_us: UtcMicros, tried_us: UtcMicros) -> bool:
    """Whether what failed at `tried_us` is to be tried again."""
    return now_us < tried_us or now_us - tried_us >= RETRY_UNREADABLE_US


def modified_instant(modified_ns: int) -> UtcMicros:
    """A file's time of change as an instant; what no calendar can name becomes the nearest it can."""
    return UtcMicros(min(max(modified_ns // 1000, 0), LATEST_US))


class DiskLevel(StrEnum):
    """How full the gateway's disk is. Source: settings disk_warn_percent, disk_stop_copying_percent."""

    FINE = "fine"
    LOW = "low"
    STOP = "stop"


def disk_level(
    *, used_bytes: int, total_bytes: int, more_bytes: int, warn_percent: float, stop_percent: float
) -> DiskLevel:
    """The level once `more_bytes` more are stored."""
    percent = 100.0 * (used_bytes + more_bytes) / max(1, total_bytes)
    if percent >= stop_percent:
        return DiskLevel.STOP
    return DiskLevel.LOW if percent >= warn_percent else DiskLevel.FINE
