"""Drops landing copies whose receipt is held, by age and when the disk fills. Nothing else is ever removed here."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from edge.contract.instants import MICROS_PER_DAY, UtcMicros
from edge.domain.retention import LandingCopy, landing_copies_to_drop
from edge.platform.clock import Clock
from edge.platform.durable import remove_durably
from edge.storage.contents import find_content, forget_landing_copy
from edge.storage.journal import Journal
from edge.storage.uploads import receipted_landing_copies

log = structlog.get_logger(__name__)

_LOOK_EVERY_S = 30.0
_AT_ONCE = 500


def disk_usage(folder: Path) -> tuple[int, int]:
    """Bytes in use on the disk a folder lies on, and all there are for this program."""
    usage = shutil.disk_usage(folder)
    return usage.used, usage.used + usage.free


class ReleaseWorker:
    """The gateway's own copies. The files of a watched folder are not its business: they are always kept."""

    def __init__(
        self,
        journal: Journal,
        *,
        landing: Path,
        clock: Clock,
        keep_days: float,
        drop_percent: float,
        usage: Callable[[Path], tuple[int, int]] = disk_usage,
    ) -> None:
        self._journal, self._landing, self._clock = journal, landing, clock
        self._keep_us, self._drop_percent = int(keep_days * MICROS_PER_DAY), drop_percent
        self._usage = usage
        self._next_look_s = 0.0
        self.wake = threading.Event()

    def step(self, now_us: UtcMicros) -> bool:
        """Look once in a while and drop what may go. True: something was dropped."""
        now_s = self._clock.steady_s()
        if now_s < self._next_look_s:
            return False
        self._next_look_s = now_s + _LOOK_EVERY_S
        used_bytes, total_bytes = self._usage(self._landing)
        with self._journal.transaction() as rows:
            receipted = receipted_landing_copies(rows, limit=_AT_ONCE)
        dropped = landing_copies_to_drop(
            receipted,
            used_bytes=used_bytes,
            total_bytes=total_bytes,
            drop_percent=self._drop_percent,
            keep_us=self._keep_us,
            now_us=now_us,
        )
        for copy in dropped:
            self._drop(copy)
        if dropped:
            self._next_look_s = now_s
        return bool(dropped)

    def _drop(self, copy: LandingCopy) -> None:
        """The row first: a file without a row is adopted again at start, a row without its file would be an alarm."""
        with self._journal.transaction() as rows:
            content = find_content(rows, copy.clip_id)
            if content is None or content.landing_name is None or content.receipted_us is None:
                return
            forget_landing_copy(rows, copy.clip_id)
        remove_durably(self._landing / content.landing_name)
        log.info("landing_copy_dropped", clip_id=copy.clip_id, size_bytes=copy.size_bytes)
