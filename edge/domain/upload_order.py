"""Which clip is uploaded next: flagged first, small before large, round robin between devices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


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
