"""Tells the server once, before it happens, that this gateway will stop copying from devices."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from edge.config import EdgeConfig
from edge.contract.instants import UtcMicros, rfc3339
from edge.contract.messages import Events, GatewayEvent
from edge.contract.topics import UpKind
from edge.domain.filling import DiskForecast
from edge.platform.clock import Clock
from edge.storage.forecast_figures import read_disk_forecast
from edge.storage.journal import Journal, remember, remembered
from edge.storage.landing import DiskUse
from edge.storage.outbox import Outbox

log = structlog.get_logger(__name__)

_LOOK_EVERY_S = 60.0
_TOLD_KEY, _TOLD, _NOT_TOLD = "space_low_told", "yes", "no"
"""In the journal's small facts, so that a restart does not tell it again."""


def disk_use(folder: Path) -> DiskUse:
    """Of the disk a folder lies on, what is in use and what there is for this program, in bytes."""
    usage = shutil.disk_usage(folder)
    return DiskUse(used_bytes=usage.used, total_bytes=usage.used + usage.free)


class SpaceWatch:
    """One `space_low` each time the stop comes within a day; the next only after it was farther away."""

    def __init__(
        self,
        journal: Journal,
        outbox: Outbox,
        config: EdgeConfig,
        *,
        clock: Clock,
        use: Callable[[Path], DiskUse] = disk_use,
    ) -> None:
        self._journal, self._outbox, self._config, self._clock, self._use = journal, outbox, config, clock, use
        self._next_look_s = 0.0
        self.wake = threading.Event()

    def step(self, now_us: UtcMicros) -> bool:
        """Never has more to do at once."""
        now_s = self._clock.steady_s()
        if now_s < self._next_look_s:
            return False
        self._next_look_s = now_s + _LOOK_EVERY_S
        use = self._use(self._config.data_dir)
        with self._journal.transaction() as rows:
            disk = read_disk_forecast(
                rows, self._config, used_bytes=use.used_bytes, total_bytes=use.total_bytes, now_us=now_us
            )
            is_told, is_soon = remembered(rows, _TOLD_KEY) == _TOLD, disk.stops_soon(now_us)
            if is_soon != is_told:
                remember(rows, _TOLD_KEY, _TOLD if is_soon else _NOT_TOLD)
            if is_soon and not is_told:
                event = GatewayEvent(code="space_low", at=now_us, detail=_detail(use, disk))
                self._outbox.put(rows, UpKind.EVENTS, Events(events=(event,)), now_us)
                log.warning("space_low", **event.detail)
        return False


def _detail(use: DiskUse, disk: DiskForecast) -> dict[str, str]:
    """How it stands, when it stops, and what dropping copies that have their receipt frees before."""
    times = {"drops_copies_at": disk.drop_us, "stops_copying_at": disk.stop_us}
    return {
        "used_bytes": str(use.used_bytes),
        "total_bytes": str(use.total_bytes),
        "dropping_frees_bytes": str(disk.frees_bytes),
        **{name: rfc3339(at_us) for name, at_us in times.items() if at_us is not None},
    }
