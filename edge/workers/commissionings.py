"""Tells the server of every commissioning: a person stores it beside the running agent, the agent finds it here.

The folder is looked at now and then; which act was told last is kept in the transaction that puts the event into the
outbox, so that each is told once, whether the agent ran meanwhile or not. A reference that cannot be used is told once,
too, and stands in `status` until it is mended.
"""

from __future__ import annotations

import threading
from pathlib import Path

import structlog

from edge.contract.instants import UtcMicros
from edge.contract.messages import Events, GatewayEvent
from edge.contract.topics import UpKind
from edge.domain.commissioned_view import CommissionedView, RecordUnusableError
from edge.platform.clock import Clock
from edge.storage.journal import Journal, remember, remembered
from edge.storage.outbox import Outbox
from edge.storage.reference_files import ReferenceFiles, StoredReference, stored_reference
from edge.storage.reference_health import ReferenceHealth
from edge.storage.unusable_records import UnusableRecord, remember_unusable_records, unusable_records

log = structlog.get_logger(__name__)

COMMISSIONED = "view_commissioned"
_LOOK_EVERY_S = 10.0
_TOLD = "commissioned:"
UNUSABLE, USABLE_AGAIN = "reference_unusable", "reference_usable_again"


class CommissioningWorker:
    """One event for each act. `step` is for one thread."""

    def __init__(self, journal: Journal, outbox: Outbox, data_dir: Path, *, clock: Clock) -> None:
        self._journal, self._outbox, self._clock = journal, outbox, clock
        self._files = ReferenceFiles(data_dir)
        self._health = ReferenceHealth(self._files)
        self._next_look_s = 0.0
        self.wake = threading.Event()

    def step(self, now_us: UtcMicros) -> bool:
        """Look, if it is time to. The act of a damaged record is told once it is mended; other monitors go on."""
        if self._clock.steady_s() < self._next_look_s:
            return False
        self._next_look_s = self._clock.steady_s() + _LOOK_EVERY_S
        self._tell_unusable(now_us)
        waiting: set[str] = set()
        for folder, number, record in list(self._files.acts()):
            if folder in waiting:
                continue  # what is told after a damaged record would take its turn for ever
            with self._journal.transaction() as rows:
                if number <= int(remembered(rows, _TOLD + folder) or 0):
                    continue
                try:
                    event = commissioning_event(stored_reference(record))
                except (RecordUnusableError, OSError):  # told above
                    waiting.add(folder)
                    continue
                self._outbox.put(rows, UpKind.EVENTS, Events(events=(event,)), now_us)
                remember(rows, _TOLD + folder, str(number))
        return False

    def _tell_unusable(self, now_us: UtcMicros) -> None:
        """Tell what cannot be used any more, and what can be again."""
        found = [
            UnusableRecord(record=f"{one.folder}/{one.record.name}", device=one.device, why=str(one.why))
            for one in self._health.unusable()
        ]
        with self._journal.transaction() as rows:
            before = unusable_records(rows)
            now = {one.record: one for one in found}
            events = [_event(UNUSABLE, one, now_us) for one in found if one.record not in before]
            events += [_event(USABLE_AGAIN, one, now_us) for name, one in before.items() if name not in now]
            if before != now:
                remember_unusable_records(rows, found)
            if events:
                self._outbox.put(rows, UpKind.EVENTS, Events(events=tuple(events)), now_us)
        for one in found:
            if one.record not in before:
                log.error("reference_unusable", record=one.record, device=one.device, why=one.why)


def _event(code: str, one: UnusableRecord, now_us: UtcMicros) -> GatewayEvent:
    return GatewayEvent(code=code, at=now_us, device=one.device, detail={"record": one.record, "why": one.why[:500]})


def commissioning_event(stored: StoredReference) -> GatewayEvent:
    """Who commissioned which reference of which monitor, and why. `at` is the act's own moment."""
    view = stored.view
    return GatewayEvent(
        code=COMMISSIONED,
        at=view.commissioned,
        device=view.device,
        detail={**_detail(view), "reference": stored.sha256},
    )


def _detail(view: CommissionedView) -> dict[str, str]:
    detail = {"number": str(view.number), "by": view.by, "reason": view.reason}
    detail |= {light.light: str(light.pictures) for light in view.lights}
    if view.calibration is not None:
        detail["calibration"] = view.calibration.sha256
    if view.replaces is not None:
        detail["replaces"] = view.replaces
    return detail
