"""The clips that may go next, asked of the journal now and then: not anew for each free place."""

from __future__ import annotations

from collections.abc import Mapping

from edge.contract.instants import UtcMicros
from edge.domain.upload_order import WaitingClip, fits, next_clip
from edge.storage.journal import Journal
from edge.storage.register_copy import current_register
from edge.storage.uploads import waiting_clips

_LOOK_AGAIN_S = 1.0
_AT_ONCE = 256


class UploadCandidates:
    """For one thread. What it hands out may have got its receipt since; the caller looks before it begins."""

    def __init__(self, journal: Journal, *, places: int, small_bytes: int) -> None:
        self._journal, self._places, self._small_bytes = journal, places, small_bytes
        self._waiting: list[WaitingClip] = []
        self._turns: dict[str, int] = {}
        self._look_again_s = 0.0

    def take(
        self, under_way: Mapping[str, int], *, now_s: float, now_us: UtcMicros, flagged_only: bool = False
    ) -> WaitingClip | None:
        """The next clip, if it fits beside those `under_way` (their sizes in bytes); its device has had its turn."""
        if now_s >= self._look_again_s:
            self._look(under_way, now_s, now_us)
        clip = next_clip(self._waiting, self._turns)
        if clip is None or (flagged_only and not clip.flagged):
            return None
        if not fits(clip.size_bytes, under_way.values(), places=self._places, small_bytes=self._small_bytes):
            return None
        self._waiting.remove(clip)
        self._turns[clip.device] = max(self._turns.values(), default=0) + 1
        if not self._waiting:
            self._look_again_s = 0.0
        return clip

    def place_is_free(self) -> None:
        """An upload ended: where none is left to take, the journal is asked at once."""
        if not self._waiting:
            self._look_again_s = 0.0

    def _look(self, under_way: Mapping[str, int], now_s: float, now_us: UtcMicros) -> None:
        self._look_again_s = now_s + _LOOK_AGAIN_S
        with self._journal.transaction() as rows:
            register = current_register(rows)
            waiting = waiting_clips(
                rows,
                flagged_clips=() if register is None else register.flagged_clips,
                at_most=_AT_ONCE,
                now_us=now_us,
            )
        self._waiting = [clip for clip in waiting if clip.clip_id not in under_way]
