"""Which clip is uploaded next, and how many at once: flagged first, small before large, devices in turns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SMALL_BYTES = 512 * 1024
SMALL_IN_A_PLACE = 4
"""What fits into one chunk spends its time waiting for answers, not on the link: four of them go in the place of one.
House rule; one chunk is the server's setting `chunk_bytes`."""


@dataclass(frozen=True, slots=True)
class WaitingClip:
    """A clip that can be offered. `device` is "" where it is unknown; `flagged` by its recorder or by the register."""

    clip_id: str
    sha256: str
    size_bytes: int
    landing_name: str
    device: str
    flagged: bool


def next_clip(waiting: Iterable[WaitingClip], last_turn: Mapping[str, int]) -> WaitingClip | None:
    """The clip to offer next, or None. `last_turn`: a rising number per device that had one."""
    return min(
        waiting,
        key=lambda clip: (not clip.flagged, last_turn.get(clip.device, -1), clip.size_bytes, clip.clip_id),
        default=None,
    )


def fits(size_bytes: int, under_way: Iterable[int], *, places: int, small_bytes: int = SMALL_BYTES) -> bool:
    """Whether a clip of that size may begin beside those of the sizes `under_way`, all in bytes."""
    quarters = sum(_quarters(other_bytes, small_bytes) for other_bytes in under_way)
    return quarters + _quarters(size_bytes, small_bytes) <= SMALL_IN_A_PLACE * places


def _quarters(size_bytes: int, small_bytes: int) -> int:
    return 1 if size_bytes <= small_bytes else SMALL_IN_A_PLACE
